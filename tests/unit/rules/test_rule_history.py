"""Rules over several quarters: any order of facts ends in the same state, and only what a fact touches is told anew."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from rules.casebook.case_events import EMPLOYER, PERSON, Example
from rules.casebook.case_history import case_history, number
from rules.casebook.trial import decide
from rules.catalogue import HISTORY_RULES, decide_history
from rules.stream.finding_changes import FindingState
from rules.stream.held_facts import WORKING_TIME
from rules.view.history import PersonHistory, QuarterRecord, copied, pack, unpack, worked
from schemas.identifiers import quarter_days, quarter_of
from schemas.twins.rules_facts import Fact
from tests.builders.facts import ANNE, Facts, decided, declared, event_name
from tests.builders.law import LAW
from tests.builders.rules_store import MemoryStore
from tests.builders.shipped import EXAMPLES
from tests.builders.situations import situation_of

AT = datetime(2026, 7, 20, tzinfo=UTC)
LEAST_FOUND = 5
"""Cases of each rule in which something is found, at the very least."""
LOST_IN_TIME = {"increased_reimbursement"}
"""The rules with a case on the last day on which a status that has ended is still a ground to ask."""
YOUNG, SENIOR = number(date(2003, 3, 15)), number(date(1973, 6, 10))
OTHER_EMPLOYER = "0428759497"


def rights_store() -> MemoryStore:
    """Looks at the rules over several quarters only."""
    return MemoryStore(at=AT, decide=lambda *_: [])


def told(states: Iterable[FindingState]) -> list[tuple[str, str, str]]:
    """Rule, quarter and status of each finding."""
    records = [state.record() for state in states]
    return sorted((record["rule"], record["quarter"], record["status"]) for record in records)


def stands(store: MemoryStore) -> set[tuple[str, str, str]]:
    """Rule, quarter and certainty of each finding that stands."""
    records = [state.record() for _, state in store.published()]
    return {
        (record["rule"], record["quarter"], record["certainty"])
        for record in records
        if record["status"] != "withdrawn"
    }


def _digest(one: Fact) -> str:
    return sha256(one["body"]).hexdigest()


FEBRUARY = {"from": date(2026, 2, 2)}
OCTOBER = {"from": date(2025, 10, 1)}
ALLOWANCE = {"kind": "disability_allowance", "from": date(2026, 1, 1)}
INCREASED = {"kind": "increased_reimbursement", "from": date(2026, 3, 1)}
FULL = {"kind": "unemployment_benefit", "nature": "01", "from": date(2024, 11, 1), "until": date(2025, 9, 30)}
LIFE: list[Facts] = [
    declared(SENIOR, "2025Q4", {"from": date(2025, 10, 1), "until": date(2025, 12, 31)}),
    declared(SENIOR, "2026Q1", FEBRUARY),
    declared(SENIOR, "2026Q2", {**FEBRUARY, "days": {1: 30, 50: 30}}),
    declared(SENIOR, "2026Q2", {**FEBRUARY, "days": {1: 20, 50: 40}}, version=2),
    declared(SENIOR, "2026Q1", {"from": date(2026, 3, 2), "until": date(2026, 3, 31)}, employer=OTHER_EMPLOYER),
    decided(SENIOR, "u1", {**FULL, "nature": "02", "until": None}),
    decided(SENIOR, "u1", FULL, version=2),
    decided(SENIOR, "v1", ALLOWANCE),
    decided(SENIOR, "b1", INCREASED),
    decided(SENIOR, "b1", INCREASED, version=2, status="cancelled"),
]


def _of(bundles: list[list[Facts]]) -> MemoryStore:
    store = rights_store()
    for bundle in bundles:
        store.take(*bundle)
    return store


EXPECTED = {
    ("senior_holiday", "2026Q1", "likely"),
    ("senior_holiday", "2025Q4", "likely"),
    ("increased_reimbursement", "2026Q1", "likely"),
    ("maximum_billing", "2026Q1", "to_check"),
    ("social_energy_tariff", "2026Q1", "to_check"),
    ("sickness_benefit", "2026Q2", "likely"),
    ("additional_holiday", "2026Q2", "likely"),
}


def test_a_life_in_order_ends_in_what_the_rules_find() -> None:
    assert stands(_of([[one] for one in LIFE])) == EXPECTED


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some.permutations(range(len(LIFE))), some.lists(some.integers(1, len(LIFE) - 1), max_size=4))
def test_any_order_and_any_cut_into_bundles_ends_in_the_same_state(order: list[int], cuts: list[int]) -> None:
    edges = [0, *sorted(set(cuts)), len(LIFE)]
    store = _of([[LIFE[place] for place in order[a:b]] for a, b in pairwise(edges)])
    assert stands(store) == EXPECTED
    assert unpack(store.histories[ANNE]) == unpack(_of([LIFE]).histories[ANNE])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some.permutations([(place, part) for place in range(5) for part in range(3)]))
def test_the_parts_of_declarations_may_come_in_any_order(order: list[tuple[int, int]]) -> None:
    store = _of([[LIFE[6]], *([[LIFE[place][part]]] for place, part in order), [LIFE[7]]])
    assert stands(store) == EXPECTED


def test_a_late_quarter_is_read_without_the_quarters_around_it() -> None:
    store = _of([[one] for one in LIFE[:3]])
    store.take(declared(SENIOR, "2023Q1", {"from": date(2023, 1, 1), "until": date(2023, 3, 31)}))
    assert store.read == [0, 0, 0, 0]
    store.take(LIFE[3])
    assert store.read[-1] == 3


def test_whoever_has_no_history_yet_gets_one_of_everything_that_is_held() -> None:
    store = _of([[one] for one in LIFE[:7]])
    whole = dict(store.histories)
    store.histories.clear()
    store.take(LIFE[7])
    assert store.histories == whole


def test_a_correction_that_takes_the_days_withdraws_the_right_of_another_quarter() -> None:
    store = rights_store()
    store.take(declared(YOUNG, "2025Q4", OCTOBER))
    assert told(store.take(declared(YOUNG, "2026Q1", OCTOBER))) == [("youth_holiday", "2026Q1", "found")]
    later = declared(YOUNG, "2026Q2", {**OCTOBER, "days": {1: 50, 73: 10}})
    assert told(store.take(later)) == [("youth_holiday", "2026Q1", "withdrawn")]


def test_a_cancelled_declaration_takes_its_work_out_of_the_history() -> None:
    store = rights_store()
    store.take(declared(YOUNG, "2025Q4", OCTOBER))
    store.take(declared(YOUNG, "2026Q1", OCTOBER))
    cancelled = declared(YOUNG, "2026Q1", OCTOBER, version=2, status="cancelled")
    assert told(store.take(cancelled)) == [("youth_holiday", "2026Q1", "withdrawn")]
    kept = unpack(store.histories[ANNE])
    assert {quarter for (quarter, _), one in kept.items() if one.worked} == {"2025Q4"}
    (copy,) = kept["2026Q1", EMPLOYER].copies
    assert copy.shown() == {
        "event": event_name(WORKING_TIME, f"2026Q1-{EMPLOYER}", 2),
        "sha256": _digest(cancelled[1]),
    }


def test_a_right_taken_up_silences_the_finding_and_one_given_back_finds_it_again() -> None:
    store = rights_store()
    status = decided(SENIOR, "v1", ALLOWANCE)
    assert ("increased_reimbursement", "2026Q1", "found") in told(store.take(status))
    assert ("increased_reimbursement", "2026Q1", "withdrawn") in told(store.take(decided(SENIOR, "b1", INCREASED)))
    assert ("increased_reimbursement", "2026Q1", "found") in told(
        store.take(decided(SENIOR, "b1", INCREASED, version=2, status="cancelled"))
    )


def test_the_same_facts_again_say_nothing_new() -> None:
    store = _of([[one] for one in LIFE])
    assert store.outcome(*LIFE).histories == {}
    assert told(store.take(*LIFE)) == []


def test_a_right_is_told_to_the_person_and_belongs_to_no_employer() -> None:
    store = rights_store()
    outcome = store.outcome(decided(SENIOR, "v1", ALLOWANCE))
    assert {change.recipient for _, change in outcome.changes} == {SENIOR}
    assert {slot.employer for slot, _ in outcome.changes} == {""}


def test_no_wage_is_kept_in_a_history() -> None:
    seen = situation_of({"quarter": "2026Q1", "wage": {1: 4321.09}, "days": {1: 60}})
    packed = pack({("2026Q1", EMPLOYER): QuarterRecord(worked(seen), (copied("e", b"body"),))})
    assert b"432109" not in packed
    assert PERSON.encode() not in packed


def cases_of(rule: str) -> list[Example]:
    """The cases written for a rule over histories, in order."""
    return [example for example in EXAMPLES if example.rule == rule]


@pytest.mark.parametrize("rule", HISTORY_RULES)
def test_a_history_is_the_same_after_it_was_stored(rule: str) -> None:
    assert any(case.situation.decisions or isinstance(case.situation, PersonHistory) for case in cases_of(rule))
    for case in cases_of(rule):
        slots: dict[tuple[str, str], Any] = {}
        assert isinstance(case.situation, PersonHistory)
        for one in case.situation.worked:
            place = one.quarter, one.employer
            slots[place] = (*slots.get(place, ()), one)
        kept = {
            place: QuarterRecord(some, tuple(copied(event, b"body") for event in some[0].events))
            for place, some in slots.items()
        }
        assert unpack(pack(kept)) == kept


@pytest.mark.parametrize("rule", HISTORY_RULES)
def test_a_day_later_no_right_that_was_found_is_lost(rule: str) -> None:
    """What is found rests on facts; time alone adds to it, until a status has been over for a quarter."""
    found, lost = 0, []
    for case in cases_of(rule):
        later = case.day + timedelta(days=1)
        before = {one.quarter for one in decide(case, LAW)}
        found += bool(before)
        if not before <= {one.quarter for one in decide(replace(case, day=later), LAW)}:
            lost.append((case, later))
    assert found > LEAST_FOUND
    assert bool(lost) == (rule in LOST_IN_TIME)
    for case, later in lost:
        first, _ = quarter_days(quarter_of(later))
        since, _ = quarter_days(quarter_of(first - timedelta(days=1)))
        assert later == first, case.name
        assert all(one.until is not None and one.until < since for one in case.situation.decisions or ()), case.name


def test_nothing_at_all_is_found_in_nothing() -> None:
    assert decide_history(case_history({"decisions": []}), date(2026, 7, 1), LAW) == []
