"""Loads one complete, synthetic record per contract, for documentation and tests."""

import json
from datetime import date, datetime
from importlib.resources import files
from typing import Any

from schemas.codec import Record
from schemas.contracts import contract


def sample(name: str) -> Record:
    """The example of a contract, as a record ready to encode."""
    text = (files("schemas") / "examples" / f"{name}.json").read_text("utf-8")
    record: Record = _typed(contract(name).schema, json.loads(text))
    return record


def _typed(schema: Any, value: Any) -> Any:
    """JSON's plain values in the types the codec takes: dates, instants, bytes from hexadecimal."""
    match schema:
        case list():
            return None if value is None else _typed(next(branch for branch in schema if branch != "null"), value)
        case {"logicalType": "date"}:
            return date.fromisoformat(value)
        case {"logicalType": "timestamp-millis"}:
            return datetime.fromisoformat(value)
        case {"type": "record", "fields": fields}:
            unknown = value.keys() - {field["name"] for field in fields}
            if unknown:
                raise KeyError(*unknown)
            return {
                field["name"]: _typed(field["type"], value[field["name"]])
                if field["name"] in value
                else field["default"]
                for field in fields
            }
        case {"type": "array", "items": items}:
            return [_typed(items, item) for item in value]
        case {"type": "fixed"} | "bytes" | "be.kruispunt.Pseudonym":
            return bytes.fromhex(value)
    return value
