"""Stores facts, findings, the outbox and the position in one transaction per bundle: all or nothing."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from psycopg import Connection, Cursor
from psycopg.rows import TupleRow

from backbone import positions, postgres
from backbone.tally import Tally
from rules.stream.arrival import Arrived, FailedPerson
from rules.stream.bundle import BundleOutcome
from rules.stream.finding_changes import FindingState
from rules.stream.held_facts import FactKey, HeldFact, Slot
from schemas.codec import encode
from schemas.contracts import contract
from schemas.dead_letter import Origin, dead_letter, lies_under
from schemas.locks import StageLock
from schemas.topics import DEAD_LETTERS, FACTS, FINDINGS

SCHEMA = "rules"
STAGE = "rules"
Pseudonym = Callable[[str], bytes]


@cache
def _query(name: str) -> bytes:
    return (files("rules") / "sql" / f"{name}.sql").read_bytes()


def positions_held(connection: Connection[TupleRow]) -> positions.Positions:
    """The next offset to read, by topic and partition."""
    with connection.transaction(), connection.cursor() as cursor:
        return positions.load(cursor, SCHEMA)


@contextmanager
def deciding(connection: Connection[TupleRow], partition: int) -> Iterator[None]:
    """Nobody is decided again by changed law while a bundle of this partition is in hand, in no transaction."""
    postgres.wait_for_lock(connection, StageLock.DECIDING, partition)
    try:
        yield
    finally:
        # Where the connection is lost the lock is free as well.
        if not connection.closed:
            postgres.unlock(connection, StageLock.DECIDING, partition)


def hold_bundles(cursor: Cursor[TupleRow]) -> None:
    """Let no bundle be in hand until the transaction ends."""
    cursor.execute("select partition from rules.position where topic = %s order by partition", (FACTS,))
    for (partition,) in cursor.fetchall():
        postgres.hold(cursor, StageLock.DECIDING, partition)


def move(cursor: Cursor[TupleRow], since: positions.Positions, partition: int, offset: int) -> bool:
    """Move past a bundle; False if the position is not where it was: then roll back.

    Locks the partition until the transaction ends.
    """
    return positions.store(cursor, SCHEMA, since, {(FACTS, partition): offset + 1})


def held(cursor: Cursor[TupleRow], arrived: Arrived) -> list[HeldFact]:
    """What is held about the persons of a bundle in its quarters; in all quarters where decisions arrived, or where the
    person has no stored history yet.
    """
    cursor.execute(_query("held"), _whose(arrived))
    return [HeldFact(FactKey(*row[:4]), *row[4:]) for row in cursor]


def states(cursor: Cursor[TupleRow], arrived: Arrived) -> dict[Slot, dict[str, FindingState]]:
    """The published findings about these persons, by slot."""
    cursor.execute(_query("states"), _whose(arrived))
    return _by_slot(cursor)


def _by_slot(cursor: Cursor[TupleRow]) -> dict[Slot, dict[str, FindingState]]:
    by_slot: dict[Slot, dict[str, FindingState]] = defaultdict(dict)
    for person, quarter, employer, *state in cursor:
        finding = FindingState(*state)
        by_slot[Slot(person, quarter, employer)][finding.finding] = finding
    return by_slot


def held_since(cursor: Cursor[TupleRow], persons: list[bytes], quarter: str) -> list[HeldFact]:
    """What is held about persons since a quarter, with every decision; all of it where there is no stored history."""
    cursor.execute(_query("held_since"), {"persons": persons, "quarter": quarter})
    return [HeldFact(FactKey(*row[:4]), *row[4:]) for row in cursor]


def states_since(cursor: Cursor[TupleRow], persons: list[bytes], quarter: str) -> dict[Slot, dict[str, FindingState]]:
    """The published findings about persons since a quarter, and those that belong to no employer, by slot."""
    cursor.execute(_query("states_since"), {"persons": persons, "quarter": quarter})
    return _by_slot(cursor)


def histories(cursor: Cursor[TupleRow], persons: list[bytes]) -> dict[bytes, bytes]:
    """The packed histories of these persons."""
    cursor.execute(_query("histories"), {"persons": persons})
    return dict(cursor.fetchall())


def _whose(arrived: Arrived) -> dict[str, Any]:
    return {"persons": arrived.persons(), "quarters": arrived.quarters(), "decided": arrived.with_decisions()}


def keep(
    cursor: Cursor[TupleRow], outcome: BundleOutcome, pseudonym: Pseudonym, *, at: datetime, partition: int, offset: int
) -> None:
    """Write everything a bundle led to."""
    if outcome.facts:
        cursor.execute(_query("keep_facts"), _columns([_row(fact) for fact in outcome.facts]))
    if outcome.earlier:
        cursor.execute(_query("keep_earlier"), _columns([_row(fact) for fact in outcome.earlier]))
    if outcome.histories:
        cursor.execute(_query("keep_histories"), _columns(list(outcome.histories.items())))
    if outcome.changes:
        rows = [
            (
                *slot,
                change.state.finding,
                change.state.version,
                change.state.status,
                change.state.essence,
                change.state.contract,
                change.state.body,
            )
            for slot, change in outcome.changes
        ]
        cursor.execute(_query("keep_findings"), _columns(rows))
    sum_up(cursor, partition, outcome.tallies)
    letters = [
        (FINDINGS, pseudonym(change.recipient), contract(FINDINGS).prefix + change.state.body)
        for _, change in outcome.changes
    ]
    letters += [
        (DEAD_LETTERS, lies_under(failure.person), dead(failure, at, partition, offset)) for failure in outcome.failures
    ]
    tell(cursor, letters)


def sum_up(cursor: Cursor[TupleRow], partition: int, tallies: Mapping[tuple[str, str], Tally]) -> None:
    """Add to the tallies, by kind and deliberation."""
    if tallies:
        rows = [(*key, partition, *tallies[key]) for key in sorted(tallies)]
        cursor.execute(_query("sum_up"), _columns(rows))


def tell(cursor: Cursor[TupleRow], letters: list[tuple[str, bytes, bytes]]) -> None:
    """Put messages (topic, key, value) in the outbox."""
    if letters:
        cursor.execute(_query("tell"), _columns(letters))


def _row(fact: HeldFact) -> tuple[Any, ...]:
    return (*fact.key, fact.employer, fact.version, fact.contract, fact.body)


def _columns(rows: list[Any]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def dead(failure: FailedPerson, at: datetime, partition: int, offset: int) -> bytes:
    """The dead letter of one person: a bundle of just their facts, so that it can be put back."""
    value = encode(contract(FACTS), {"at": at, "facts": failure.facts})
    origin = Origin(FACTS, partition, offset)
    return dead_letter(origin, STAGE, failure.code, failure.reason, failure.person, value, at)
