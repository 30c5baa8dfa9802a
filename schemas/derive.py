"""Generates the typed twins of the contracts, so that mypy sees the shape that travels; `python -m schemas.derive`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.contracts import Contract, contract, contracts
from schemas.topics import DECLARATIONS

PLAIN = {"string": "str", "int": "int", "long": "int", "boolean": "bool", "bytes": "bytes", "double": "float"}
LOGICAL = {"date": "date", "timestamp-millis": "datetime"}


def _type(avro: Any, inner: list[dict[str, Any]]) -> str:
    """The Python type of an Avro type; records met on the way are added to `inner`."""
    match avro:
        case list():
            branches = sorted(avro, key=lambda branch: bool(branch == "null"))
            name = " | ".join("None" if branch == "null" else _type(branch, inner) for branch in branches)
        case str():
            name = PLAIN.get(avro, "bytes")
        case {"logicalType": logical}:
            name = LOGICAL[logical]
        case {"type": "array", "items": items}:
            name = f"list[{_type(items, inner)}]"
        case {"type": "enum", "symbols": symbols}:
            name = "Literal[" + ", ".join(f'"{symbol}"' for symbol in symbols) + "]"
        case {"type": "record", "name": record}:
            inner.append(avro)
            name = str(record)
        case _:
            name = "bytes"
    return name


def _record(record: dict[str, Any]) -> Iterator[str]:
    """Classes for a record, those it needs first."""
    inner: list[dict[str, Any]] = []
    fields = [(field["name"], _type(field["type"], inner)) for field in record["fields"]]
    for needed in inner:
        yield from _record(needed)
    doc = record.get("doc") or " ".join(re.findall("[A-Z][a-z]*", record["name"])).capitalize() + "."
    if any(name == "from" for name, _ in fields):
        pairs = "".join(f'        "{name}": {kind},\n' for name, kind in fields)
        yield f'{record["name"]} = TypedDict(\n    "{record["name"]}",\n    {{\n{pairs}    }},\n)\n"""{doc}"""\n'
        return
    body = "".join(f"    {name}: {kind}\n" for name, kind in fields)
    yield f'class {record["name"]}(TypedDict):\n    """{doc}"""\n\n{body}'


def twin(contract: Contract) -> str:
    """The module with the typed twin of a contract."""
    classes = list(_record(contract.schema))
    text = "\n\n".join(classes)
    days = [name for name in ("date", "datetime") if re.search(rf"\b{name}\b(?!_)", re.sub(r'"""[^"]*"""', "", text))]
    typing = ["Literal", "TypedDict"] if "Literal[" in text else ["TypedDict"]
    head = f'"""The typed twin of `{contract.name}`; derived from its contract, never edited."""\n\n'
    imports = (
        f"from datetime import {', '.join(days)}\n" if days else ""
    ) + f"from typing import {', '.join(typing)}\n"
    return head + imports + "\n\n" + text


def module(contract: Contract) -> str:
    """The name of the module that holds the twin."""
    return re.sub(r"[.-]", "_", contract.name)


def twinned() -> list[Contract]:
    """The contracts that have a twin: the newest of each name, but none of a declaration.

    Tables of the form build declared events, and schemas narrow them: no code names their fields.
    """
    newest = {found.name: contract(found.name) for found in contracts()}
    return [found for name, found in newest.items() if name not in DECLARATIONS]


def main() -> None:
    """Write all twins."""
    folder = Path(__file__).parent / "twins"
    for found in twinned():
        (folder / f"{module(found)}.py").write_text(twin(found), encoding="utf-8")


if __name__ == "__main__":
    main()
