"""What is found in a history shows what it rests on, and any order of facts ends in findings that are decided again."""

from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from rules.casebook.case_events import EMPLOYER
from rules.casebook.case_history import number
from rules.law.load import catalogue, law_in_texts
from rules.questions.reproduce import Reproduction, reproduce
from rules.stream.held_facts import WORKING_TIME
from rules.view.history import unpack
from tests.builders.facts import ANNE, Facts, decided, declared
from tests.builders.law import LAW
from tests.builders.rules_store import MemoryStore

AT = datetime(2026, 7, 20, tzinfo=UTC)
YOUNG, SENIOR = number(date(2003, 3, 15)), number(date(1973, 6, 10))
OTHER_EMPLOYER = "0428759497"
OCTOBER = {"from": date(2025, 10, 1)}
ALLOWANCE = {"kind": "disability_allowance", "from": date(2026, 1, 1)}
INCREASED = {"kind": "increased_reimbursement", "from": date(2026, 3, 1)}
SERVED, YEAR = declared(YOUNG, "2025Q4", OCTOBER), declared(YOUNG, "2026Q1", OCTOBER)
TIMES = {f"{WORKING_TIME}-{quarter}-{EMPLOYER}@1" for quarter in ("2025Q4", "2026Q1")}


def evidence(store: MemoryStore, rule: str) -> dict[str, str]:
    return {one["event"]: one["sha256"] for one in store.finding_of(rule)[1].record()["evidence"]}


def test_a_right_names_the_working_time_of_every_quarter_and_every_decision_with_the_digest_of_what_was_read() -> None:
    store, allowance = MemoryStore(at=AT), decided(YOUNG, "v1", ALLOWANCE)
    store.take(SERVED)
    store.take(allowance)
    store.take(YEAR)
    assert evidence(store, "youth_holiday") == {
        f"{WORKING_TIME}-2025Q4-{EMPLOYER}@1": sha256(SERVED[1]["body"]).hexdigest(),
        f"{WORKING_TIME}-2026Q1-{EMPLOYER}@1": sha256(YEAR[1]["body"]).hexdigest(),
        "v1@1": sha256(allowance[0]["body"]).hexdigest(),
    }
    assert set(store.finding_of("youth_holiday")[1].record()["causes"]) <= set(evidence(store, "youth_holiday"))


def test_a_right_is_decided_again_to_the_same_bytes_from_the_events_of_all_its_quarters() -> None:
    store = MemoryStore(at=AT)
    store.take(SERVED)
    store.take(YEAR)
    assert store.again("youth_holiday") == Reproduction(store.finding_of("youth_holiday")[1].body, True)


def test_a_right_on_decisions_alone_is_decided_again() -> None:
    store = MemoryStore(at=AT)
    store.take(decided(SENIOR, "v1", ALLOWANCE))
    assert set(evidence(store, "increased_reimbursement")) == {"v1@1"}
    assert store.again("increased_reimbursement").same


def test_facts_that_were_replaced_since_are_those_it_is_decided_again_from() -> None:
    store = MemoryStore(at=AT)
    store.take(SERVED)
    store.take(YEAR)
    store.take(declared(YOUNG, "2025Q4", {**OCTOBER, "days": {1: 59}}, version=2))
    assert store.finding_of("youth_holiday")[1].version == 1
    assert set(evidence(store, "youth_holiday")) == TIMES
    assert store.again("youth_holiday").same


def test_half_a_correction_is_no_part_of_what_a_right_rests_on() -> None:
    store = MemoryStore(at=AT)
    store.take(SERVED)
    store.take(declared(YOUNG, "2025Q4", {**OCTOBER, "days": {1: 59}}, version=2)[1:2])
    store.take(YEAR)
    assert set(evidence(store, "youth_holiday")) == TIMES
    assert store.again("youth_holiday").same


def test_a_right_that_was_taken_up_rests_on_what_took_it_back() -> None:
    store = MemoryStore(at=AT)
    store.take(decided(SENIOR, "v1", ALLOWANCE))
    store.take(decided(SENIOR, "b1", INCREASED))
    slot, state = store.finding_of("increased_reimbursement")
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
    store = MemoryStore(at=AT)
    store.take(SERVED)
    store.take(YEAR)
    store.take(last)
    assert store.finding_of("youth_holiday")[1].status == "withdrawn"
    assert f"{WORKING_TIME}-{took}" in evidence(store, "youth_holiday")
    assert store.again("youth_holiday").same


def test_a_person_of_whom_all_was_cancelled_leaves_a_withdrawal_that_is_decided_again() -> None:
    store = MemoryStore(at=AT)
    store.take(SERVED, YEAR)
    cancelled = [declared(YOUNG, quarter, OCTOBER, version=2, status="cancelled") for quarter in ("2025Q4", "2026Q1")]
    store.take(*cancelled)
    assert len(evidence(store, "youth_holiday")) == 2
    assert store.again("youth_holiday").same


def test_another_law_over_a_history_gives_other_bytes_and_the_difference_is_shown() -> None:
    store = MemoryStore(at=AT)
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
    store = MemoryStore(at=AT)
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


def lived(order: list[int], cuts: list[int]) -> MemoryStore:
    store = MemoryStore(at=AT)
    for first, last in pairwise([0, *sorted(set(cuts)), len(LIFE)]):
        store.take([LIFE[place] for place in order[first:last]])
    return store


IN_ORDER = lived(list(range(len(LIFE))), list(range(1, len(LIFE))))


def test_the_life_has_findings_of_one_quarter_and_of_the_whole_history() -> None:
    rules = {state.record()["rule"] for _, state in IN_ORDER.published() if state.status != "withdrawn"}
    assert rules >= {"structural_reduction", "senior_holiday", "increased_reimbursement", "sickness_benefit"}
    assert {state.status for _, state in IN_ORDER.published()} >= {"found", "replaced", "withdrawn"}


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
    told = list(store.published())
    assert told
    for slot, state in told:
        again = reproduce(slot, state, facts, store.reader, LAW)
        assert again.same, (state.record()["rule"], again.problem, again.differences)
