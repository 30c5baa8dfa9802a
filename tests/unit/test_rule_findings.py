"""A finding says whose it is and what it rests on, in every case that is written."""

from dataclasses import replace

import pytest

from rules.case import Example
from rules.casefile import shipped
from rules.catalogue import HISTORY_RULES, RULES
from rules.history import History
from rules.trial import decide, read

EVERY = {*RULES, *HISTORY_RULES}
EXAMPLES = [read(written) for written in shipped(EVERY)]
WORKING_TIME = "working-time"
"""The event on working time of every declaration in a case."""


def of(rule: str) -> list[Example]:
    return [example for example in EXAMPLES if example.rule == rule and example.expected]


def without_decision(example: Example, event: str) -> Example:
    left = tuple(decision for decision in example.situation.decisions or () if decision.event != event)
    return replace(example, situation=replace(example.situation, decisions=left))


@pytest.mark.parametrize("rule", sorted(EVERY))
def test_a_finding_names_its_rule_and_its_person(rule: str) -> None:
    for example in of(rule):
        for finding in decide(example):
            assert (finding.rule, finding.person) == (rule, example.situation.person)
            employer = "" if isinstance(example.situation, History) else example.situation.employer
            assert finding.employer == employer


@pytest.mark.parametrize("rule", sorted(EVERY))
def test_a_decision_without_which_there_is_no_finding_is_among_its_events(rule: str) -> None:
    for example in of(rule):
        for decision in example.situation.decisions or ():
            if not decide(without_decision(example, decision.event)):
                assert all(decision.event in finding.causes for finding in decide(example)), example.name


@pytest.mark.parametrize("rule", sorted(EVERY))
def test_a_finding_rests_on_known_events_each_once(rule: str) -> None:
    for example in of(rule):
        seen = example.situation
        declared = [event for one in seen.worked for event in one.events] if isinstance(seen, History) else seen.causes
        known = {*declared, *(decision.event for decision in seen.decisions or ())}
        for finding in decide(example):
            assert finding.causes, example.name
            assert set(finding.causes) <= known
            assert len(finding.causes) == len(set(finding.causes))


@pytest.mark.parametrize("rule", sorted(HISTORY_RULES))
def test_work_without_which_there_is_no_finding_is_among_its_events(rule: str) -> None:
    for example in of(rule):
        seen = example.situation
        assert isinstance(seen, History)
        if seen.worked and not decide(replace(example, situation=replace(seen, worked=()))):
            assert all(WORKING_TIME in finding.causes for finding in decide(example)), example.name
