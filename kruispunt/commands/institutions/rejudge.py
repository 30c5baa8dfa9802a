"""Decides again what the exchange decided by a wrong day, and delivers once what was withheld."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from psycopg import Connection

from backbone import postgres, transactions
from backbone.errors import Retry
from backbone.offsets import Offsets
from backbone.progress import Progress
from backbone.settings import Settings
from backbone.trouble import translated
from consumers import acts
from consumers.deliberations.store import current
from consumers.exchange.published import check_published
from consumers.narrowing.projection import projections
from consumers.replay import again
from consumers.replay.again import ExchangedPeriod, WrongDays
from consumers.replay.barrier import Barrier
from kruispunt import settings
from kruispunt.monitoring.lag import MAIN, Inspector
from kruispunt.output import Exit, as_json, console, progress, table, working
from schemas.codec import decode_body, split
from schemas.legal_day import legal_today
from schemas.locks import StageLock
from schemas.registry import SchemaBook
from schemas.roles import Role
from schemas.topics import DISCLOSURES

PAUSE_S = 0.2
PATIENCE_S = 120.0
CopyCounts = Counter[tuple[str, str]]
"""Copies by recipient and deliberation."""


@contextmanager
def _alone(config: Settings) -> Iterator[Connection[Any]]:
    """The replay's own connection, while the replay stands by: both look at what was disclosed before they copy."""
    with postgres.connect(config, Role.REPLAY, autocommit=True) as connection:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            if postgres.try_lock(connection, StageLock.REJUDGE, 0):
                break
            if time.monotonic() > deadline:
                raise Retry("The replay, or another `kruispunt rejudge`, is busy.")
            time.sleep(PAUSE_S)
        yield connection


def _on_record(config: Settings) -> None:
    """Wait until every disclosure is on record: whoever copies next leaves out what was copied here."""
    with closing(Inspector(config)) as look:
        behind: Callable[[], int] = partial(look.behind, (DISCLOSURES,), partial(look.stored, MAIN, "audit"))
        deadline = time.monotonic() + PATIENCE_S
        while behind():
            if time.monotonic() > deadline:
                raise Retry("The log of disclosures makes no progress.")
            time.sleep(PAUSE_S)


def _published(config: Settings, connection: Connection[Any]) -> Progress:
    """How far the register is published, exchanged and on record."""
    with closing(Offsets(config, Role.REPLAY)) as offsets:
        reached = Barrier(offsets, connection, config.partitions).pass_(lambda: True)
    assert reached is not None  # noqa: S101 - it is wanted all the time
    return reached


def rejudge(*, since: datetime, until: datetime, on: date | None, reason: str, dry_run: bool, json: bool) -> int:
    """The command `rejudge`: 0 when nothing is left to do; with `dry_run`, 1 when there is something to deliver."""
    config = settings.load()
    right = on or legal_today()
    with _alone(config) as connection:
        with working("waiting until every disclosure is on record"):
            _on_record(config)
        # Who reads the log does so on record.
        with working("reading what was judged"), postgres.connect(config, Role.AUDITOR) as reading:
            with reading.transaction():
                acts.note(reading, "read what was judged", f"{since.isoformat()} to {until.isoformat()}", reason=reason)
            with translated(), reading.transaction():
                found = again.judged(reading, since, until)
        with translated(), connection.cursor() as cursor:
            kept = current(cursor)
        every = projections(kept.usable)
        difference = again.wrong(every, found.delivered, right)
        excess = again.excess(found, difference)
        made: CopyCounts = Counter()
        if difference.withheld:
            check_published(config, every)
            if not dry_run:
                _note(config, since, until, right, reason, excess)
            made = _again(config, connection, found, difference, since, until, kept.revision, write=not dry_run)
            if not dry_run:
                _on_record(config)
        elif excess and not dry_run:
            _note(config, since, until, right, reason, excess)
    _show(found, made, excess, right, dry_run=dry_run, json=json)
    return Exit.NO if dry_run and made else Exit.DONE


def _note(config: Settings, since: datetime, until: datetime, right: date, reason: str, excess: CopyCounts) -> None:
    """The act, before the first copy: whoever is cut off has judged again all the same."""
    with postgres.connect(config, Role.OPERATOR) as connection, connection.transaction():
        acts.note(
            connection, "judged again", f"{since.isoformat()} to {until.isoformat()}", day=right.isoformat(),
            reason=reason, delivered_too_much={f"{name} {basis}": number for (name, basis), number in excess.items()},
        )  # fmt: skip


def _again(
    config: Settings,
    connection: Connection[Any],
    found: ExchangedPeriod,
    difference: WrongDays,
    since: datetime,
    until: datetime,
    revision: int,
    *,
    write: bool,
) -> CopyCounts:
    """Copy what was withheld, some events a transaction; gives what was, or would be, copied."""
    made: CopyCounts = Counter()
    schemas = SchemaBook()
    target = transactions.writer(config, Role.EXCHANGE, f"{Role.EXCHANGE}-again") if write else None
    published = _published(config, connection)
    with postgres.connect(config, Role.REPLAY, autocommit=True) as reading, progress() as bar, translated():
        task = bar.add_task("judging again", total=None)
        for entries in again.candidates(reading, found, since, until, published, config.partitions):
            outgoing = list(again.again(connection, entries, found, difference, schemas, datetime.now(UTC), revision))
            if outgoing and target:
                with transactions.transaction(target):
                    for one in outgoing:
                        transactions.send(target, one.topic, one.value, one.key, one.partition)
            for one in outgoing:
                if one.topic == DISCLOSURES:
                    number, body = split(one.value)
                    record = decode_body(schemas.get(number), body)
                    made.update((copy["recipient"], copy["deliberation"]) for copy in record["disclosures"])
            bar.advance(task, len(entries))
    return made


def _show(
    found: ExchangedPeriod, made: CopyCounts, excess: CopyCounts, right: date, *, dry_run: bool, json: bool
) -> None:
    days = sorted(day.isoformat() for day in found.delivered)
    if json:
        as_json(
            {
                "judged_by": days,
                "right_day": right.isoformat(),
                "delivered": _plain(made),
                "delivered_too_much": _plain(excess),
                "done": not dry_run,
            }
        )
        return
    if not days:
        console.print("nothing was judged in that period")
        return
    shown = table(
        "recipient", "deliberation", "withheld", "delivered too much", right=("withheld", "delivered too much")
    )
    for name, basis in sorted(made.keys() | excess.keys()):
        shown.add_row(name, basis, f"{made[name, basis]:,}", f"{excess[name, basis]:,}")
    console.print(f"judged by {', '.join(days)}; now by {right.isoformat()}")
    console.print(shown)
    if excess:
        console.print("What was delivered too much cannot be taken back: its recipients must be told to delete it.")
    if dry_run:
        console.print("Nothing was changed. Without --dry-run, what was withheld is delivered.")
    else:
        console.print("[bold green]✓[/] what was withheld is delivered")


def _plain(found: CopyCounts) -> list[dict[str, Any]]:
    return [
        {"recipient": name, "deliberation": basis, "copies": number} for (name, basis), number in sorted(found.items())
    ]
