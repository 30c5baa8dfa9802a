"""Completes the events of a case to what their full contracts ask for."""

from datetime import UTC, datetime
from typing import Any

AT = datetime(2026, 7, 20, tzinfo=UTC)


def filled(schema: Any, record: dict[str, Any]) -> dict[str, Any]:
    """The record with something in every field that its schema has no default for."""
    whole: dict[str, Any] = {}
    for field in schema["fields"]:
        name, kind = field["name"], field["type"]
        inner = kind["items"] if isinstance(kind, dict) and kind.get("type") == "array" else None
        if name in record:
            value = record[name]
            whole[name] = [filled(inner, part) for part in value] if inner and isinstance(inner, dict) else value
        elif "default" not in field:
            whole[name] = (
                {"string": "", "boolean": False, "int": 0, "long": 0}.get(kind, 0) if isinstance(kind, str) else AT
            )
    return whole
