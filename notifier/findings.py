"""Stores findings and the position behind them in one transaction, so that each counts once."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple, Protocol, cast

import orjson
from psycopg import Cursor

from backbone import positions
from backbone.errors import Retry
from schemas.codec import BadFrame, decode_body, split
from schemas.dead_letter import Origin, dead_letter, lies_under
from schemas.identifiers import pseudonym
from schemas.registry import SchemaBook, UnknownSchema
from schemas.topics import DEAD_LETTERS, FINDINGS
from schemas.twins.findings import Finding

SCHEMA = "notifier"
QUARTER = re.compile(r"\d{4}Q[1-4]")
OF_A_STEP = ("step", "value", "unit", "source", "outcome")
"""The fields of a step that a notice uses; older contracts have no outcome."""
NUL, NUL_IN_JSON = "\x00", "\\u0000"
INSERT = """
insert into notifier.finding (finding, version, status, rule, side, recipient, recipient_id, employer, person, quarter,
    occupation, deduction_code, amount, claimed, missing, certainty, trace, found_at, partition, law_known)
select finding, version, status, rule, side, recipient, recipient_id, employer, person, quarter,
    occupation, deduction_code, amount, claimed, missing, certainty, trace::jsonb, found_at, partition, law_known
  from unnest(%s::text[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[],
    %s::timestamptz[], %s::int[], %s::date[]) as f(finding, version, status, rule, side, recipient, recipient_id,
    employer, person, quarter, occupation, deduction_code, amount, claimed, missing, certainty, trace, found_at,
    partition, law_known)
on conflict (finding, version) do nothing
"""
DEAD = "insert into notifier.outbox (topic, key, value) values (%s, %s, %s)"


class Message(Protocol):
    """As much of a Kafka message as is read here."""

    def topic(self) -> str | None:
        """Topic it came from."""

    def partition(self) -> int | None:
        """Partition it came from."""

    def offset(self) -> int | None:
        """Its place in the partition."""

    def key(self) -> Any:
        """Pseudonym of the recipient."""

    def value(self) -> Any:
        """Framed Avro bytes."""

    def timestamp(self) -> tuple[int, int]:
        """Kind, and milliseconds since 1970."""


class OutgoingDeadLetter(NamedTuple):
    """A dead letter and its key."""

    key: bytes
    letter: bytes


class FindingBatch(NamedTuple):
    """What a batch of messages comes to: rows to store, letters that died, and where to go on."""

    rows: list[tuple[Any, ...]]
    dead: list[OutgoingDeadLetter]
    positions: dict[tuple[str, int], int]


def read(messages: Iterable[Message], pepper: bytes, book: SchemaBook) -> FindingBatch:
    """Turn messages into rows; what cannot be read becomes a dead letter and the rest goes on."""
    batch = FindingBatch([], [], {})
    for message in messages:
        partition, offset = message.partition() or 0, message.offset() or 0
        batch.positions[FINDINGS, partition] = offset + 1
        try:
            number, body = split(message.value() or b"")
            found = cast("Finding", decode_body(book.get(number), body))
            batch.rows.append(_row(found, partition, pepper))
        except (BadFrame, UnknownSchema, LookupError, ValueError, TypeError, EOFError) as error:
            batch.dead.append(_dead(message, partition, offset, type(error).__name__))
    return batch


def store(cursor: Cursor[Any], batch: FindingBatch, since: positions.Positions) -> None:
    """Write a batch and the position behind it, inside the caller's transaction.

    `since`: where this reader found or last left the positions. Raises Retry when they are not there any more.
    """
    if batch.rows:
        cursor.execute(INSERT, [list(column) for column in zip(*batch.rows, strict=True)])
    for letter in batch.dead:
        cursor.execute(DEAD, (DEAD_LETTERS, *letter))
    if not positions.store(cursor, SCHEMA, since, batch.positions):
        raise Retry("Another process is further.")


def _row(found: Finding, partition: int, pepper: bytes) -> tuple[Any, ...]:
    recipient = found["employer"] if found["side"] == "employer" else found["person"]
    trace = orjson.dumps([{name: step.get(name) for name in OF_A_STEP} for step in found["trace"]]).decode()
    if not QUARTER.fullmatch(found["quarter"]):
        raise ValueError("quarter")
    if NUL_IN_JSON in trace or any(isinstance(value, str) and NUL in value for value in found.values()):
        raise ValueError("a character that PostgreSQL cannot hold")
    return (
        found["finding"], found["version"], found["status"], found["rule"], found["side"], recipient,
        pseudonym(pepper, recipient).hex(), found["employer"], found["person"], found["quarter"], found["occupation"],
        found["deduction_code"], found["amount"], found["claimed"], found["missing"], found["certainty"],
        trace, found["found_at"], partition, _law_known(found),
    )  # fmt: skip


def _law_known(found: Finding) -> date | None:
    """Since when the law is known that led to it; older contracts do not say."""
    change = found.get("law_change")
    return None if change is None else change["known"]


def _dead(message: Message, partition: int, offset: int, kind: str) -> OutgoingDeadLetter:
    key, origin = message.key(), Origin(FINDINGS, partition, offset)
    reason = f"The message is not a finding ({kind})."
    letter = dead_letter(origin, SCHEMA, "unreadable-finding", reason, key, message.value(), message.timestamp()[1])
    return OutgoingDeadLetter(lies_under(key), letter)


def positions_of(cursor: Cursor[Any], partitions: Sequence[int]) -> positions.Positions:
    """The next offset to read in each of these partitions; what is missing begins at the beginning."""
    known = positions.load(cursor, SCHEMA)
    return {place: known[place] for number in partitions if (place := (FINDINGS, number)) in known}
