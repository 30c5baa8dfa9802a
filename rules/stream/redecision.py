"""Decides persons again after the law changed backwards: pure, and only what the change makes different."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from rules.catalogue import decide_all, decide_history
from rules.findings.finding import Finding
from rules.law.knowledge import last_known
from rules.law.law import Law
from rules.stream.bundle import BundleOutcome, sum_up_findings, where_raised
from rules.stream.evidence import FactReader, Witness
from rules.stream.finding_changes import DecidedBy, FindingChange, FindingState, LawChange, changes, essence, finding_id
from rules.stream.held_facts import ENTITLEMENTS, HeldFact, HeldFacts, Slot, decisions, situation
from rules.stream.person import PersonState, history_changes, number_of, quarters_of
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

    def decided(self, at: datetime) -> DecidedBy:
        """By what findings are published that the change leads to."""
        return DecidedBy(at, last_known(self.after), self.reason)


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
        result.outcome.changes += changed
    result.outcome.tallies = sum_up_findings(result.outcome)
    return result


Changes = list[tuple[Slot, FindingChange]]


def _decide_again(case: PersonState, reader: FactReader, law: ChangedLaw, at: datetime) -> Changes:
    if not case.held:
        return []
    seen: dict[Slot, Situation | None] = {}
    changed: Changes = []
    for slot in sorted({fact.slot for fact in case.held.values() if fact.key.kind != ENTITLEMENTS}):
        witness = Witness(reader)
        current = seen[slot] = situation(slot, case.held, witness)
        if current is not None and slot.quarter >= law.quarter:
            touched, now = _difference(*(decide_all(current, legal_day(at), one) for one in (law.before, law.after)))
            before = _only(case.states.get(slot, {}), touched)
            changed += [(slot, change) for change in changes(before, now, law.decided(at), witness.evidence)]
    return changed + _of_history(case, seen, reader, law, at)


def _of_history(
    case: PersonState, seen: Mapping[Slot, Situation | None], reader: FactReader, law: ChangedLaw, at: datetime
) -> Changes:
    quarters, witness = quarters_of(case, case.held, {}, seen, reader), Witness(reader)
    work = {place: record.worked for place, record in quarters.items()}
    number = number_of(list(case.held.values()), case.held, reader)
    about_person = past.history(number, work, decisions(case.person, case.held, witness))
    touched, now = _difference(*(decide_history(about_person, legal_day(at), one) for one in (law.before, law.after)))
    states = {slot: _only(published, touched) for slot, published in case.states.items()}
    return history_changes(replace(case, states=states), now, law.decided(at), quarters, witness)


def _difference(old: list[Finding], new: list[Finding]) -> tuple[frozenset[str], list[Finding]]:
    """The findings that two laws do not give alike, by identifier, and those of them that the second one gives."""
    before, after = ({finding_id(one): essence(one) for one in some} for some in (old, new))
    touched = frozenset(name for name in before | after if before.get(name) != after.get(name))
    return touched, [one for one in new if finding_id(one) in touched]


def _only(states: Mapping[str, FindingState], names: frozenset[str]) -> dict[str, FindingState]:
    return {name: state for name, state in states.items() if name in names}
