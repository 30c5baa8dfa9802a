"""The law as cases a jurist can read: every one must come out as written."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from rules.case import Example, examples
from rules.catalogue import HISTORY_RULES, RULES
from rules.finding import Finding
from rules.story import Story, stories

EXAMPLES = [example for rule in RULES for example in examples(rule)]
STORIES = [story for rule in HISTORY_RULES for story in stories(rule)]


def _stated(finding: Finding, name: str, expected: object) -> object:
    if name == "steps":
        assert isinstance(expected, dict)
        values = {step.step: step.value for step in finding.trace}
        values["doubt"] = "; ".join(step.source for step in finding.trace if step.step == "certainty")
        return {step: _alike(values.get(step), value) for step, value in expected.items()}
    return _alike(getattr(finding, name), expected)


def _alike(actual: object, expected: object) -> object:
    """The actual value in the type it was written in."""
    if isinstance(expected, Decimal | int) and actual not in (None, "unknown"):
        return Decimal(str(actual))
    return actual if actual is None else str(actual)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.rule}: {example.name}")
def test_a_case_comes_out_as_it_is_written(example: Example) -> None:
    _compare(RULES[example.rule](example.situation, example.day), example.expected)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: f"{story.rule}: {story.name}")
def test_a_case_over_several_quarters_comes_out_as_it_is_written(story: Story) -> None:
    _compare(HISTORY_RULES[story.rule](story.history, story.day), story.expected)


def _compare(findings: list[Finding], expected: list[Mapping[str, Any]]) -> None:
    told = [
        {name: _stated(finding, name, value) for name, value in one.items()}
        for finding, one in zip(findings, expected, strict=False)
    ]
    assert told == expected
    assert len(findings) == len(expected)


def test_every_rule_has_cases_that_find_and_cases_that_do_not() -> None:
    for rule in RULES:
        outcomes = {bool(example.expected) for example in EXAMPLES if example.rule == rule}
        assert outcomes == {True, False}
    for rule in HISTORY_RULES:
        assert {bool(story.expected) for story in STORIES if story.rule == rule} == {True, False}
