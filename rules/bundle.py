"""Decides one bundle of facts: pure, from the bytes and what is held to what must be written."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from rules.catalogue import decide_all
from rules.decide import Change, State, changes
from rules.finding import Finding
from rules.fold import ENTITLEMENTS, Content, Fact, Held, Place, Slot, fact, fold, situation, slots_to_decide
from rules.situation import Situation
from schemas.codec import decode_body
from schemas.registry import SchemaBook, UnknownSchema

Decide = Callable[[Situation, date], list[Finding]]
UNREADABLE = "unreadable-fact"
UNDECIDABLE = "undecidable-person"


@dataclass(frozen=True, slots=True)
class Failure:
    """A person the rules could not handle: their facts as they came, and why, without personal data."""

    person: bytes
    code: str
    reason: str
    facts: list[dict[str, Any]]


@dataclass(slots=True)
class Outcome:
    """What a bundle leads to: facts to hold and those they replace, findings to tell by slot, persons to set aside."""

    facts: list[Fact] = field(default_factory=list)
    earlier: list[Fact] = field(default_factory=list)
    changes: list[tuple[Slot, Change]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


@dataclass(slots=True)
class Arrived:
    """The readable facts of a bundle, by person, and what was not readable."""

    at: datetime
    facts: dict[bytes, list[Fact]]
    raw: dict[bytes, list[dict[str, Any]]]
    failures: list[Failure]

    def persons(self) -> list[bytes]:
        """Whose facts they are."""
        return list(self.facts)

    def quarters(self) -> list[str]:
        """The quarters they are about; the empty one stands for decisions."""
        return sorted({one.place.quarter for some in self.facts.values() for one in some} | {""})

    def with_decisions(self) -> list[bytes]:
        """Persons about whom something was decided: all their quarters are looked at."""
        return [person for person, some in self.facts.items() if any(one.place.kind == ENTITLEMENTS for one in some)]


class Reader:
    """Reads bodies by the id of their schema, each body once."""

    def __init__(self, book: SchemaBook) -> None:
        self._book = book
        self._read: dict[bytes, Content] = {}

    def kind(self, number: int) -> str:
        """The contract a schema belongs to.

        Raises UnknownSchema.
        """
        return self._book.get(number).name

    def content(self, number: int, body: bytes) -> Content:
        """The content of a body."""
        content = self._read.get(body)
        if content is None:
            content = self._read[body] = decode_body(self._book.get(number), body)
        return content

    def __call__(self, one: Fact) -> Content:
        """The content of a fact."""
        return self.content(one.contract, one.body)


class Witness:
    """Reads facts and remembers which: they are what a finding rests on."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._seen: dict[Place, Fact] = {}

    def __call__(self, one: Fact) -> Content:
        """The content of a fact."""
        self._seen[one.place] = one
        return self._reader(one)

    def evidence(self) -> list[dict[str, str]]:
        """The events read so far, each with the digest of its body, in an order of their own."""
        return sorted((exhibit(one, self._reader) for one in self._seen.values()), key=lambda one: one["event"])


def exhibit(one: Fact, reader: Reader) -> dict[str, str]:
    """An event and the digest of the copy that was read."""
    return {"event": reader(one)["event"], "sha256": sha256(one.body).hexdigest()}


def arrive(bundle: Mapping[str, Any], reader: Reader) -> Arrived:
    """Sort the facts of a bundle by person; whoever has one that cannot be read is set aside whole."""
    raw: dict[bytes, list[dict[str, Any]]] = defaultdict(list)
    facts: dict[bytes, list[Fact]] = defaultdict(list)
    unreadable: dict[bytes, str] = {}
    for entry in bundle["facts"]:
        person = entry["person"]
        raw[person].append(entry)
        try:
            content = reader.content(entry["contract"], entry["body"])
            facts[person].append(
                fact(person, reader.kind(entry["contract"]), entry["contract"], entry["body"], content)
            )
        except UnknownSchema:
            unreadable[person] = f"no schema has the id {entry['contract']}"
        except Exception as error:  # noqa: BLE001 - whatever bad bytes raise, the others must go on
            unreadable[person] = f"the bytes do not fit their schema ({type(error).__name__})"
    for person in unreadable:
        facts.pop(person, None)
    failures = [Failure(person, UNREADABLE, reason, raw[person]) for person, reason in unreadable.items()]
    return Arrived(bundle["at"], facts, raw, failures)


def decide_bundle(
    arrived: Arrived,
    held: Iterable[Fact],
    states: Mapping[Slot, Mapping[str, State]],
    reader: Reader,
    decide: Decide = decide_all,
) -> Outcome:
    """What the bundle leads to; a person whose decision fails is set aside, and the others go on."""
    outcome = Outcome(failures=list(arrived.failures))
    present: dict[bytes, Held] = defaultdict(dict)
    for one in held:
        present[one.place.person][one.place] = one
    for person, facts in arrived.facts.items():
        try:
            new, found = _decide_person(facts, present[person], states, reader, arrived.at, decide)
        except Exception as error:  # noqa: BLE001 - a fault in one person's case must not stop everybody's
            outcome.failures.append(Failure(person, UNDECIDABLE, type(error).__name__, arrived.raw[person]))
            continue
        outcome.facts += new
        outcome.earlier += [present[person][one.place] for one in new if one.place in present[person]]
        outcome.changes += found
    return outcome


def _decide_person(
    facts: list[Fact],
    present: Held,
    states: Mapping[Slot, Mapping[str, State]],
    reader: Reader,
    at: datetime,
    decide: Decide,
) -> tuple[list[Fact], list[tuple[Slot, Change]]]:
    held, new = fold(present, facts)
    found = []
    for slot in sorted(slots_to_decide(held, new, reader)):
        witness = Witness(reader)
        seen = situation(slot, held, witness)
        if seen is not None:
            told = changes(states.get(slot, {}), decide(seen, at.date()), at, witness.evidence)
            found += [(slot, change) for change in told]
    return list(new.values()), found
