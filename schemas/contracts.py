"""Gives each contract an id that is derived from its schema, and so is the same everywhere."""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import fastavro

Schema = dict[str, Any]
MAGIC = b"\x00"


class UnknownContract(LookupError):
    """No contract of that name: see `kruispunt topics` for those that travel."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A published Avro schema: `name` as in the topic, `id` its content address, `prefix` the Confluent framing."""

    name: str
    schema: Schema = field(compare=False, repr=False)
    id: int
    parsed: Any = field(compare=False, repr=False)
    prefix: bytes = field(compare=False, repr=False)


def canonical(schema: Schema) -> bytes:
    """One JSON text for one schema, whatever the order or spacing it was written in."""
    return json.dumps(schema, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def schema_id(schema: Schema) -> int:
    """The first 31 bits of SHA-256 over the canonical schema: fits the signed id of the Confluent framing."""
    return int.from_bytes(hashlib.sha256(canonical(schema)).digest()[:4], "big") >> 1


def make(name: str, schema: Schema) -> Contract:
    """A contract from a schema, as the narrower ones derived from deliberations."""
    number = schema_id(schema)
    parsed = fastavro.parse_schema(json.loads(json.dumps(schema)), named_schemas={})
    return Contract(name, schema, number, parsed, MAGIC + number.to_bytes(4, "big"))


@cache
def contracts() -> tuple[Contract, ...]:
    """Every contract in force, oldest version first; file `<name>.v<major>.avsc`."""
    folder = files("schemas") / "avro"
    found = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".avsc")), key=lambda entry: entry.name)
    return tuple(make(entry.name.rsplit(".v", 1)[0], json.loads(entry.read_text("utf-8"))) for entry in found)


@cache
def contract(name: str) -> Contract:
    """The newest version of a contract, by name.

    Raises UnknownContract.
    """
    for candidate in reversed(contracts()):
        if candidate.name == name:
            return candidate
    raise UnknownContract(name)
