"""Facts to findings without Kafka or PostgreSQL: order, corrections, cancellations, and persons set aside."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any

import pytest

from rules.casebook.case_events import EMPLOYER, PERSON, events
from rules.catalogue import decide_all
from rules.findings.finding import Finding
from rules.law.law import Law
from rules.stream.arrival import arrive
from rules.stream.bundle import BundleOutcome, decide_bundle
from rules.stream.evidence import FactReader
from rules.stream.finding_changes import FindingState
from rules.stream.held_facts import HeldFact, Slot
from rules.view.situation import Situation
from schemas.codec import decode_body, encode_body
from schemas.contracts import contract
from schemas.registry import SchemaBook
from schemas.twins.rules_facts import Fact
from tests.builders.full_events import filled
from tests.builders.law import LAW

KINDS = ("declarations.wages", "declarations.working-time", "declarations.contributions")
CASE: dict[str, Any] = {"quarter": "2026Q3", "wage": {1: 6771.00}, "days": {1: 66}, "claimed on the line": {1: 900.00}}
TAKEN = {**CASE, "claimed": {3000: 1203.71}}
SHORT = {**CASE, "claimed": {3000: 1000.00}}
AT = datetime(2026, 10, 20, tzinfo=UTC)
ANNE, BERT = b"a" * 16, b"b" * 16


def _whole(kind: str, record: dict[str, Any]) -> bytes:
    """The event with every field its full contract asks for."""
    schema: Any = contract(kind).schema
    return encode_body(contract(kind), filled(schema, record))


def facts(
    case: dict[str, Any], version: int = 1, status: str = "original", person: bytes = ANNE, kinds: Iterable[str] = KINDS
) -> list[Fact]:
    """The facts of a case, of these kinds."""
    envelope = {"declaration": "d1", "version": version, "status": status, "occurred_at": AT, "trace_parent": ""}
    return [
        {
            "person": person,
            "contract": contract(kind).id,
            "body": _whole(kind, {**event, **envelope, "event": f"{kind}{version}"}),
        }
        for kind, event in zip(KINDS, events(case), strict=True)
        if kind in kinds
    ]


class Store:
    """What PostgreSQL would hold between bundles."""

    def __init__(self) -> None:
        self.facts: dict[Any, HeldFact] = {}
        self.states: dict[Slot, dict[str, FindingState]] = {}

    def take(self, some: list[Fact], decide: Any = decide_all) -> list[tuple[str, int, int | None]]:
        """Status, version and amount of each finding told."""
        outcome = self.outcome(some, decide)
        told = [decode_body(contract("findings"), change.state.body) for _, change in outcome.changes]
        return [(one["status"], one["version"], one["missing"]) for one in told]

    def outcome(self, some: list[Fact], decide: Any = decide_all) -> BundleOutcome:
        reader = FactReader(SchemaBook())
        arrived = arrive({"at": AT, "facts": some}, reader)
        outcome = decide_bundle(arrived, list(self.facts.values()), self.states, reader, LAW, decide=decide)
        self.facts |= {one.key: one for one in outcome.facts}
        for slot, change in outcome.changes:
            self.states.setdefault(slot, {})[change.state.finding] = change.state
        return outcome


def test_nothing_is_decided_before_all_three_parts_are_there() -> None:
    store = Store()
    wages, working_time, contributions = facts(CASE)
    assert store.take([wages]) == []
    assert store.take([contributions]) == []
    assert store.take([working_time]) == [("found", 1, 120371)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_parts_may_come_in_any_order(order: tuple[int, ...]) -> None:
    store, parts = Store(), facts(CASE)
    told = [one for place in order for one in store.take([parts[place]])]
    assert told == [("found", 1, 120371)]


def test_the_same_facts_again_say_nothing_new() -> None:
    store = Store()
    store.take(facts(CASE))
    assert store.take(facts(CASE)) == []


def test_a_correction_that_changes_the_amount_replaces_the_finding() -> None:
    store = Store()
    store.take(facts(CASE))
    assert store.take(facts(SHORT, version=2, status="changed")) == [("replaced", 2, 20371)]


def test_a_correction_that_takes_the_reduction_withdraws_the_finding() -> None:
    store = Store()
    store.take(facts(CASE))
    assert store.take(facts(TAKEN, version=2, status="changed")) == [("withdrawn", 2, 120371)]


def test_a_finding_that_was_withdrawn_can_be_found_again() -> None:
    store = Store()
    store.take(facts(CASE))
    store.take(facts(TAKEN, version=2, status="changed"))
    assert store.take(facts(SHORT, version=3, status="changed")) == [("found", 3, 20371)]


def test_half_a_correction_changes_nothing_until_the_rest_is_there() -> None:
    store = Store()
    store.take(facts(CASE))
    assert store.take(facts(TAKEN, version=2, kinds=KINDS[:2])) == []
    assert store.take(facts(TAKEN, version=2, kinds=KINDS[2:])) == [("withdrawn", 2, 120371)]


def test_an_older_version_that_comes_late_changes_nothing() -> None:
    store = Store()
    assert store.take(facts(TAKEN, version=2, status="changed")) == []
    assert store.take(facts(CASE)) == []


def test_a_cancelled_declaration_withdraws_what_was_found_in_it() -> None:
    store = Store()
    store.take(facts(CASE))
    assert store.take(facts(CASE, version=2, status="cancelled")) == [("withdrawn", 2, 120371)]


def test_found_and_taken_in_the_same_bundle_is_nothing_to_tell() -> None:
    assert Store().take(facts(CASE) + facts(TAKEN, version=2, status="changed")) == []


def test_a_person_whose_case_breaks_a_rule_is_set_aside_and_the_others_are_decided() -> None:
    calls = []

    def fragile(seen: Situation, day: date, law: Law) -> list[Finding]:
        calls.append(seen)
        if len(calls) == 1:
            raise ZeroDivisionError(seen.person)
        return decide_all(seen, day, law)

    store = Store()
    outcome = store.outcome(facts(CASE, person=ANNE) + facts(CASE, person=BERT), fragile)
    (failure,) = outcome.failures
    assert (failure.person, failure.code, len(failure.facts)) == (ANNE, "undecidable-person", 3)
    assert PERSON not in failure.reason
    assert {slot.person for slot, _ in outcome.changes} == {BERT}
    assert {one.key.person for one in outcome.facts} == {BERT}
    assert store.take(facts(CASE, person=ANNE)) == [("found", 1, 120371)]


def test_a_person_with_a_fact_that_cannot_be_read_is_set_aside_whole() -> None:
    broken = facts(CASE)
    broken[2]["body"] = b"\xff"
    unknown: list[Fact] = [{**fact, "contract": 7} for fact in facts(CASE, person=BERT)]
    outcome = Store().outcome(broken + unknown)
    assert [(failure.person, failure.code, len(failure.facts)) for failure in outcome.failures] == [
        (ANNE, "unreadable-fact", 3),
        (BERT, "unreadable-fact", 3),
    ]
    assert outcome.facts == []


def test_the_employer_is_told_of_a_reduction() -> None:
    outcome = Store().outcome(facts(CASE))
    assert [change.recipient for _, change in outcome.changes] == [EMPLOYER]
