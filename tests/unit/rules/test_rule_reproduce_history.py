"""What is found in a history shows what it rests on, and any order of facts ends in findings that are decided again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import chain, pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from rules.casebook.case_events import EMPLOYER, events
from rules.casebook.case_history import number
from rules.law.law import Law
from rules.law.load import catalogue, law_in_texts
from rules.questions.reproduce import Reproduction, reproduce
from rules.stream.arrival import arrive
from rules.stream.bundle import decide_bundle
from rules.stream.evidence import FactReader
from rules.stream.finding_changes import FindingState
from rules.stream.held_facts import ENTITLEMENTS, PARTS, WORKING_TIME, FactKey, HeldFact, Slot
from rules.view.history import unpack
from rules.view.required_fields import NEEDS
from schemas.codec import encode_body
from schemas.contracts import Contract, contract, make
from schemas.fields import narrower
from schemas.registry import SchemaBook
from schemas.twins.rules_facts import Fact
from tests.builders.law import LAW

AT = datetime(2026, 7, 20, tzinfo=UTC)
ANNE = b"a" * 16
YOUNG, SENIOR = number(date(2003, 3, 15)), number(date(1973, 6, 10))
OTHER_EMPLOYER = "0428759497"
NARROW: dict[str, Contract] = {
    kind: make(kind, narrower(contract(kind).schema, NEEDS[kind])) for kind in (*PARTS, ENTITLEMENTS)
}
BOOK = SchemaBook()
for _narrow in NARROW.values():
    BOOK.add(_narrow)
ENVELOPE = {"occurred_at": AT, "trace_parent": "", "deliberation": "24/100@2", "replay": False}
Facts = list[Fact]


def fact(kind: str, record: dict[str, Any]) -> Fact:
    return {"person": ANNE, "contract": NARROW[kind].id, "body": encode_body(NARROW[kind], record)}


def declared(
    person: str,
    quarter: str,
    case: dict[str, Any],
    *,
    version: int = 1,
    status: str = "original",
    employer: str = EMPLOYER,
) -> Facts:
    """The three facts of one quarter of work."""
    made = events({"quarter": quarter, "person": person, "days": {1: 60}, **case})
    about = {"declaration": f"{quarter}-{employer}", "version": version, "status": status, "employer": employer}
    return [
        fact(kind, {**event, **ENVELOPE, **about, "event": f"{kind}-{quarter}-{employer}@{version}"})
        for kind, event in zip(PARTS, made, strict=True)
    ]


def decided(person: str, name: str, what: dict[str, Any], *, version: int = 1, status: str = "original") -> Facts:
    """The fact of one decision of an institution."""
    record = {
        "event": f"{name}@{version}", "declaration": name, "version": version, "status": status, "quarter": "",
        "employer": "", "person": person, "institution": "rva", "nature": "", "until": None, **ENVELOPE, **what,
    }  # fmt: skip
    return [fact(ENTITLEMENTS, record)]


class Store:
    """What PostgreSQL would hold between bundles: held facts are read only as far as the queries read them."""

    def __init__(self) -> None:
        self.facts: dict[FactKey, HeldFact] = {}
        self.earlier: list[HeldFact] = []
        self.states: dict[Slot, dict[str, FindingState]] = {}
        self.histories: dict[bytes, bytes] = {}
        self.reader = FactReader(BOOK)

    def take(self, *some: Facts) -> list[FindingState]:
        """The findings told, by rule."""
        arrived = arrive({"at": AT, "facts": list(chain(*some))}, self.reader)
        held = list(self._held(arrived.quarters(), arrived.with_decisions()))
        outcome = decide_bundle(arrived, held, self.states, self.reader, LAW, histories=self.histories)
        assert outcome.failures == []
        self.facts |= {one.key: one for one in outcome.facts}
        self.earlier += outcome.earlier
        self.histories |= outcome.histories
        for slot, change in outcome.changes:
            self._tell(slot, change.state)
        told = [change.state for _, change in outcome.changes]
        assert len({one.finding for one in told}) == len(told), "one change of a finding in a bundle, never two"
        return told

    def _tell(self, slot: Slot, state: FindingState) -> None:
        before = self.states.setdefault(slot, {}).get(state.finding)
        stood = before is not None and before.status != "withdrawn"
        assert state.version == (before.version if before else 0) + 1
        assert state.status in (("replaced", "withdrawn") if stood else ("found",))
        self.states[slot][state.finding] = state

    def _held(self, quarters: list[str], decisions: list[bytes]) -> Iterator[HeldFact]:
        """As held.sql."""
        for place, one in self.facts.items():
            if place.quarter in quarters or place.person in decisions or place.person not in self.histories:
                yield one

    def everything(self) -> list[HeldFact]:
        return [*self.facts.values(), *self.earlier]

    def told(self, rule: str) -> tuple[Slot, FindingState]:
        (found,) = ((slot, state) for slot, state in self.all() if state.record()["rule"] == rule)
        return found

    def all(self) -> Iterator[tuple[Slot, FindingState]]:
        for slot, states in self.states.items():
            for state in states.values():
                yield slot, state

    def again(self, rule: str, facts: list[HeldFact] | None = None, law: Law = LAW) -> Reproduction:
        slot, state = self.told(rule)
        return reproduce(slot, state, self.everything() if facts is None else facts, self.reader, law)

    def standing(self) -> dict[str, str]:
        """What makes each finding that stands what it is."""
        return {state.finding: state.essence for _, state in self.all() if state.status != "withdrawn"}


OCTOBER = {"from": date(2025, 10, 1)}
ALLOWANCE = {"kind": "disability_allowance", "from": date(2026, 1, 1)}
INCREASED = {"kind": "increased_reimbursement", "from": date(2026, 3, 1)}
SERVED, YEAR = declared(YOUNG, "2025Q4", OCTOBER), declared(YOUNG, "2026Q1", OCTOBER)
TIMES = {f"{WORKING_TIME}-{quarter}-{EMPLOYER}@1" for quarter in ("2025Q4", "2026Q1")}


def evidence(store: Store, rule: str) -> dict[str, str]:
    return {one["event"]: one["sha256"] for one in store.told(rule)[1].record()["evidence"]}


def test_a_right_names_the_working_time_of_every_quarter_and_every_decision_with_the_digest_of_what_was_read() -> None:
    store, allowance = Store(), decided(YOUNG, "v1", ALLOWANCE)
    store.take(SERVED)
    store.take(allowance)
    store.take(YEAR)
    assert evidence(store, "youth_holiday") == {
        f"{WORKING_TIME}-2025Q4-{EMPLOYER}@1": sha256(SERVED[1]["body"]).hexdigest(),
        f"{WORKING_TIME}-2026Q1-{EMPLOYER}@1": sha256(YEAR[1]["body"]).hexdigest(),
        "v1@1": sha256(allowance[0]["body"]).hexdigest(),
    }
    assert set(store.told("youth_holiday")[1].record()["causes"]) <= set(evidence(store, "youth_holiday"))


def test_a_right_is_decided_again_to_the_same_bytes_from_the_events_of_all_its_quarters() -> None:
    store = Store()
    store.take(SERVED)
    store.take(YEAR)
    assert store.again("youth_holiday") == Reproduction(store.told("youth_holiday")[1].body, True)


def test_a_right_on_decisions_alone_is_decided_again() -> None:
    store = Store()
    store.take(decided(SENIOR, "v1", ALLOWANCE))
    assert set(evidence(store, "increased_reimbursement")) == {"v1@1"}
    assert store.again("increased_reimbursement").same


def test_facts_that_were_replaced_since_are_those_it_is_decided_again_from() -> None:
    store = Store()
    store.take(SERVED)
    store.take(YEAR)
    store.take(declared(YOUNG, "2025Q4", {**OCTOBER, "days": {1: 59}}, version=2))
    assert store.told("youth_holiday")[1].version == 1
    assert set(evidence(store, "youth_holiday")) == TIMES
    assert store.again("youth_holiday").same


def test_half_a_correction_is_no_part_of_what_a_right_rests_on() -> None:
    store = Store()
    store.take(SERVED)
    store.take(declared(YOUNG, "2025Q4", {**OCTOBER, "days": {1: 59}}, version=2)[1:2])
    store.take(YEAR)
    assert set(evidence(store, "youth_holiday")) == TIMES
    assert store.again("youth_holiday").same


def test_a_right_that_was_taken_up_rests_on_what_took_it_back() -> None:
    store = Store()
    store.take(decided(SENIOR, "v1", ALLOWANCE))
    store.take(decided(SENIOR, "b1", INCREASED))
    slot, state = store.told("increased_reimbursement")
    assert (state.status, set(evidence(store, "increased_reimbursement"))) == ("withdrawn", {"v1@1", "b1@1"})
    assert store.again("increased_reimbursement").same
    seen = reproduce(slot, replace(state, status="found"), store.everything(), store.reader, LAW)
    assert [one.field for one in seen.differences] == ["finding"]


@pytest.mark.parametrize(
    ("last", "took"),
    [
        (declared(YOUNG, "2026Q1", OCTOBER, version=2, status="cancelled"), f"2026Q1-{EMPLOYER}@2"),
        (declared(YOUNG, "2026Q2", {**OCTOBER, "days": {1: 50, 73: 10}}), f"2026Q2-{EMPLOYER}@1"),
    ],
    ids=["cancelled", "taken"],
)
def test_a_withdrawal_is_decided_again_and_names_what_withdrew_it(last: Facts, took: str) -> None:
    store = Store()
    store.take(SERVED)
    store.take(YEAR)
    store.take(last)
    assert store.told("youth_holiday")[1].status == "withdrawn"
    assert f"{WORKING_TIME}-{took}" in evidence(store, "youth_holiday")
    assert store.again("youth_holiday").same


def test_a_person_of_whom_all_was_cancelled_leaves_a_withdrawal_that_is_decided_again() -> None:
    store = Store()
    store.take(SERVED, YEAR)
    cancelled = [declared(YOUNG, quarter, OCTOBER, version=2, status="cancelled") for quarter in ("2025Q4", "2026Q1")]
    store.take(*cancelled)
    assert len(evidence(store, "youth_holiday")) == 2
    assert store.again("youth_holiday").same


def test_another_law_over_a_history_gives_other_bytes_and_the_difference_is_shown() -> None:
    store = Store()
    store.take(SERVED)
    store.take(YEAR)
    text = (catalogue() / "holiday_benefit.yaml").read_text("utf-8")
    older = (catalogue() / "youth_holiday.yaml").read_text("utf-8").replace("below: 25", "below: 20")
    assert "percent: 65" in text
    raised = law_in_texts({"holiday_benefit": text.replace("percent: 65", "percent: 70")}, LAW)
    richer = store.again("youth_holiday", law=raised)
    gone = store.again("youth_holiday", law=law_in_texts({"youth_holiday": older}, LAW))
    assert any("65" in one.published and "70" in one.now for one in richer.differences)
    assert [(one.field, one.now) for one in gone.differences] == [("finding", "nothing")]
    assert store.again("youth_holiday").same


def test_an_event_of_a_history_that_is_not_held_or_not_the_same_is_named() -> None:
    store = Store()
    store.take(SERVED)
    store.take(YEAR)
    name = f"{WORKING_TIME}-2025Q4-{EMPLOYER}@1"
    rest = [one for one in store.everything() if store.reader(one)["event"] != name]
    assert store.again("youth_holiday", rest).problem == f"1 events it rests on are not held any more: {name}"
    (held,) = (one for one in store.everything() if one not in rest)
    other = declared(YOUNG, "2025Q4", {**OCTOBER, "days": {1: 59}})[1]["body"]
    forged = store.again("youth_holiday", [*rest, replace(held, body=other)])
    assert (forged.same, forged.problem) == (False, f"1 events it rests on are not held any more: {name}")


FEBRUARY = {"from": date(2026, 2, 2), "wage": {1: 6771.00}}
FULL = {"kind": "unemployment_benefit", "nature": "01", "from": date(2024, 11, 1), "until": date(2025, 9, 30)}
LIFE: Facts = [
    *declared(SENIOR, "2025Q4", {"from": date(2025, 10, 1), "until": date(2025, 12, 31), "wage": {1: 6500.00}}),
    *declared(SENIOR, "2026Q1", FEBRUARY),
    *declared(SENIOR, "2026Q1", {**FEBRUARY, "claimed": {3000: 100.00}}, version=2, status="changed"),
    *declared(SENIOR, "2026Q2", {**FEBRUARY, "days": {1: 30, 50: 30}}),
    *declared(SENIOR, "2026Q2", {**FEBRUARY, "days": {1: 20, 50: 40}}, version=2, status="changed"),
    *declared(SENIOR, "2026Q2", FEBRUARY, employer=OTHER_EMPLOYER),
    *declared(SENIOR, "2026Q2", FEBRUARY, version=2, status="cancelled", employer=OTHER_EMPLOYER),
    *decided(SENIOR, "u1", {**FULL, "nature": "02", "until": None}),
    *decided(SENIOR, "u1", FULL, version=2, status="changed"),
    *decided(SENIOR, "v1", ALLOWANCE),
    *decided(SENIOR, "b1", INCREASED),
    *decided(SENIOR, "b1", INCREASED, version=2, status="cancelled"),
]


def lived(order: list[int], cuts: list[int]) -> Store:
    store = Store()
    for first, last in pairwise([0, *sorted(set(cuts)), len(LIFE)]):
        store.take([LIFE[place] for place in order[first:last]])
    return store


IN_ORDER = lived(list(range(len(LIFE))), list(range(1, len(LIFE))))


def test_the_life_has_findings_of_one_quarter_and_of_the_whole_history() -> None:
    rules = {state.record()["rule"] for _, state in IN_ORDER.all() if state.status != "withdrawn"}
    assert rules >= {"structural_reduction", "senior_holiday", "increased_reimbursement", "sickness_benefit"}
    assert {state.status for _, state in IN_ORDER.all()} >= {"found", "replaced", "withdrawn"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some.permutations(range(len(LIFE))), some.lists(some.integers(1, len(LIFE) - 1), max_size=len(LIFE)))
def test_single_facts_in_any_order_and_any_bundles_end_in_the_same_facts_history_and_findings(
    order: list[int], cuts: list[int]
) -> None:
    store = lived(order, cuts)
    assert store.facts == IN_ORDER.facts
    assert unpack(store.histories[ANNE]) == unpack(IN_ORDER.histories[ANNE])
    assert store.standing() == IN_ORDER.standing()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some.permutations(range(len(LIFE))), some.lists(some.integers(1, len(LIFE) - 1), max_size=len(LIFE)))
def test_whatever_was_told_in_any_order_is_decided_again_to_the_same_bytes(order: list[int], cuts: list[int]) -> None:
    store = lived(order, cuts)
    facts = store.everything()
    told = list(store.all())
    assert told
    for slot, state in told:
        again = reproduce(slot, state, facts, store.reader, LAW)
        assert again.same, (state.record()["rule"], again.problem, again.differences)
