"""Builds the three events of a person, or the one of a decision, and encodes them for their topics."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from producers.intake.dmfa.block_types import BlockRecords
from producers.intake.dmfa.declaration import Declaration
from schemas.codec import encode
from schemas.contracts import contract
from schemas.dmfa.tables import EVENT_KINDS
from schemas.identifiers import derive, pseudonym

TOPICS = tuple(f"declarations.{kind}" for kind in EVENT_KINDS)
DECISIONS = "declarations.entitlements"
WriteEvent = Callable[[str, bytes, bytes], None]
"""Takes topic, key and value."""


def now() -> datetime:
    """This moment, to the millisecond that events carry."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class EventEncoder:
    """Encodes what one submission accepts. Without pepper (a check, that sends nothing) keys are empty."""

    def __init__(self, write: WriteEvent, *, trace: str, pepper: bytes | None = None) -> None:
        self._write = write
        self._pepper = pepper
        self._contracts = tuple(contract(topic) for topic in TOPICS)
        self._decisions = contract(DECISIONS)
        self._common = {"occurred_at": now(), "trace_parent": trace}

    def _key(self, person: str) -> bytes:
        return pseudonym(self._pepper, person) if self._pepper is not None else b""

    def person(self, declaration: Declaration, records: BlockRecords) -> None:
        """The three events of a person in an original declaration."""
        self.complete(declaration, records)
        key = self._key(records[0]["person"])
        for topic, made, record in zip(TOPICS, self._contracts, records, strict=False):
            self._write(topic, key, encode(made, record))

    def complete(self, declaration: Declaration, records: BlockRecords) -> None:
        """Put the envelope around what is said of a person."""
        person = records[0]["person"]
        envelope = {
            "declaration": declaration.id,
            "version": 1,
            "status": "original",
            "quarter": declaration.quarter,
            "employer": declaration.employer,
            **self._common,
        }
        for kind, record in zip(EVENT_KINDS, records, strict=False):
            record.update(envelope, event=derive("event", declaration.id, person, "1", kind))

    def decision(self, declaration: str, version: int, quarter: str, content: dict[str, Any]) -> None:
        """The event of a decision in one version."""
        person = content["person"]
        event = {
            **content,
            "event": derive("event", declaration, person, str(version), "entitlements"),
            "declaration": declaration,
            "version": version,
            "status": "original" if version == 1 else "changed",
            "quarter": quarter,
            "employer": "",
            **self._common,
        }
        self._write(DECISIONS, self._key(person), encode(self._decisions, event))
