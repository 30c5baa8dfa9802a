"""Stores facts, findings, the outbox and the position in one transaction per bundle: all or nothing."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from psycopg import Connection, Cursor
from psycopg.rows import TupleRow

from backbone import positions
from backbone.tally import Tally
from rules.stream.arrival import Arrived, FailedPerson
from rules.stream.bundle import BundleOutcome
from rules.stream.finding_changes import FindingState
from rules.stream.held_facts import FactKey, HeldFact, Slot
from schemas.codec import encode
from schemas.contracts import contract
from schemas.dead_letter import Origin, dead_letter, lies_under
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
    return [
        HeldFact(FactKey(person, quarter, declaration, kind), employer, version, number, body)
        for person, quarter, declaration, kind, employer, version, number, body in cursor
    ]


def states(cursor: Cursor[TupleRow], arrived: Arrived) -> dict[Slot, dict[str, FindingState]]:
    """The published findings about these persons, by slot."""
    cursor.execute(_query("states"), _whose(arrived))
    by_slot: dict[Slot, dict[str, FindingState]] = defaultdict(dict)
    for person, quarter, employer, *state in cursor:
        finding = FindingState(*state)
        by_slot[Slot(person, quarter, employer)][finding.finding] = finding
    return by_slot


def histories(cursor: Cursor[TupleRow], arrived: Arrived) -> dict[bytes, bytes]:
    """The packed histories of these persons."""
    cursor.execute(_query("histories"), {"persons": arrived.persons()})
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
