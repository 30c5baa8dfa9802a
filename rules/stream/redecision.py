"""Decides persons again after the law changed backwards: pure, and only what the change makes different."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rules.catalogue import decide_all, decide_history
from rules.findings.finding import Finding
from rules.law.law import Law
from rules.stream.bundle import (
    BundleOutcome,
    FactReader,
    PersonState,
    Witness,
    history_changes,
    number_of,
    slots_of_history,
    sum_up_findings,
    where_raised,
)
from rules.stream.finding_changes import FindingState, LawChange, changes, essence, finding_id
from rules.stream.held_facts import ENTITLEMENTS, HeldFact, HeldFacts, Slot, decisions, situation
from rules.view import history as past
from rules.view.situation import Situation
from schemas.legal_day import legal_day


@dataclass(frozen=True, slots=True)
class ChangedLaw:
    """The law as it was known before a change and as it is now; `quarter` is the first that the change may touch."""

    before: Law
    after: Law
    quarter: str
    reason: LawChange


@dataclass(slots=True)
class RedecisionOutcome:
    """What persons decided again lead to, and what was raised for those who could not be."""

    outcome: BundleOutcome = field(default_factory=BundleOutcome)
    problems: dict[bytes, str] = field(default_factory=dict)


def redecide(
    persons: Iterable[bytes],
    held: Iterable[HeldFact],
    states: Mapping[Slot, Mapping[str, FindingState]],
    histories: Mapping[bytes, bytes],
    reader: FactReader,
    law: ChangedLaw,
    at: datetime,
) -> RedecisionOutcome:
    """The findings that the change of the law makes others than they were, found at `at`.

    `held` has the facts of each person since the first quarter that is touched and every decision about them; all facts
    of a person without a history.
    """
    present: dict[bytes, HeldFacts] = defaultdict(dict)
    for fact in held:
        present[fact.key.person][fact.key] = fact
    published: dict[bytes, dict[Slot, Mapping[str, FindingState]]] = defaultdict(dict)
    for slot, of_slot in states.items():
        published[slot.person][slot] = of_slot
    result = RedecisionOutcome()
    for person in persons:
        case = PersonState(person, present[person], published[person], histories.get(person))
        try:
            changed = _decide_again(case, reader, law, at)
        except Exception as error:  # noqa: BLE001 - a fault in one person's case must not stop everybody's
            result.problems[person] = where_raised(error)
            continue
        result.outcome.changes += changed.changes
        result.outcome.histories |= changed.histories
    result.outcome.tallies = sum_up_findings(result.outcome)
    return result


def _decide_again(case: PersonState, reader: FactReader, law: ChangedLaw, at: datetime) -> BundleOutcome:
    outcome, day = BundleOutcome(), legal_day(at)
    if not case.held:
        return outcome
    seen: dict[Slot, Situation | None] = {}
    for slot in sorted({fact.slot for fact in case.held.values() if fact.key.kind != ENTITLEMENTS}):
        witness = Witness(reader)
        current = seen[slot] = situation(slot, case.held, witness)
        if current is not None and slot.quarter >= law.quarter:
            old, new = decide_all(current, day, law.before), decide_all(current, day, law.after)
            touched = _touched(old, new)
            before, now = _only(case.states.get(slot, {}), touched), [one for one in new if finding_id(one) in touched]
            found = changes(before, now, at, witness.evidence, law.reason)
            outcome.changes += [(slot, change) for change in found]
    slots = slots_of_history(case, case.held, {}, seen, reader)
    witness = Witness(reader)
    work = {place: record.worked for place, record in slots.items()}
    number = number_of(list(case.held.values()), case.held, reader)
    about_person = past.history(number, work, decisions(case.person, case.held, witness))
    old, new = (decide_history(about_person, day, one) for one in (law.before, law.after))
    touched = _touched(old, new)
    of_history = PersonState(
        case.person, case.held, {slot: _only(some, touched) for slot, some in case.states.items()}, case.history
    )
    now = [one for one in new if finding_id(one) in touched]
    outcome.changes += history_changes(of_history, now, at, slots, witness, law.reason)
    return outcome


def _touched(old: list[Finding], new: list[Finding]) -> frozenset[str]:
    """The findings that the two laws do not give alike."""
    before, after = ({finding_id(one): essence(one) for one in some} for some in (old, new))
    return frozenset(name for name in before | after if before.get(name) != after.get(name))


def _only(states: Mapping[str, FindingState], names: frozenset[str]) -> dict[str, FindingState]:
    return {name: state for name, state in states.items() if name in names}
