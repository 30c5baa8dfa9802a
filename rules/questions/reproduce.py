"""Decides a finding again from its evidence: the same events and the same law give the same bytes."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from rules.catalogue import decide_all, decide_history
from rules.findings.finding import Finding
from rules.law.knowledge import first_known, known_on
from rules.law.law import Law
from rules.stream.evidence import FactReader, Witness, exhibit
from rules.stream.finding_changes import FINDINGS, WITHDRAWN, DecidedBy, FindingState, LawChange, finding_id, tell
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
from rules.stream.person import Decide
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
    published: FindingState,
    facts: Iterable[HeldFact],
    reader: FactReader,
    law: Law,
    *,
    decide: Decide = decide_all,
    decide_past: DecideHistory = decide_history,
) -> Reproduction:
    """Decide a finding again from those of `facts` it rests on, by the law as it was known when it was published."""
    record = published.record()
    wanted = {(event["event"], event["sha256"]) for event in record["evidence"]}
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
    law = known_on(_known_on(record, law), law)
    if slot.employer:
        seen = situation(slot, held, witness)
        if seen is None:
            return _failed("the events it rests on are not all of one version")
        now = decide(seen, day, law)
    else:
        now = decide_past(_history(slot.person, held, witness), day, law)
    return _again(published, record, {finding_id(finding): finding for finding in now}.get(published.finding), witness)


def _history(person: bytes, held: HeldFacts, read: Witness) -> PersonHistory:
    """The history these facts led to: the working time of every slot, and the decisions."""
    work: dict[past.QuarterAtEmployer, tuple[past.Worked, ...]] = {}
    for slot in sorted({fact.slot for fact in held.values() if fact.key.kind == WORKING_TIME}):
        parts = [read(fact) for fact in working_times(slot, held)]
        worker_lines = [line for part in parts if part["status"] != CANCELLED for line in lines(NO_PART, part, NO_PART)]
        events = tuple(part["event"] for part in parts)
        work[slot.quarter, slot.employer] = past.timed(slot.quarter, slot.employer, worker_lines, events)
    decided = list(decisions(person, held, read))
    return past.history(read(next(iter(held.values())))["person"], work, decided)


def _again(published: FindingState, record: dict[str, Any], decided: Finding | None, witness: Witness) -> Reproduction:
    if published.status == WITHDRAWN:
        return _withdrawn(published, record, witness, again=decided is not None)
    if decided is None:
        return Reproduction(None, False, (FieldDifference("finding", published.finding, NOTHING),))
    by = DecidedBy(record["found_at"], record["law_known_on"], _law_change(record))
    change = tell(decided, published.finding, published.version, published.status, by, witness.evidence)
    return _compared(published, change.state.body)


def _known_on(record: dict[str, Any], law: Law) -> date:
    """The day as of which the law was known that decided; records of older contracts only say when they were made."""
    day: date = record["law_known_on"] or max(legal_day(record["found_at"]), first_known(law))
    return day


def _law_change(record: dict[str, Any]) -> LawChange | None:
    change = record["law_change"]
    return None if change is None else LawChange(change["known"], tuple(change["parameters"]))


def _withdrawn(published: FindingState, record: dict[str, Any], witness: Witness, *, again: bool) -> Reproduction:
    """A withdrawal is the record as published before, withdrawn because nothing is found any more."""
    if again:
        return Reproduction(None, False, (FieldDifference("status", WITHDRAWN, "found"),))
    return _compared(published, encode_body(contract(FINDINGS), record | {"evidence": witness.evidence()}))


def _events(pairs: set[tuple[str, str]]) -> set[str]:
    return {event for event, _ in pairs}


def _failed(problem: str) -> Reproduction:
    return Reproduction(None, False, (), problem)


def _compared(published: FindingState, body: bytes) -> Reproduction:
    if body == published.body and published.contract == contract(FINDINGS).id:
        return Reproduction(body, True)
    newest = contract(FINDINGS)
    differences = list(_differences(published.record(), decode_body(newest, body)))
    if published.contract != newest.id:
        differences.insert(
            0, FieldDifference("contract", f"{FINDINGS} {published.contract}", f"{FINDINGS} {newest.id}")
        )
    return Reproduction(body, False, tuple(differences))


def _differences(published: dict[str, Any], now: dict[str, Any]) -> Iterator[FieldDifference]:
    for name, value in now.items():
        if isinstance(value, list):
            before = published[name]
            for number in range(max(len(before), len(value))):
                pair = [_shown(side[number]) if number < len(side) else NOTHING for side in (before, value)]
                if pair[0] != pair[1]:
                    yield FieldDifference(f"{name} {number + 1}", *pair)
        elif published[name] != value:
            yield FieldDifference(name, _shown(published[name]), _shown(value))


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(str(part) for name, part in value.items() if name != "parameters" and part is not None)
    return NOTHING if value is None else str(value)
