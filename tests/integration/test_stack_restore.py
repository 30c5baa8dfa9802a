"""PostgreSQL is put back to an earlier moment while Kafka goes on: nothing is skipped, nobody has anything twice.

The backup is a copy of the data of the stopped server, and it is put back as an operator would do it.
"""

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from backbone import kafka, marks
from backbone.postgres import connect
from backbone.settings import Settings
from backbone.stack import readiness
from backbone.stack.places import Places
from backbone.stack.postgres import SUPERUSER, outside
from backbone.stack.stack import Leash, Plan
from backbone.stack.stack import up as start
from backbone.stack.supervisor import Supervisor
from kruispunt.commands.intake.generate import generate
from kruispunt.stack import PLAN
from schemas.codec import decode_body, split
from schemas.identifiers import event_of
from schemas.registry import SchemaBook
from schemas.topics import DECLARATIONS, NOTICES, delivery
from tests.builders.processes import as_process, within
from tests.builders.waiting import until

QUARTERS = ("2025Q4", "2026Q1", "2026Q2", "2026Q3")
ON = ("--on", "2026-10-31")
PATIENCE_S = 60.0
NUMBERS = "do $$ begin for turn in 1..3000 loop perform pg_current_xact_id(); commit; end loop; end $$"
"""More transactions than the lost server gave numbers to since the backup."""


class Restored(NamedTuple):
    """What was handed in, and what a stack looked like."""

    settings: Settings
    kept: Any
    lost: Any
    lost_again: Any
    after: Any
    told_before: set[str]
    lost_file: Path
    last_file: Path


def kruispunt(settings: Settings, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return within(settings.home, *arguments)


def ask(settings: Settings, *arguments: str | Path, code: int = 0) -> Any:
    answer = kruispunt(settings, *arguments, "--json")
    assert answer.returncode == code, answer.stdout + answer.stderr
    return json.loads(answer.stdout)


def submit(settings: Settings, file: Path) -> Any:
    (answer,) = ask(settings, "submit", *ON, file)["submissions"]
    return answer


def data(settings: Settings) -> Path:
    places = Places(settings.home)
    folders = (places.home / "postgres", outside(places))
    (found,) = (folder / "data" for folder in folders if (folder / "data").is_dir())
    return found


@contextmanager
def stopped(settings: Settings) -> Iterator[Path]:
    """The data of PostgreSQL, while it does not run; it answers again at the end."""
    places = Places(settings.home)
    supervisor = Supervisor(places)
    supervisor.stop(["postgres"])
    yield data(settings)
    supervisor.start(["postgres"])
    readiness.wait(supervisor, settings, lambda _step: None)


def copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", source, target], check=True)


def events(settings: Settings) -> Counter[str]:
    return Counter(
        event_of(message.value() or b"")
        for name in DECLARATIONS
        for message in kafka.read_all(settings, "inspector", name)
    )


def copies(settings: Settings) -> Counter[tuple[str, str]]:
    with connect(settings, "rva", "rva") as connection:
        return Counter(connection.execute("select event, deliberation from store.record").fetchall())


def delivered(settings: Settings) -> int:
    return sum(1 for _ in kafka.read_all(settings, "inspector", delivery("rva")))


def said(settings: Settings) -> Counter[tuple[str, str]]:
    book, found = SchemaBook(), Counter[tuple[str, str]]()
    for message in kafka.read_all(settings, "inspector", NOTICES):
        number, body = split(message.value() or b"")
        one = decode_body(book.get(number), body)
        found[one["notice"], one["state"]] += 1
    return found


def mails(settings: Settings) -> Counter[str]:
    found: Counter[str] = Counter()
    for mail in settings.inbox.iterdir():
        for line in mail.read_text("utf-8", "replace").splitlines():
            if line.startswith("X-Kruispunt-Notice:"):
                found[line.partition(":")[2].strip()] += 1
    return found


def letters(settings: Settings) -> Counter[str]:
    return Counter(
        json.loads(line)["notice"]
        for manifest in settings.outgoing.glob("*/manifest.jsonl")
        for line in manifest.read_text("utf-8").splitlines()
    )


def log(settings: Settings, name: str) -> str:
    return (Places(settings.home).logs / f"{name}.log").read_text("utf-8")


def everything_arrives(settings: Settings) -> None:
    """Wait; where something stays behind, show what those said that deliver and store."""
    answer = kruispunt(settings, "wait", "--timeout", "90")
    words = {name: log(settings, name)[-2_000:] for name in ("exchange", "sink-rva")} if answer.returncode else {}
    assert answer.returncode == 0, f"{answer.stderr}{kruispunt(settings, 'status').stdout}{words}"


@pytest.fixture(scope="module")
def population(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same persons and employers in four quarters."""
    folders = {quarter: tmp_path_factory.mktemp(quarter) for quarter in QUARTERS}
    for quarter, folder in folders.items():
        generate(persons=60, quarter=quarter, out=folder, seed=7)
    return folders


@pytest.fixture(scope="module")
def running(temporary_home: Callable[[str], Path]) -> Settings:
    """A whole stack, that tells at once."""
    plan = Plan(PLAN.programs, PLAN.prepare, choices={"settle_seconds": 0})
    return start(temporary_home("restore"), plan, leash=Leash())


@pytest.fixture(scope="module")
def promoted(running: Settings, population: dict[str, Path]) -> dict[str, Any]:
    """A declaration is published; a standby that had received everything takes over; another one is published."""
    folder = population["2025Q4"]
    assert kruispunt(running, "load", folder).returncode == 0
    submit(running, next(folder.glob("*.xml")))
    everything_arrives(running)
    with stopped(running) as files:
        (files / "standby.signal").touch()
    with connect(running, SUPERUSER, "postgres", autocommit=True) as connection:
        connection.execute("select pg_promote()")
        row = connection.execute("select timeline_id from pg_control_checkpoint()").fetchone()
    assert row is not None
    return {"timeline": row[0]}


def test_a_standby_that_had_received_everything_takes_over_without_a_word(
    running: Settings, promoted: dict[str, Any], population: dict[str, Path]
) -> None:
    answer = submit(running, next(population["2026Q1"].glob("*.xml")))
    assert answer["accepted"]
    everything_arrives(running)
    assert "kruispunt repair" not in log(running, "relay")
    assert ask(running, "repair")["differing"] == []
    assert set(events(running).values()) == {1}


@pytest.fixture(scope="module")
def restored(
    running: Settings, promoted: dict[str, Any], population: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Restored:
    """A backup; a declaration that is published, delivered and told; then the backup is put back, and lives on."""
    backup = data(running).with_name("backup")
    with stopped(running) as files:
        copy(files, backup)
    lost_file, last_file = (next(population[quarter].glob("*.xml")) for quarter in ("2026Q2", "2026Q3"))
    lost = submit(running, lost_file)
    everything_arrives(running)
    told = set(mails(running)) | set(letters(running))
    with stopped(running) as files:
        shutil.rmtree(files)
        backup.rename(files)
    with connect(running, SUPERUSER, "postgres", autocommit=True) as connection:
        # The restored server has given out more numbers than the lost one had.
        connection.execute(NUMBERS)
    after = submit(running, last_file)
    return Restored(running, promoted, lost, lost, after, told, lost_file, last_file)


@pytest.fixture(scope="module")
def repaired(restored: Restored) -> Any:
    """What the repair said, once those who act on what the database says had stopped."""
    before = events(restored.settings)
    for name in ("relay", "replay", "notifier"):
        until(lambda name=name: "kruispunt repair" in log(restored.settings, name), f"{name} goes on", PATIENCE_S)  # type: ignore[misc]
    # The exchange has nothing to do, and looks before it does anything.
    with (
        connect(restored.settings, "exchange", autocommit=True) as connection,
        pytest.raises(marks.Restored, match="kruispunt repair"),
    ):
        marks.guard(restored.settings, connection, "exchange")
    assert events(restored.settings) == before
    looked = ask(restored.settings, "repair", "--dry-run", code=1)
    found = ask(restored.settings, "repair", "--timeout", "120", code=1)
    assert {one["submission"] for one in looked["lost"]} == {one["submission"] for one in found["lost"]}
    assert as_process(restored.settings.home, "up").returncode == 0
    assert kruispunt(restored.settings, "wait", "--timeout", "120").returncode == 0
    return found


def test_what_is_on_the_topics_and_not_in_the_register_is_named(restored: Restored, repaired: Any) -> None:
    assert [one["submission"] for one in repaired["lost"]] == [restored.lost["submission"]]
    named = {one["declaration"] for one in restored.lost["declarations"]}
    assert set(repaired["lost"][0]["declarations"]) == named
    assert repaired["accepted_otherwise"] == []


def test_what_was_accepted_after_the_restore_is_published_and_nothing_is_published_twice(
    restored: Restored, repaired: Any
) -> None:
    counted = events(restored.settings)
    assert set(counted.values()) == {1}
    to_publish = {one["outbox"]: one["to_publish"] for one in repaired["outboxes"]}
    assert to_publish["register"] == 3 * sum(one["persons"] for one in restored.after["declarations"])
    stored = copies(restored.settings)
    assert set(stored.values()) == {1}
    assert delivered(restored.settings) == sum(stored.values())


def test_nobody_is_told_twice_and_whoever_is_new_is_told(restored: Restored, repaired: Any) -> None:
    told = mails(restored.settings) + letters(restored.settings)
    assert restored.told_before
    assert set(told.values()) == {1}
    assert set(told) > restored.told_before
    assert repaired["notices"]["made_again"] > 0
    assert set(said(restored.settings).values()) == {1}


def test_everything_balances_after_the_repair(restored: Restored, repaired: Any) -> None:
    rows = ask(restored.settings, "ledger")["rows"]
    assert rows
    assert [row for row in rows if row["difference"]] == []


def test_the_repair_is_an_act_on_record(restored: Restored, repaired: Any) -> None:
    acts = ask(restored.settings, "audit", "acts")
    (act,) = (one for one in acts if one["action"] == "repaired after a restore")
    assert act["detail"]["lost_submissions"] == 1


def test_a_lost_declaration_is_taken_only_from_the_file_that_was_published_and_not_published_again(
    restored: Restored, repaired: Any, tmp_path: Path
) -> None:
    settings, before = restored.settings, events(restored.settings)
    other = tmp_path / "other.xml"
    other.write_bytes(restored.lost_file.read_bytes() + b"\n")
    refused = ask(settings, "submit", *ON, other, code=1)["submissions"][0]
    assert {one["code"] for one in refused["anomalies"]} >= {"90007-006"}
    assert [one["submission"] for one in ask(settings, "repair", code=1)["lost"]] == [restored.lost["submission"]]
    again = submit(settings, restored.lost_file)
    assert again["submission"] == restored.lost["submission"]
    assert again["accepted"]
    assert not again["already_received"]
    assert again["declarations"] == restored.lost["declarations"]
    assert kruispunt(settings, "wait", "--timeout", "60").returncode == 0
    assert events(settings) == before
    assert ask(settings, "repair")["lost"] == []
    assert ask(settings, "ledger")["balanced"]


def test_the_database_and_kafka_have_the_same_marks_again(restored: Restored, repaired: Any) -> None:
    with connect(restored.settings, "exchange", autocommit=True) as connection:
        marks.guard(restored.settings, connection, "exchange")
