"""Decides a finding again from its evidence: the same events and the same law give the same bytes."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from rules.catalogue import decide_all, decide_history
from rules.findings.finding import Finding
from rules.law.knowledge import first_known, known_on
from rules.law.law import Law
from rules.stream.bundle import Decide, FactReader, Witness, exhibit
from rules.stream.finding_changes import FINDINGS, WITHDRAWN, FindingState, LawChange, finding_id, tell
from rules.stream.held_facts import (
    CANCELLED,
    WORKING_TIME,
    Content,
    HeldFact,
    HeldFacts,
    Slot,
    decisions,
    situation,
    working_times,
)
from rules.view import history as past
from rules.view.history import PersonHistory
from rules.view.situation import lines
from schemas.codec import decode_body, encode_body
from schemas.contracts import contract
from schemas.legal_day import legal_day

NOTHING = "nothing"
DecideHistory = Callable[[PersonHistory, date, Law], list[Finding]]


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A field of a finding that differs: as published, and as decided now."""

    field: str
    published: str
    now: str


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A finding decided again; `problem` says why it could not be."""

    body: bytes | None
    same: bool
    differences: tuple[FieldDifference, ...] = ()
    problem: str = ""


NO_PART: Content = {"lines": ()}
"""Wages and contributions, of which a history has nothing."""


def reproduce(
    slot: Slot,
    told: FindingState,
    facts: Iterable[HeldFact],
    reader: FactReader,
    law: Law,
    *,
    decide: Decide = decide_all,
    decide_past: DecideHistory = decide_history,
) -> Reproduction:
    """Decide a finding again from those of `facts` it rests on, by the law as it was known when it was published."""
    record = told.record()
    wanted = {(one["event"], one["sha256"]) for one in record["evidence"]}
    if not wanted:
        return _failed("it was made before the events behind it were kept")
    held: HeldFacts = {}
    for fact in facts:
        shown = exhibit(fact, reader)
        if (shown["event"], shown["sha256"]) in wanted:
            held[fact.key] = fact
            wanted.discard((shown["event"], shown["sha256"]))
    if wanted:
        return _failed(f"{len(wanted)} events it rests on are not held any more: {', '.join(sorted(_events(wanted)))}")
    witness = Witness(reader)
    day = legal_day(record["found_at"])
    law = known_on(max(day, first_known(law)), law)
    if slot.employer:
        seen = situation(slot, held, witness)
        if seen is None:
            return _failed("the events it rests on are not all of one version")
        now = decide(seen, day, law)
    else:
        now = decide_past(_history(slot.person, held, witness), day, law)
    return _again(told, record, {finding_id(one): one for one in now}.get(told.finding), witness)


def _history(person: bytes, held: HeldFacts, read: Witness) -> PersonHistory:
    """The history these facts led to: the working time of every slot, and the decisions."""
    work: dict[past.QuarterAtEmployer, tuple[past.Worked, ...]] = {}
    for slot in sorted({one.slot for one in held.values() if one.key.kind == WORKING_TIME}):
        parts = [read(one) for one in working_times(slot, held)]
        found = [line for part in parts if part["status"] != CANCELLED for line in lines(NO_PART, part, NO_PART)]
        events = tuple(part["event"] for part in parts)
        work[slot.quarter, slot.employer] = past.timed(slot.quarter, slot.employer, found, events)
    decided = list(decisions(person, held, read))
    return past.history(read(next(iter(held.values())))["person"], work, decided)


def _again(told: FindingState, record: dict[str, Any], found: Finding | None, witness: Witness) -> Reproduction:
    if told.status == WITHDRAWN:
        return _withdrawn(told, record, witness, again=found is not None)
    if found is None:
        return Reproduction(None, False, (FieldDifference("finding", told.finding, NOTHING),))
    change = tell(found, told.finding, told.version, told.status, record["found_at"], witness.evidence, _of(record))
    return _compared(told, change.state.body)


def _of(record: dict[str, Any]) -> LawChange | None:
    change = record["law_change"]
    return None if change is None else LawChange(change["known"], tuple(change["parameters"]))


def _withdrawn(told: FindingState, record: dict[str, Any], witness: Witness, *, again: bool) -> Reproduction:
    """A withdrawal is the record as published before, withdrawn because nothing is found any more."""
    if again:
        return Reproduction(None, False, (FieldDifference("status", WITHDRAWN, "found"),))
    return _compared(told, encode_body(contract(FINDINGS), record | {"evidence": witness.evidence()}))


def _events(pairs: set[tuple[str, str]]) -> set[str]:
    return {event for event, _ in pairs}


def _failed(problem: str) -> Reproduction:
    return Reproduction(None, False, (), problem)


def _compared(told: FindingState, body: bytes) -> Reproduction:
    if body == told.body and told.contract == contract(FINDINGS).id:
        return Reproduction(body, True)
    newest = contract(FINDINGS)
    found = list(_differences(told.record(), decode_body(newest, body)))
    if told.contract != newest.id:
        found.insert(0, FieldDifference("contract", f"{FINDINGS} {told.contract}", f"{FINDINGS} {newest.id}"))
    return Reproduction(body, False, tuple(found))


def _differences(told: dict[str, Any], now: dict[str, Any]) -> Iterator[FieldDifference]:
    for name, value in now.items():
        if isinstance(value, list):
            before = told[name]
            for number in range(max(len(before), len(value))):
                pair = [_shown(one[number]) if number < len(one) else NOTHING for one in (before, value)]
                if pair[0] != pair[1]:
                    yield FieldDifference(f"{name} {number + 1}", *pair)
        elif told[name] != value:
            yield FieldDifference(name, _shown(told[name]), _shown(value))


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(str(part) for name, part in value.items() if name != "parameters" and part is not None)
    return NOTHING if value is None else str(value)
