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

    place: FactKey
    employer: str
    version: int
    contract: int
    body: bytes

    @property
    def slot(self) -> Slot:
        """What it is decided with; meaningless for a decision of an institution."""
        return Slot(self.place.person, self.place.quarter, self.employer)


HeldFacts = dict[FactKey, HeldFact]


def fact(person: bytes, kind: str, contract: int, body: bytes, content: Content) -> HeldFact:
    """An arriving fact, from its bytes and their content."""
    quarter = "" if kind == ENTITLEMENTS else content["quarter"]
    place = FactKey(person, quarter, content["declaration"], kind)
    return HeldFact(place, content["employer"], content["version"], contract, body)


def fold(held: HeldFacts, arrived: Iterable[HeldFact]) -> tuple[HeldFacts, HeldFacts]:
    """What is held afterwards, and which of these are new."""
    after, new = dict(held), HeldFacts()
    for one in arrived:
        present = after.get(one.place)
        if present is None or one.version > present.version:
            after[one.place] = new[one.place] = one
    return after, new


def slots_to_decide(held: HeldFacts, new: HeldFacts, read: ReadFact) -> set[Slot]:
    """The slots affected by a change: its own, or for a decision every quarter it reaches."""
    slots = {one.slot for one in new.values() if one.place.kind != ENTITLEMENTS}
    for one in new.values():
        if one.place.kind == ENTITLEMENTS:
            slots |= _reached(one, held, read)
    return slots


def _reached(one: HeldFact, held: HeldFacts, read: ReadFact) -> set[Slot]:
    """Slots from the quarter in which the decision begins: a later job may follow on it."""
    first = quarter_of(read(one)["from"])
    return {
        other.slot
        for other in held.values()
        if other.place.kind != ENTITLEMENTS and other.place.person == one.place.person and other.place.quarter >= first
    }


def situation(slot: Slot, held: HeldFacts, read: ReadFact) -> Situation | None:
    """The situation in a slot; None until all parts of each declaration are there in the same version.

    Raises Contradiction when its events name two people.
    """
    found: dict[str, dict[str, HeldFact]] = {}
    for place, one in held.items():
        if place.kind in PARTS and one.slot == slot:
            found.setdefault(place.declaration, {})[place.kind] = one
    worker_lines: list[DeclaredLine] = []
    declared: list[DeclarationEvents] = []
    persons: set[str] = set()
    for declaration in sorted(found):
        parts = found[declaration]
        if len(parts) < len(PARTS) or len({one.version for one in parts.values()}) > 1:
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
    found = [one for place, one in held.items() if place.kind == WORKING_TIME and one.slot == slot]
    return sorted(found, key=lambda one: one.place.declaration)


def decisions(person: bytes, held: HeldFacts, read: ReadFact) -> Iterable[InstitutionDecision]:
    """What institutions decided about a person, as in force."""
    for place, one in held.items():
        if place.kind == ENTITLEMENTS and place.person == person:
            content = read(one)
            if content["status"] != CANCELLED:
                yield decision(content)
