"""Walks the fields of a contract, and cuts it down to the granted ones: what is left out cannot be written."""

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from schemas.contracts import Schema

ENVELOPE = ("event", "declaration", "version", "status", "quarter", "employer", "person")
"""Comes with every copy, before the deliberation."""
TRAIL = ("occurred_at", "trace_parent")
"""Comes with every copy, after the deliberation and the mark of a replay."""
DELIBERATION = {
    "name": "deliberation",
    "type": "string",
    "doc": "Deliberation this copy rests on, with its version, as 20/296@1. Sensitivity: envelope.",
}
REPLAY = {
    "name": "replay",
    "type": "boolean",
    "doc": "Whether this event was published before its person came on file, and is copied now. Sensitivity: envelope.",
}


class Field(NamedTuple):
    """A field of a schema: its dotted path, what it means, and whether it holds a value or more fields."""

    path: str
    doc: str
    leaf: bool


def walk(schema: Any, above: str = "") -> Iterator[Field]:
    """Every field below the top of a schema, in order; a record or list before its own fields."""
    record = inner(schema)
    for field in record["fields"] if record else ():
        path = f"{above}.{field['name']}" if above else field["name"]
        below = list(walk(field["type"], path))
        yield Field(path, field.get("doc", ""), not below)
        yield from below


def inner(schema: Any) -> Schema | None:
    """The record in a type, through lists and unions with null; None where the type holds a single value."""
    match schema:
        case list():
            return next((record for branch in schema if (record := inner(branch))), None)
        case {"type": "array", "items": items}:
            return inner(items)
        case {"type": "record"}:
            return cast("Schema", schema)
    return None


def defaults(record: Schema) -> dict[str, Any]:
    """The values of the fields that a contract has a default for."""
    return {field["name"]: field["default"] for field in record["fields"] if "default" in field}


def symbols(schema: Schema, name: str) -> tuple[str, ...]:
    """The values of an enumeration, a field at the top of a schema; empty where it is not one."""
    kind = next((field["type"] for field in schema["fields"] if field["name"] == name), None)
    return tuple(kind["symbols"]) if isinstance(kind, dict) and "symbols" in kind else ()


def meanings(schema: Schema) -> Iterator[tuple[str, str]]:
    """Every value a schema can hold: its dotted path and what it means, without the note on its sensitivity."""
    return ((field.path, field.doc.partition(" Sensitivity:")[0]) for field in walk(schema) if field.leaf)


def grantable(schema: Schema) -> dict[str, bool]:
    """The paths a deliberation may name: all but the envelope; the value says whether it is a leaf."""
    always = {*ENVELOPE, *TRAIL}
    return {path: leaf for path, _, leaf in walk(schema) if path.split(".")[0] not in always}


def leaves(schema: Schema, granted: tuple[str, ...]) -> frozenset[str]:
    """The leaves that granted paths stand for; a record or list without a leaf means all of it."""
    return frozenset(
        path
        for path, leaf in grantable(schema).items()
        if leaf and any(path == one or path.startswith(f"{one}.") for one in granted)
    )


def expanded(schema: Schema, granted: tuple[str, ...]) -> tuple[str, ...]:
    """Every path that is granted whole, in the order of the contract: leaves, records and lists."""
    kept = leaves(schema, granted)
    below: dict[str, list[str]] = {}
    for path, leaf in grantable(schema).items():
        if leaf:
            parts = path.split(".")
            for depth in range(1, len(parts) + 1):
                below.setdefault(".".join(parts[:depth]), []).append(path)
    return tuple(path for path in grantable(schema) if kept.issuperset(below[path]))


def _cut(schema: Any, kept: frozenset[str], above: str) -> Any:
    """A schema with the kept leaves only; None when none of them is in it."""
    match schema:
        case list():
            branches = [branch if branch == "null" else _cut(branch, kept, above) for branch in schema]
            return branches if all(branch is not None for branch in branches) else None
        case {"type": "array", "items": items}:
            inner = _cut(items, kept, above)
            return None if inner is None else {**schema, "items": inner}
        case {"type": "record", "fields": fields}:
            chosen = []
            for field in fields:
                inner = _cut(field["type"], kept, f"{above}.{field['name']}" if above else field["name"])
                if inner is not None:
                    chosen.append({**field, "type": inner})
            return {**schema, "fields": chosen} if chosen else None
    return schema if above in kept else None


def narrower(schema: Schema, granted: tuple[str, ...]) -> Schema:
    """The envelope, deliberation and mark of a replay, then the granted fields in the order of the full contract."""
    fields = {field["name"]: field for field in schema["fields"]}
    permitted = _cut(schema, leaves(schema, granted), "") or {"fields": []}
    return {
        **schema,
        "fields": [
            *(fields[name] for name in ENVELOPE),
            DELIBERATION,
            REPLAY,
            *(fields[name] for name in TRAIL),
            *permitted["fields"],
        ],
    }
