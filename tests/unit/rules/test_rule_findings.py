"""A finding says whose it is and what it rests on, in every case that is written."""

from dataclasses import replace

import pytest

from rules.casebook.case_events import Example
from rules.casebook.trial import decide
from rules.catalogue import HISTORY_RULES, RULES
from rules.view.history import PersonHistory
from tests.builders.law import LAW
from tests.builders.shipped import EXAMPLES

EVERY = {*RULES, *HISTORY_RULES}
ON_WORK = {"youth_holiday", "senior_holiday", "additional_holiday", "sickness_benefit", "unemployment_admission"}
"""Rules over a history that find nothing without work."""
ON_DECISIONS = {"income_guarantee", "allowed_work", *HISTORY_RULES} - {"youth_holiday", "sickness_benefit"}
"""Rules that find nothing without what institutions decided."""
WORKING_TIME = "working-time"
"""The event on working time of every declaration in a case."""


def of(rule: str) -> list[Example]:
    """The cases of a rule in which something is found; every rule has some."""
    found = [example for example in EXAMPLES if example.rule == rule and example.expected]
    assert all(decide(example, LAW) for example in found)
    assert found
    return found


def without_decision(example: Example, event: str) -> Example:
    left = tuple(decision for decision in example.situation.decisions or () if decision.event != event)
    return replace(example, situation=replace(example.situation, decisions=left))


@pytest.mark.parametrize("rule", sorted(EVERY))
def test_a_finding_names_its_rule_and_its_person(rule: str) -> None:
    examples = of(rule)
    assert examples
    for example in examples:
        for finding in decide(example, LAW):
            assert (finding.rule, finding.person) == (rule, example.situation.person)
            employer = "" if isinstance(example.situation, PersonHistory) else example.situation.employer
            assert finding.employer == employer


@pytest.mark.parametrize("rule", sorted(EVERY))
def test_a_decision_without_which_there_is_no_finding_is_among_its_events(rule: str) -> None:
    needed = [
        (example, decision.event)
        for example in of(rule)
        for decision in example.situation.decisions or ()
        if not decide(without_decision(example, decision.event), LAW)
    ]
    assert bool(needed) == (rule in ON_DECISIONS)
    for example, event in needed:
        assert all(event in finding.causes for finding in decide(example, LAW)), example.name


@pytest.mark.parametrize("rule", sorted(EVERY))
def test_a_finding_rests_on_known_events_each_once(rule: str) -> None:
    examples = of(rule)
    assert examples
    for example in examples:
        seen = example.situation
        declared = (
            [event for one in seen.worked for event in one.events] if isinstance(seen, PersonHistory) else seen.causes
        )
        known = {*declared, *(decision.event for decision in seen.decisions or ())}
        for finding in decide(example, LAW):
            assert finding.causes, example.name
            assert set(finding.causes) <= known
            assert len(finding.causes) == len(set(finding.causes))


@pytest.mark.parametrize("rule", sorted(HISTORY_RULES))
def test_work_without_which_there_is_no_finding_is_among_its_events(rule: str) -> None:
    needed = []
    for example in of(rule):
        seen = example.situation
        assert isinstance(seen, PersonHistory)
        if seen.worked and not decide(replace(example, situation=replace(seen, worked=())), LAW):
            needed.append(example)
    assert bool(needed) == (rule in ON_WORK)
    for example in needed:
        assert all(WORKING_TIME in finding.causes for finding in decide(example, LAW)), example.name
