"""Facts to findings without Kafka or PostgreSQL: order, corrections, cancellations, and persons set aside."""

from datetime import date
from itertools import permutations
from typing import Any

import pytest

from rules.casebook.case_events import EMPLOYER, PERSON
from rules.catalogue import decide_all
from rules.findings.finding import Finding
from rules.law.law import Law
from rules.view.situation import Situation
from tests.builders.facts import ANNE, BERT, UNCLAIMED, Facts, case_facts
from tests.builders.rules_store import MemoryStore

TAKEN = {**UNCLAIMED, "claimed": {3000: 1203.71}}
SHORT = {**UNCLAIMED, "claimed": {3000: 1000.00}}


def facts(case: dict[str, Any], version: int = 1, status: str = "original", person: bytes = ANNE) -> Facts:
    return case_facts(person, case, version=version, status=status)


def told(store: MemoryStore, *some: Facts) -> list[tuple[str, int, int | None]]:
    """Status, version and amount of each finding that a bundle published."""
    records = [state.record() for state in store.take(*some)]
    return [(record["status"], record["version"], record["missing"]) for record in records]


def test_nothing_is_decided_before_all_three_parts_are_there() -> None:
    store = MemoryStore()
    wages, working_time, contributions = facts(UNCLAIMED)
    assert told(store, [wages]) == []
    assert told(store, [contributions]) == []
    assert told(store, [working_time]) == [("found", 1, 120371)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_parts_may_come_in_any_order(order: tuple[int, ...]) -> None:
    store, parts = MemoryStore(), facts(UNCLAIMED)
    published = [one for place in order for one in told(store, [parts[place]])]
    assert published == [("found", 1, 120371)]


def test_the_same_facts_again_say_nothing_new() -> None:
    store = MemoryStore()
    store.take(facts(UNCLAIMED))
    assert told(store, facts(UNCLAIMED)) == []


def test_a_correction_that_changes_the_amount_replaces_the_finding() -> None:
    store = MemoryStore()
    store.take(facts(UNCLAIMED))
    assert told(store, facts(SHORT, version=2, status="changed")) == [("replaced", 2, 20371)]


def test_a_correction_that_takes_the_reduction_withdraws_the_finding() -> None:
    store = MemoryStore()
    store.take(facts(UNCLAIMED))
    assert told(store, facts(TAKEN, version=2, status="changed")) == [("withdrawn", 2, 120371)]


def test_a_finding_that_was_withdrawn_can_be_found_again() -> None:
    store = MemoryStore()
    store.take(facts(UNCLAIMED))
    store.take(facts(TAKEN, version=2, status="changed"))
    assert told(store, facts(SHORT, version=3, status="changed")) == [("found", 3, 20371)]


def test_half_a_correction_changes_nothing_until_the_rest_is_there() -> None:
    store = MemoryStore()
    store.take(facts(UNCLAIMED))
    assert told(store, facts(TAKEN, version=2)[:2]) == []
    assert told(store, facts(TAKEN, version=2)[2:]) == [("withdrawn", 2, 120371)]


def test_an_older_version_that_comes_late_changes_nothing() -> None:
    store = MemoryStore()
    assert told(store, facts(TAKEN, version=2, status="changed")) == []
    assert told(store, facts(UNCLAIMED)) == []


def test_a_cancelled_declaration_withdraws_what_was_found_in_it() -> None:
    store = MemoryStore()
    store.take(facts(UNCLAIMED))
    assert told(store, facts(UNCLAIMED, version=2, status="cancelled")) == [("withdrawn", 2, 120371)]


def test_found_and_taken_in_the_same_bundle_is_nothing_to_tell() -> None:
    assert told(MemoryStore(), facts(UNCLAIMED) + facts(TAKEN, version=2, status="changed")) == []


def test_a_person_whose_case_breaks_a_rule_is_set_aside_and_the_others_are_decided() -> None:
    calls = []

    def fragile(seen: Situation, day: date, law: Law) -> list[Finding]:
        calls.append(seen)
        if len(calls) == 1:
            raise ZeroDivisionError(seen.person)
        return decide_all(seen, day, law)

    store = MemoryStore()
    outcome = store.outcome(facts(UNCLAIMED, person=ANNE) + facts(UNCLAIMED, person=BERT), decide=fragile)
    (failure,) = outcome.failures
    assert (failure.person, failure.code, len(failure.facts)) == (ANNE, "undecidable-person", 3)
    assert PERSON not in failure.reason
    assert {slot.person for slot, _ in outcome.changes} == {BERT}
    assert {one.key.person for one in outcome.facts} == {BERT}
    assert told(store, facts(UNCLAIMED, person=ANNE)) == [("found", 1, 120371)]


def test_a_person_with_a_fact_that_cannot_be_read_is_set_aside_whole() -> None:
    broken = facts(UNCLAIMED)
    broken[2]["body"] = b"\xff"
    unknown: Facts = [{**fact, "contract": 7} for fact in facts(UNCLAIMED, person=BERT)]
    outcome = MemoryStore().outcome(broken + unknown)
    assert [(failure.person, failure.code, len(failure.facts)) for failure in outcome.failures] == [
        (ANNE, "unreadable-fact", 3),
        (BERT, "unreadable-fact", 3),
    ]
    assert outcome.facts == []


def test_the_employer_is_told_of_a_reduction() -> None:
    outcome = MemoryStore().outcome(facts(UNCLAIMED))
    assert [change.recipient for _, change in outcome.changes] == [EMPLOYER]
