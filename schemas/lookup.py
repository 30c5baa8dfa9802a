"""Normalizes a schema, so that it is recognized however another library parsed and printed it."""

import json
from typing import Any

import fastavro
from fastavro.types import Schema as Parsed

NAMED = frozenset({"record", "error", "enum", "fixed"})
NESTED = {"items", "values"}
OF_PARSER = frozenset({"__fastavro_parsed__", "__fastavro_parsed", "__named_schemas"})


class InvalidSchema(ValueError):
    """This text is not an Avro schema."""


def normalized(text: str) -> str:
    """One text for one schema: full names, attributes in order, nothing said that is the default anyway.

    Documentation, defaults, aliases and attributes of others all count: whatever a reader of the schema sees is the
    same when two texts are. Raises InvalidSchema.
    """
    try:
        parsed = fastavro.parse_schema(json.loads(text), named_schemas={})
        return json.dumps(_type(parsed, ""), sort_keys=True, separators=(",", ":"))
    # A parser meets any document here, and what it raises for one that is not a schema depends on where it fails.
    except (
        fastavro.schema.SchemaParseException, fastavro.schema.UnknownType,
        ValueError, TypeError, KeyError, AttributeError, RecursionError,
    ) as error:  # fmt: skip
        raise InvalidSchema("This is not an Avro schema.") from error


def _type(schema: Parsed, space: str) -> Any:
    """A type, with `space` the namespace around it."""
    if isinstance(schema, str):
        return schema
    if isinstance(schema, list):
        return [_type(branch, space) for branch in schema]
    kind = schema["type"]
    if not isinstance(kind, str):
        # A type wrapped once more without a word of its own.
        return _type(kind, space) if len(schema) == 1 else {**_plain(schema), "type": _type(kind, space)}
    if kind in NAMED:
        space = schema["name"].rpartition(".")[0]
    found = {
        name: _type(value, space) if name in NESTED else _plain(value)
        for name, value in schema.items()
        if name not in OF_PARSER
    }
    if "fields" in schema:
        found["fields"] = [_field(field, space) for field in schema["fields"]]
    if "aliases" in schema:
        found["aliases"] = sorted(name if "." in name or not space else f"{space}.{name}" for name in schema["aliases"])
    return kind if found == {"type": kind} else found


def _field(field: dict[str, Any], space: str) -> dict[str, Any]:
    found = {name: _plain(value) for name, value in field.items() if (name, value) != ("order", "ascending")}
    found["type"] = _type(field["type"], space)
    if "aliases" in field:
        found["aliases"] = sorted(field["aliases"])
    return found


def _plain(value: Any) -> Any:
    """JSON in which a whole number looks the same whether it was written 0 or 0.0."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
