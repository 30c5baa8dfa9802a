"""Sorts the facts of a bundle by person, and sets aside the persons of whom one cannot be read."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from rules.stream.evidence import FactReader
from rules.stream.held_facts import ENTITLEMENTS, HeldFact, arriving_fact
from schemas.registry import UnknownSchema
from schemas.twins.rules_facts import Bundle, Fact

UNREADABLE = "unreadable-fact"


@dataclass(frozen=True, slots=True)
class FailedPerson:
    """A person the rules could not handle: their facts as received, and the reason, without personal data."""

    person: bytes
    code: str
    reason: str
    facts: list[Fact]


@dataclass(slots=True)
class Arrived:
    """The readable facts of a bundle by person, and those that cannot be read."""

    at: datetime
    facts: dict[bytes, list[HeldFact]]
    raw: dict[bytes, list[Fact]]
    failures: list[FailedPerson]
    received: list[Fact]

    def persons(self) -> list[bytes]:
        """The persons the facts are about."""
        return list(self.facts)

    def quarters(self) -> list[str]:
        """The quarters the facts are about; the empty one stands for decisions."""
        return sorted({fact.key.quarter for facts in self.facts.values() for fact in facts} | {""})

    def with_decisions(self) -> list[bytes]:
        """Persons about whom something was decided: all their quarters are examined."""
        return [person for person, facts in self.facts.items() if any(fact.key.kind == ENTITLEMENTS for fact in facts)]


def arrive(bundle: Bundle, reader: FactReader) -> Arrived:
    """Group the facts of a bundle by person; a person with one unreadable fact fails as a whole."""
    raw: dict[bytes, list[Fact]] = defaultdict(list)
    facts: dict[bytes, list[HeldFact]] = defaultdict(list)
    unreadable: dict[bytes, str] = {}
    for entry in bundle["facts"]:
        person = entry["person"]
        raw[person].append(entry)
        try:
            content = reader.content(entry["contract"], entry["body"])
            facts[person].append(
                arriving_fact(person, reader.kind(entry["contract"]), entry["contract"], entry["body"], content)
            )
        except UnknownSchema:
            unreadable[person] = f"no schema has the id {entry['contract']}"
        except Exception as error:  # noqa: BLE001 - whatever bad bytes raise, the others must go on
            unreadable[person] = f"the bytes do not fit their schema ({type(error).__name__})"
    for person in unreadable:
        facts.pop(person, None)
    failures = [FailedPerson(person, UNREADABLE, reason, raw[person]) for person, reason in unreadable.items()]
    return Arrived(bundle["at"], facts, raw, failures, list(bundle["facts"]))
