"""The law as cases a jurist can read: every one must come out as written."""

import pytest

from rules.case import Example
from rules.casefile import shipped
from rules.catalogue import HISTORY_RULES, RULES
from rules.trial import attempt, read

EVERY = {*RULES, *HISTORY_RULES}
EXAMPLES = [read(written) for written in shipped(EVERY)]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.rule}: {example.name}")
def test_a_case_comes_out_as_it_is_written(example: Example) -> None:
    assert attempt(example).differences == ()


@pytest.mark.parametrize("rule", sorted(EVERY))
def test_every_rule_has_cases_that_find_and_cases_that_do_not(rule: str) -> None:
    assert {bool(example.expected) for example in EXAMPLES if example.rule == rule} == {True, False}
