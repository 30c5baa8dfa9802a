"""Opens an encoded event just far enough to narrow it, and writes the permitted part of it back as bytes.

The parts of a contract are read and written in the forms that cost least and look the same on the wire: a date is an
int, an enumeration its index. The envelope is never rebuilt: its bytes are copied.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from io import BytesIO
from typing import Any, NamedTuple, cast

import fastavro
from fastavro import schemaless_reader, schemaless_writer

from consumers.fields import DELIBERATION, ENVELOPE, TRAIL
from consumers.projection import Projection
from schemas.contracts import Contract

EPOCH = date(1970, 1, 1)
ENTITLEMENTS = "declarations.entitlements"


class Unreadable(ValueError):
    """These bytes are not what their schema id says."""


class Decision(NamedTuple):
    """What an entitlement decides, and for which period."""

    kind: str
    first: date
    last: date | None


@dataclass(slots=True)
class Opened:
    """An event in parts: who and what in full, the rest as plain values, the envelope as bytes."""

    event: str
    person: str
    quarter: str
    head: bytes
    trail: bytes
    rest: dict[str, Any]
    decision: Decision | None


def _plain(schema: Any) -> Any:
    """The same bytes on the wire, read and written with the least work."""
    match schema:
        case list():
            return [_plain(branch) for branch in schema]
        case {"type": "array", "items": items}:
            return {"type": "array", "items": _plain(items)}
        case {"type": "record", "name": name, "fields": fields}:
            return {
                "type": "record",
                "name": name,
                "fields": [{"name": field["name"], "type": _plain(field["type"])} for field in fields],
            }
        case {"type": "enum"}:
            return "int"
        case {"type": inner, "logicalType": _}:
            return inner
    return schema


def _part(contract: Contract, names: tuple[str, ...] | None) -> Any:
    """A record of some fields of a contract; None: all those that come after the envelope."""
    always = {*ENVELOPE, *TRAIL, DELIBERATION["name"]}
    fields = [
        {"name": field["name"], "type": _plain(field["type"])}
        for field in contract.schema["fields"]
        if (field["name"] not in always if names is None else field["name"] in names)
    ]
    return fastavro.parse_schema({"type": "record", "name": "Part", "fields": fields}, named_schemas={})


def _record(stream: BytesIO, schema: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", schemaless_reader(stream, schema, None))


class Shape:
    """A full contract, ready to open events of it."""

    def __init__(self, contract: Contract) -> None:
        self._head = _part(contract, ENVELOPE)
        self._trail = _part(contract, TRAIL)
        self._rest = _part(contract, None)
        self._decisions: tuple[str, ...] = ()
        if contract.name == ENTITLEMENTS:
            (kind,) = (field for field in contract.schema["fields"] if field["name"] == "kind")
            self._decisions = tuple(kind["type"]["symbols"])

    def person(self, body: bytes) -> str:
        """Whom an event is about.

        Raises Unreadable.
        """
        try:
            return str(_record(BytesIO(body), self._head)["person"])
        except Exception as error:
            raise Unreadable("the envelope cannot be read") from error

    def open(self, body: bytes) -> Opened:
        """An event in parts.

        Raises Unreadable.
        """
        stream = BytesIO(body)
        try:
            head = _record(stream, self._head)
            middle = stream.tell()
            _record(stream, self._trail)
            after = stream.tell()
            rest = _record(stream, self._rest)
            if stream.tell() != len(body):
                raise Unreadable("bytes are left over")  # noqa: TRY301 - told apart below
            return Opened(
                event=head["event"],
                person=head["person"],
                quarter=head["quarter"],
                head=body[:middle],
                trail=body[middle:after],
                rest=rest,
                decision=self._decision(rest) if self._decisions else None,
            )
        except Unreadable:
            raise
        except Exception as error:
            raise Unreadable("the body does not follow its schema") from error

    def _decision(self, rest: dict[str, Any]) -> Decision:
        until = rest["until"]
        return Decision(
            self._decisions[rest["kind"]],
            EPOCH + timedelta(rest["from"]),
            None if until is None else EPOCH + timedelta(until),
        )


class Cutter:
    """A projection, ready to write copies."""

    def __init__(self, projection: Projection) -> None:
        self._rest = _part(projection.contract, None)
        out = BytesIO()
        name = fastavro.parse_schema("string")
        schemaless_writer(out, name, projection.deliberation)
        self._deliberation = out.getvalue()

    def cut(self, opened: Opened) -> bytes:
        """The body of a copy: envelope, deliberation, and the permitted fields only."""
        out = BytesIO()
        out.write(opened.head)
        out.write(self._deliberation)
        out.write(opened.trail)
        schemaless_writer(out, self._rest, opened.rest)
        return out.getvalue()


@cache
def shape(contract: Contract) -> Shape:
    """The shape of a contract."""
    return Shape(contract)


@cache
def cutter(projection: Projection) -> Cutter:
    """The cutter of a projection."""
    return Cutter(projection)
