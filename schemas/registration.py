"""Encodes schema versions as records in the shape that registries keep in `_schemas`."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.contracts import Contract
from schemas.registry import SchemaCollision


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """One version of a subject, as kept and served."""

    subject: str
    version: int
    id: int
    schema: str

    def key(self) -> bytes:
        """Key of the record that keeps it."""
        parts = {"keytype": "SCHEMA", "subject": self.subject, "version": self.version, "magic": 1}
        return json.dumps(parts, separators=(",", ":")).encode()

    def value(self) -> bytes:
        """Value of the record that keeps it."""
        parts = {
            "subject": self.subject,
            "version": self.version,
            "id": self.id,
            "schema": self.schema,
            "deleted": False,
        }
        return json.dumps(parts, separators=(",", ":"), ensure_ascii=False).encode()


def parse(key: bytes | None, value: bytes | None) -> SchemaVersion | None:
    """The version a record keeps; None for records of another kind."""
    if not key or not value or json.loads(key).get("keytype") != "SCHEMA":
        return None
    parts = json.loads(value)
    return SchemaVersion(parts["subject"], parts["version"], parts["id"], parts["schema"])


def subject(topic: str) -> str:
    """The subject of what a topic carries (the usual topic name strategy)."""
    return f"{topic}-value"


def missing(present: Iterable[SchemaVersion], wanted: Iterable[tuple[str, Contract]]) -> Iterator[SchemaVersion]:
    """The versions to add so that each wanted (subject, contract) is there.

    Raises SchemaCollision when an id already stands for another schema.
    """
    texts: dict[int, str] = {}
    known: dict[str, dict[int, int]] = {}
    for version in present:
        texts[version.id] = version.schema
        known.setdefault(version.subject, {})[version.id] = version.version
    for name, contract in wanted:
        text = json.dumps(contract.schema, separators=(",", ":"), ensure_ascii=False)
        if json.loads(texts.setdefault(contract.id, text)) != contract.schema:
            raise SchemaCollision(contract.name)
        versions = known.setdefault(name, {})
        if contract.id in versions:
            continue
        versions[contract.id] = max(versions.values(), default=0) + 1
        yield SchemaVersion(name, versions[contract.id], contract.id, text)
