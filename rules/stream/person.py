"""Decides one person anew when facts about them arrive: each declaration that is touched, then the whole history."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from rules.catalogue import decide_history
from rules.findings.contradiction import Contradiction
from rules.findings.finding import Finding
from rules.law.knowledge import last_known
from rules.law.law import Law
from rules.stream.evidence import FactReader, Witness, in_order
from rules.stream.finding_changes import DecidedBy, FindingChange, FindingState, changes
from rules.stream.held_facts import (
    ENTITLEMENTS,
    HeldFact,
    HeldFacts,
    Slot,
    decisions,
    fold,
    situation,
    slots_to_decide,
    working_times,
)
from rules.view import history as past
from rules.view.situation import Situation
from schemas.legal_day import legal_day

Decide = Callable[[Situation, date, Law], list[Finding]]


@dataclass(frozen=True, slots=True)
class PersonState:
    """What is stored about one person: facts, published findings by slot, and the packed history."""

    person: bytes
    held: HeldFacts
    states: Mapping[Slot, Mapping[str, FindingState]]
    history: bytes | None


@dataclass(slots=True)
class PersonOutcome:
    """Facts to store, the packed history where it changed, and changed findings by slot."""

    facts: list[HeldFact]
    history: bytes | None = None
    changes: list[tuple[Slot, FindingChange]] = field(default_factory=list)


def decide_person(
    case: PersonState, facts: list[HeldFact], reader: FactReader, at: datetime, law: Law, decide: Decide
) -> PersonOutcome:
    """What new facts about a person lead to.

    Raises Contradiction when they are about two.
    """
    held, new = fold(case.held, facts)
    outcome = PersonOutcome(list(new.values()))
    if not new:
        return outcome
    number, by = number_of(facts, held, reader), DecidedBy(at, last_known(law))
    seen: dict[Slot, Situation | None] = {}
    for slot in sorted(slots_to_decide(held, new, reader)):
        witness = Witness(reader)
        current = seen[slot] = situation(slot, held, witness)
        if current is not None:
            findings = decide(current, legal_day(at), law)
            changed = changes(case.states.get(slot, {}), findings, by, witness.evidence)
            outcome.changes += [(slot, change) for change in changed]
    if not _speaks(new, seen):
        return outcome
    slots = quarters_of(case, held, new, seen, reader)
    packed = past.pack(slots)
    if packed != case.history:
        outcome.history = packed
    witness = Witness(reader)
    work = {quarter_at_employer: record.worked for quarter_at_employer, record in slots.items()}
    about_person = past.history(number, work, decisions(case.person, held, witness))
    findings = decide_history(about_person, legal_day(at), law)
    outcome.changes += history_changes(case, findings, by, slots, witness)
    return outcome


def number_of(facts: list[HeldFact], held: HeldFacts, reader: FactReader) -> str:
    """The national number in the received facts and in the decisions.

    Raises Contradiction when there are two.
    """
    decided = (fact for key, fact in held.items() if key.kind == ENTITLEMENTS)
    events = {content["event"]: content["person"] for content in map(reader, (*facts, *decided))}
    numbers = set(events.values())
    if len(numbers) > 1:
        raise Contradiction(f"events of one person have different numbers: {', '.join(sorted(events))}")
    return str(numbers.pop())


def _speaks(new: HeldFacts, seen: Mapping[Slot, Situation | None]) -> bool:
    """Whether the history may lead to something new: a declaration is complete, or something was decided."""
    complete = any(current is not None for current in seen.values())
    return complete or any(key.kind == ENTITLEMENTS for key in new)


def quarters_of(
    case: PersonState, held: HeldFacts, new: HeldFacts, seen: Mapping[Slot, Situation | None], reader: FactReader
) -> past.QuarterRecords:
    """The history after the new facts: a slot is unchanged until all parts of its declaration have arrived."""
    if case.history is None:
        slots, read = {}, held
    else:
        slots, read = past.unpack(case.history), new
    for slot in {fact.slot for fact in read.values() if fact.key.kind != ENTITLEMENTS}:
        current = seen[slot] if slot in seen else situation(slot, held, reader)
        if current is not None:
            copies = tuple(past.copied(reader(timed)["event"], timed.body) for timed in working_times(slot, held))
            slots[slot.quarter, slot.employer] = past.QuarterRecord(past.worked(current), copies)
    return slots


def history_changes(
    case: PersonState,
    findings: list[Finding],
    by: DecidedBy,
    quarters: past.QuarterRecords,
    witness: Witness,
) -> list[tuple[Slot, FindingChange]]:
    """Changes of findings that belong to no employer, by the quarter in which the right arises.

    They rest on everything the history was built from: a quarter without work matters as much as one with work.
    """

    def evidence() -> list[dict[str, str]]:
        copies = [copy.shown() for record in quarters.values() for copy in record.copies]
        return in_order([*copies, *witness.evidence()])

    before = {slot: published for slot, published in case.states.items() if not slot.employer}
    slots = {*before, *(Slot(case.person, finding.quarter, "") for finding in findings)}
    return [
        (slot, change)
        for slot in sorted(slots)
        for change in changes(before.get(slot, {}), _of_quarter(findings, slot.quarter), by, evidence)
    ]


def _of_quarter(findings: list[Finding], quarter: str) -> list[Finding]:
    return [finding for finding in findings if finding.quarter == quarter]
