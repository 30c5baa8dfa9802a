"""Decodes an event just far enough to narrow it, and encodes the permitted part.

The envelope is never rebuilt: its bytes are copied.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from io import BytesIO
from typing import Any, NamedTuple

import fastavro
from fastavro import schemaless_writer

from consumers.narrowing.plain_values import part, record
from consumers.narrowing.projection import Projection
from schemas.contracts import Contract
from schemas.fields import ENVELOPE, TRAIL, symbols

EPOCH = date(1970, 1, 1)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
MS_OF_DAY = 86_400_000
ENTITLEMENTS = "declarations.entitlements"
MARKS = {False: b"\x00", True: b"\x01"}
"""A boolean in Avro's binary form."""


class UnreadableBody(ValueError):
    """The bytes do not match their schema id."""


class EntitlementPeriod(NamedTuple):
    """What an entitlement decides, and for which period."""

    kind: str
    first: date
    last: date | None


@dataclass(slots=True)
class OpenedEvent:
    """An event in parts: identifiers decoded, the content as plain values, the envelope as bytes.

    `day` is the start of the day (UTC) on which it was made.
    """

    event: str
    person: str
    quarter: str
    day: datetime
    head: bytes
    trail: bytes
    rest: dict[str, Any]
    decision: EntitlementPeriod | None


@lru_cache(maxsize=1_000)
def _day(number: int) -> datetime:
    return BEGINNING + timedelta(number)


class EventDecoder:
    """A full contract, ready to open events of it."""

    def __init__(self, contract: Contract) -> None:
        self._head = part(contract, ENVELOPE)
        self._trail = part(contract, TRAIL)
        self._rest = part(contract, None)
        self._decisions = symbols(contract.schema, "kind") if contract.name == ENTITLEMENTS else ()

    def person(self, body: bytes) -> str:
        """The person an event is about.

        Raises UnreadableBody.
        """
        try:
            return str(record(BytesIO(body), self._head)["person"])
        except Exception as error:
            raise UnreadableBody("the envelope cannot be read") from error

    def open(self, body: bytes) -> OpenedEvent:
        """An event in parts.

        Raises UnreadableBody.
        """
        stream = BytesIO(body)
        try:
            head = record(stream, self._head)
            middle = stream.tell()
            trail = record(stream, self._trail)
            after = stream.tell()
            rest = record(stream, self._rest)
            if stream.tell() != len(body):
                raise UnreadableBody("bytes are left over")  # noqa: TRY301 - told apart below
            return OpenedEvent(
                event=head["event"],
                person=head["person"],
                quarter=head["quarter"],
                day=_day(trail["occurred_at"] // MS_OF_DAY),
                head=body[:middle],
                trail=body[middle:after],
                rest=rest,
                decision=self._decision(rest) if self._decisions else None,
            )
        except UnreadableBody:
            raise
        except Exception as error:
            raise UnreadableBody("the body does not follow its schema") from error

    def _decision(self, rest: dict[str, Any]) -> EntitlementPeriod:
        until = rest["until"]
        return EntitlementPeriod(
            self._decisions[rest["kind"]],
            EPOCH + timedelta(rest["from"]),
            None if until is None else EPOCH + timedelta(until),
        )


class CopyEncoder:
    """A projection, ready to write copies."""

    def __init__(self, projection: Projection) -> None:
        self._rest = part(projection.contract, None)
        out = BytesIO()
        name = fastavro.parse_schema("string")
        schemaless_writer(out, name, projection.deliberation)
        self._basis = {replay: out.getvalue() + mark for replay, mark in MARKS.items()}

    def cut(self, opened: OpenedEvent, *, replay: bool = False) -> bytes:
        """The body of a copy: envelope, deliberation, mark of a replay, and the permitted fields only."""
        out = BytesIO()
        out.write(opened.head)
        out.write(self._basis[replay])
        out.write(opened.trail)
        schemaless_writer(out, self._rest, opened.rest)
        return out.getvalue()


@cache
def shape(contract: Contract) -> EventDecoder:
    """The decoder of a contract, made once."""
    return EventDecoder(contract)


@cache
def cutter(projection: Projection) -> CopyEncoder:
    """The encoder of a projection, made once."""
    return CopyEncoder(projection)
