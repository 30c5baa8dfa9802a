"""Reads and writes parts of a contract in the cheapest forms that have the same bytes on the wire.

A date is an int, an enumeration its index; nothing else changes.
"""

from io import BytesIO
from typing import Any, cast

import fastavro
from fastavro import schemaless_reader

from schemas.contracts import Contract
from schemas.fields import DELIBERATION, ENVELOPE, REPLAY, TRAIL


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
                "fields": [_field(field) for field in fields],
            }
        case {"type": "enum"}:
            return "int"
        case {"type": inner, "logicalType": _}:
            return inner
    return schema


def _field(field: Any) -> Any:
    """A field in its plain form, with its default for events of a version that did not have it yet."""
    plain = {"name": field["name"], "type": _plain(field["type"])}
    if "default" in field:
        kind = field["type"][0] if isinstance(field["type"], list) else field["type"]
        symbols = kind.get("symbols") if isinstance(kind, dict) else None
        plain["default"] = symbols.index(field["default"]) if symbols else field["default"]
    return plain


def part(contract: Contract, names: tuple[str, ...] | None) -> Any:
    """A record of some fields of a contract; None: all those that come after the envelope."""
    always = {*ENVELOPE, *TRAIL, DELIBERATION["name"], REPLAY["name"]}
    fields = [
        _field(field)
        for field in contract.schema["fields"]
        if (field["name"] not in always if names is None else field["name"] in names)
    ]
    return fastavro.parse_schema({"type": "record", "name": "Part", "fields": fields}, named_schemas={})


def record(stream: BytesIO, schema: Any) -> dict[str, Any]:
    """The record at the current position of the stream."""
    return cast("dict[str, Any]", schemaless_reader(stream, schema, None))
