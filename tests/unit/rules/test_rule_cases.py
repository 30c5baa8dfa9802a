"""The law as cases a jurist can read: every one must come out as written."""

import pytest

from rules.casebook.case_file import WrittenCase
from rules.casebook.trial import attempt, read
from rules.catalogue import HISTORY_RULES, RULES
from tests.builders.law import LAW
from tests.builders.shipped import CASES

EVERY = {*RULES, *HISTORY_RULES}
LEAST_CASES = 5
"""Cases a rule has at the very least."""


@pytest.mark.parametrize("written", CASES, ids=lambda written: f"{written.rule}: {written.content['case']}")
def test_a_case_comes_out_as_it_is_written(written: WrittenCase) -> None:
    assert attempt(read(written), LAW).differences == ()


@pytest.mark.parametrize("rule", sorted(EVERY))
def test_every_rule_has_cases_that_find_and_cases_that_do_not(rule: str) -> None:
    assert {bool(written.content["expect"]) for written in CASES if written.rule == rule} == {True, False}


@pytest.mark.parametrize("rule", sorted(EVERY))
def test_a_case_is_known_by_its_name_and_the_place_it_is_written_at(rule: str) -> None:
    cases = [one for one in CASES if one.rule == rule]
    assert len({(one.file, one.content["case"]) for one in cases}) == len(cases) > LEAST_CASES
    for written in cases:
        example = read(written)
        assert (example.name, example.file, example.line) == (written.content["case"], written.file, written.line)
