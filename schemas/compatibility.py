"""Reports where one version of a contract cannot be read by another (FULL_TRANSITIVE)."""

from typing import Any

AnySchema = Any

PROMOTIONS = {
    ("int", "long"), ("int", "float"), ("int", "double"), ("long", "float"), ("long", "double"),
    ("float", "double"), ("string", "bytes"), ("bytes", "string"),
}  # fmt: skip


def problems(writer: AnySchema, reader: AnySchema, place: str = "") -> list[str]:
    """Why data written with `writer` could not be read with `reader`; empty when it can."""
    return _Comparison(writer, reader).problems(writer, reader, place)


class _Comparison:
    """Named types of both sides, so that a reference by name is followed."""

    def __init__(self, writer: AnySchema, reader: AnySchema) -> None:
        self._named: tuple[dict[str, AnySchema], dict[str, AnySchema]] = ({}, {})
        for side, schema in zip(self._named, (writer, reader), strict=True):
            _collect(schema, "", side)

    def problems(self, writer: AnySchema, reader: AnySchema, place: str) -> list[str]:
        writer, reader = self._resolve(writer, 0), self._resolve(reader, 1)
        if isinstance(writer, list):
            return [found for branch in writer for found in self.problems(branch, reader, place)]
        if isinstance(reader, list):
            if any(not self.problems(writer, branch, place) for branch in reader):
                return []
            return [f"{place}: no branch of the reader takes {_name(writer)}"]
        return self._plain(writer, reader, place)

    def _resolve(self, schema: AnySchema, side: int) -> AnySchema:
        if isinstance(schema, str):
            return self._named[side].get(schema.rsplit(".", 1)[-1], {"type": schema})
        return schema

    def _plain(self, writer: AnySchema, reader: AnySchema, place: str) -> list[str]:
        ours, theirs = writer["type"], reader["type"]
        if writer.get("logicalType") != reader.get("logicalType"):
            return [f"{place}: {_name(writer)} is not {_name(reader)}"]
        if ours != theirs:
            return [] if (ours, theirs) in PROMOTIONS else [f"{place}: {_name(writer)} is not {_name(reader)}"]
        match ours:
            case "record":
                return self._fields(writer, reader, place)
            case "array":
                return self.problems(writer["items"], reader["items"], f"{place}[]")
            case "enum":
                lost = [symbol for symbol in writer["symbols"] if symbol not in reader["symbols"]]
                return [f"{place}: the reader has no {symbol}" for symbol in lost if "default" not in reader]
            case "fixed":
                return [] if writer["size"] == reader["size"] else [f"{place}: another size"]
        return []

    def _fields(self, writer: AnySchema, reader: AnySchema, place: str) -> list[str]:
        written = {field["name"]: field for field in writer["fields"]}
        found = []
        for field in reader["fields"]:
            here = f"{place}.{field['name']}"
            if field["name"] in written:
                found += self.problems(written[field["name"]]["type"], field["type"], here)
            elif "default" not in field:
                found.append(f"{here}: not written, and the reader has no default")
        return found


def _name(schema: AnySchema) -> str:
    return str(schema.get("logicalType") or schema.get("name") or schema["type"])


def _collect(schema: AnySchema, namespace: str, into: dict[str, AnySchema]) -> None:
    match schema:
        case list():
            for branch in schema:
                _collect(branch, namespace, into)
        case {"type": "record", "fields": fields}:
            into[schema["name"]] = schema
            for field in fields:
                _collect(field["type"], namespace, into)
        case {"type": "array", "items": items}:
            _collect(items, namespace, into)
        case {"type": "enum" | "fixed", "name": name}:
            into[name] = schema
