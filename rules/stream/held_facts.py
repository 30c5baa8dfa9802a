"""Folds arriving facts into what is held about a person: the highest version wins, in whatever order they arrive."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from rules.findings.contradiction import Contradiction
from rules.view.situation import DeclarationEvents, InstitutionDecision, Situation, decision, declaration_events, lines
from rules.view.worker_line import DeclaredLine
from schemas.identifiers import quarter_of

WAGES = "declarations.wages"
WORKING_TIME = "declarations.working-time"
CONTRIBUTIONS = "declarations.contributions"
ENTITLEMENTS = "declarations.entitlements"
PARTS = (WAGES, WORKING_TIME, CONTRIBUTIONS)
"""The three events of a declaration about one person; the rules wait until all three have the same version."""
CANCELLED = "cancelled"

Content = Mapping[str, Any]
ReadFact = Callable[["HeldFact"], Content]


class FactKey(NamedTuple):
    """The key of a fact: person, quarter (empty for a decision), declaration and kind."""

    person: bytes
    quarter: str
    declaration: str
    kind: str


class Slot(NamedTuple):
    """What is decided together: one person at one employer in one quarter."""

    person: bytes
    quarter: str
    employer: str


@dataclass(frozen=True, slots=True)
class HeldFact:
    """One narrowed event as received: body in Avro, written with the schema `contract`."""

    key: FactKey
    employer: str
    version: int
    contract: int
    body: bytes

    @property
    def slot(self) -> Slot:
        """What it is decided with; meaningless for a decision of an institution."""
        return Slot(self.key.person, self.key.quarter, self.employer)


HeldFacts = dict[FactKey, HeldFact]


def arriving_fact(person: bytes, kind: str, contract: int, body: bytes, content: Content) -> HeldFact:
    """An arriving fact, from its bytes and their content."""
    quarter = "" if kind == ENTITLEMENTS else content["quarter"]
    key = FactKey(person, quarter, content["declaration"], kind)
    return HeldFact(key, content["employer"], content["version"], contract, body)


def fold(held: HeldFacts, arrived: Iterable[HeldFact]) -> tuple[HeldFacts, HeldFacts]:
    """What is held afterwards, and which of these are new."""
    after, new = dict(held), HeldFacts()
    for fact in arrived:
        present = after.get(fact.key)
        if present is None or fact.version > present.version:
            after[fact.key] = new[fact.key] = fact
    return after, new


def slots_to_decide(held: HeldFacts, new: HeldFacts, read: ReadFact) -> set[Slot]:
    """The slots affected by a change: its own, or for a decision every quarter it reaches."""
    slots = {fact.slot for fact in new.values() if fact.key.kind != ENTITLEMENTS}
    for fact in new.values():
        if fact.key.kind == ENTITLEMENTS:
            slots |= _reached(fact, held, read)
    return slots


def _reached(decided: HeldFact, held: HeldFacts, read: ReadFact) -> set[Slot]:
    """Slots from the quarter in which the decision begins: a later job may follow on it."""
    first = quarter_of(read(decided)["from"])
    return {
        other.slot
        for other in held.values()
        if other.key.kind != ENTITLEMENTS and other.key.person == decided.key.person and other.key.quarter >= first
    }


def situation(slot: Slot, held: HeldFacts, read: ReadFact) -> Situation | None:
    """The situation in a slot; None until all parts of each declaration are there in the same version.

    Raises Contradiction when its events name two people.
    """
    parts_by_declaration: dict[str, dict[str, HeldFact]] = {}
    for key, fact in held.items():
        if key.kind in PARTS and fact.slot == slot:
            parts_by_declaration.setdefault(key.declaration, {})[key.kind] = fact
    worker_lines: list[DeclaredLine] = []
    declared: list[DeclarationEvents] = []
    persons: set[str] = set()
    for declaration in sorted(parts_by_declaration):
        parts = parts_by_declaration[declaration]
        if len(parts) < len(PARTS) or len({part.version for part in parts.values()}) > 1:
            return None
        wages, working_time, contributions = (read(parts[kind]) for kind in PARTS)
        persons |= {wages["person"], working_time["person"], contributions["person"]}
        declared.append(declaration_events(wages, working_time, contributions))
        if working_time["status"] != CANCELLED:
            worker_lines += lines(wages, working_time, contributions)
    if len(persons) > 1:
        raise Contradiction(f"events of one person have different numbers: {', '.join(chain.from_iterable(declared))}")
    decided = tuple(decisions(slot.person, held, read))
    return Situation("".join(persons), slot.employer, slot.quarter, tuple(worker_lines), decided, tuple(declared))


def working_times(slot: Slot, held: HeldFacts) -> list[HeldFact]:
    """The working time held in a slot, in the order of `situation`."""
    times = [fact for key, fact in held.items() if key.kind == WORKING_TIME and fact.slot == slot]
    return sorted(times, key=lambda fact: fact.key.declaration)


def decisions(person: bytes, held: HeldFacts, read: ReadFact) -> Iterable[InstitutionDecision]:
    """What institutions decided about a person, as in force."""
    for key, fact in held.items():
        if key.kind == ENTITLEMENTS and key.person == person:
            content = read(fact)
            if content["status"] != CANCELLED:
                yield decision(content)
