"""Measures the reference directory as it grows: does looking up one person cost the same among a million dossiers?

All figures come from one run on one machine: compare the ratios, not the rates.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Annotated, Any

import orjson
import structlog
import typer
from psycopg import sql

from backbone import kafka, postgres
from backbone.settings import Settings
from backbone.stack import stack as embedded
from backbone.stack.leash import stop_in_order
from backbone.stack.stack import Leash, Plan
from consumers.directory import file_loader as loading
from consumers.directory.lookup import LOOK_UP, gathered
from consumers.directory.run import Turns
from kruispunt.output import console, progress, table
from kruispunt.stack import PLAN
from schemas.codec import encode
from schemas.contracts import contract
from schemas.identifiers import inss
from schemas.roles import Role
from schemas.topics import CHANGES, changes

SIZES = (10_000, 100_000, 1_000_000)
FILED = (("rva", "18/4"), ("nic", "11/1"), ("fpd", "5/10"), ("rsz", "12/10"))
"""Everybody is on file four times, as in a generated population."""
LOOKED_UP = 1_500
"""Persons in a batch of the exchange."""
ROUNDS = 150
SPOKEN_OF = 20_000
"""Persons in the changes by topic: each is taken on file and then changed."""
UNLIMITED = 1_000_000_000
SPEAKER, QUALITY = "rva", "18/1"
FIRST_DAY, LAST_DAY = date(2026, 1, 1), date(2026, 12, 31)
PATIENCE_S = 120.0
SIZE = """
select pg_table_size('directory.dossier'), pg_indexes_size('directory.dossier'), count(*) from directory.dossier
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured with so many dossiers."""

    dossiers: int
    load_s: float
    loaded: int
    again_s: float
    plan: str
    pages: float
    changes_s: float
    table_bytes: int
    index_bytes: int


def person(number: int) -> str:
    """A valid number of its own for each of the first thirteen million."""
    sequence, rest = number % 997 + 1, number // 997
    day, rest = rest % 28 + 1, rest // 28
    month, year = rest % 12 + 1, rest // 12
    return inss((60 + year) * 10_000_000 + month * 100_000 + day * 1_000 + sequence, after_2000=False)


def _write(path: Path, first: int, last: int) -> int:
    """Write the dossiers of the persons from `first` to before `last`; gives how many."""
    with path.open("wb") as file:
        for number in range(first, last):
            for institution, quality in FILED:
                line = {
                    "person": person(number), "institution": institution, "quality": quality, "from": "2020-01-01",
                    "until": None,
                }  # fmt: skip
                file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    return (last - first) * len(FILED)


def _load(settings: Settings, path: Path) -> float:
    started = time.perf_counter()
    with postgres.connect(settings, "operator") as connection:
        loading.load(connection, path)
    return time.perf_counter() - started


def _keep(settings: Settings, size: int) -> sql.Identifier:
    """Keep a copy of the directory as it is, with its indexes, so that sizes can be compared at the same moment."""
    name = sql.Identifier("directory", f"bench_{size}")
    with postgres.connect(settings, "owner", autocommit=True) as connection:
        connection.execute(sql.SQL("create table {} (like directory.dossier including all)").format(name))
        connection.execute(
            sql.SQL("insert into {} select * from directory.dossier order by person, since").format(name)
        )
        connection.execute(sql.SQL("vacuum analyze {}").format(name))
    return name


def _look_ups(settings: Settings, tables: Sequence[tuple[sql.Identifier, int]]) -> list[float]:
    """Microseconds for one person in a batch, at each size: the sizes take turns, so that all suffer the same company.

    The best tenth of many batches of persons drawn at random.
    """
    random = Random(LOOKED_UP)  # noqa: S311 - a repeatable draw
    spent: list[list[float]] = [[] for _ in tables]
    with postgres.connect(settings, "owner", autocommit=True) as connection, connection.cursor() as cursor:
        for _ in range(ROUNDS):
            for times, (name, persons) in zip(spent, tables, strict=True):
                batch = [person(random.randrange(persons)) for _ in range(LOOKED_UP)]
                query = sql.SQL(LOOK_UP.replace("directory.dossier", "{}")).format(name)
                started = time.perf_counter()
                found = gathered(cursor.execute(query, (batch,), binary=True))
                times.append(time.perf_counter() - started)
                assert all(len(found[one]) >= len(FILED) for one in batch)
    return [sorted(times)[ROUNDS // 10] / LOOKED_UP * 1e6 for times in spent]


def _pages(settings: Settings, persons: int) -> tuple[str, float]:
    """How a batch is found, and how many pages are read for one person of it: the same on a fast and a slow machine."""
    random = Random(persons)  # noqa: S311 - a repeatable draw
    batch = [person(random.randrange(persons)) for _ in range(LOOKED_UP)]
    with postgres.connect(settings, "exchange") as connection:
        row = connection.execute("explain (analyze, buffers, format json) " + LOOK_UP, (batch,)).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    return plan["Node Type"], (plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]) / LOOKED_UP


def _said(persons: range) -> Iterator[bytes]:
    """Somebody is taken on file, then the dossier is changed."""
    for number in persons:
        for action, until, version in (("integrate", LAST_DAY, 1), ("change", None, 2)):
            record: dict[str, Any] = {
                "change": f"{number}-{version}", "action": action, "person": person(number), "quality": QUALITY,
                "from": FIRST_DAY, "until": until, "version": version,
            }  # fmt: skip
            yield encode(contract(CHANGES), record)


def _fail(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Let nothing that is logged pass: an institution that waits would make this wait, too."""
    raise RuntimeError(event["event"])


def _topic(settings: Settings, persons: range) -> float:
    """Changes per second, from an institution's topic into the directory with their answers."""
    writer = kafka.producer(settings, SPEAKER)
    expected = 0
    for value in _said(persons):
        writer.produce(changes(SPEAKER), value)
        expected += 1
    assert writer.flush(PATIENCE_S) == 0
    with closing(postgres.connect(settings, Role.DOSSIERS, autocommit=True)) as connection:
        log = structlog.wrap_logger(None, processors=[_fail], wrapper_class=structlog.make_filtering_bound_logger(0))
        turns = Turns.open(settings.model_copy(update={"changes_per_minute": UNLIMITED}), connection, log)
        with closing(turns):
            done, started = 0, time.perf_counter()
            while done < expected:
                done += turns.handle_batch()
            return done / (time.perf_counter() - started)


def measure(settings: Settings, sizes: Sequence[int]) -> list[tuple[Figures, float]]:
    """The directory at each size, each made by adding to the one before, and what looking up one person costs."""
    before = said = 0
    found: list[Figures] = []
    kept: list[tuple[sql.Identifier, int]] = []
    with tempfile.TemporaryDirectory(prefix="kruispunt-directory-") as folder, progress() as bar:
        path = Path(folder) / "directory.jsonl"
        for size in sizes:
            persons = size // len(FILED)
            task = bar.add_task(f"{size:,} dossiers", total=4)
            lines = _write(path, before, persons)
            load_s = _load(settings, path)
            bar.advance(task)
            again_s = _load(settings, path)
            with postgres.connect(settings, "owner", autocommit=True) as connection:
                connection.execute("vacuum analyze directory.dossier")
            bar.advance(task)
            kept.append((_keep(settings, size), persons))
            plan, pages = _pages(settings, persons)
            bar.advance(task)
            with postgres.connect(settings, "owner") as connection:
                table_bytes, index_bytes, dossiers = connection.execute(SIZE).fetchone() or (0, 0, 0)
            changes_s = _topic(settings, range(said, said + SPOKEN_OF))
            said += SPOKEN_OF
            bar.advance(task)
            found.append(Figures(dossiers, load_s, lines, again_s, plan, pages, changes_s, table_bytes, index_bytes))
            before = persons
        return list(zip(found, _look_ups(settings, kept), strict=True))


def _show(found: list[tuple[Figures, float]]) -> None:
    columns = (
        "load, lines/s",
        "again, lines/s",
        "look-up, µs/person",
        "pages/person",
        "found by",
        "changes/s",
        "MB/million",
    )
    shown = table("dossiers", *columns, title="The reference directory", right=("dossiers", *columns))
    for one, look_up_us in found:
        size = (one.table_bytes + one.index_bytes) / one.dossiers
        shown.add_row(
            f"{one.dossiers:,}", f"{one.loaded / one.load_s:,.0f}", f"{one.loaded / one.again_s:,.0f}",
            f"{look_up_us:.1f}", f"{one.pages:.1f}", one.plan, f"{one.changes_s:,.0f}",
            f"{size:.0f} ({one.table_bytes / one.dossiers:.0f} + {one.index_bytes / one.dossiers:.0f})",
        )  # fmt: skip
    console.print(shown)
    console.print(f"look-ups of {LOOKED_UP:,} persons at random; MB per million dossiers: table and index")


def main(
    most: Annotated[int, typer.Option(help="The largest size; the sizes are ten thousand and its tens.")] = SIZES[-1],
) -> None:
    """Measure loading, look-ups and changes by topic at growing sizes, on a stack of its own."""
    stop_in_order()
    home = Path(tempfile.mkdtemp(prefix="kruispunt-bench-home-"))
    plan = Plan(programs=lambda _settings: [], prepare=PLAN.prepare)
    settings = embedded.up(home, plan, leash=Leash(wipe=True))
    try:
        _show(measure(settings, [*(size for size in SIZES if size < most), most]))
    finally:
        embedded.down(home, wipe=True)


if __name__ == "__main__":
    typer.run(main)
