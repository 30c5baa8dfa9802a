"""The law as cases a jurist can read: every one must come out as written."""

from decimal import Decimal

import pytest

from rules.case import Example, examples
from rules.catalogue import RULES
from rules.finding import Finding

EXAMPLES = [example for rule in RULES for example in examples(rule)]


def _stated(finding: Finding, name: str, expected: object) -> object:
    if name == "steps":
        assert isinstance(expected, dict)
        values = {step.step: step.value for step in finding.trace}
        return {step: _alike(values.get(step), value) for step, value in expected.items()}
    return _alike(getattr(finding, name), expected)


def _alike(actual: object, expected: object) -> object:
    """The actual value in the type it was written in."""
    if isinstance(expected, Decimal | int) and actual is not None:
        return Decimal(str(actual))
    return actual if actual is None else str(actual)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.rule}: {example.name}")
def test_a_case_comes_out_as_it_is_written(example: Example) -> None:
    findings = RULES[example.rule](example.situation, example.day)
    told = [
        {name: _stated(finding, name, value) for name, value in expected.items()}
        for finding, expected in zip(findings, example.expected, strict=False)
    ]
    assert told == example.expected
    assert len(findings) == len(example.expected)


def test_every_rule_has_cases_that_find_and_cases_that_do_not() -> None:
    for rule in RULES:
        outcomes = {bool(example.expected) for example in EXAMPLES if example.rule == rule}
        assert outcomes == {True, False}
