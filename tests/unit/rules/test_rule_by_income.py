"""Whom the mutuality looks at by itself is said only where it may do so."""

from datetime import date

import pytest

from rules.catalogue.increased_reimbursement_income import RULE
from rules.view.history import PersonHistory
from rules.view.situation import InstitutionDecision
from tests.builders.law import LAW

BY_ITSELF = "looked at by the mutuality from"
SICK = InstitutionDecision("incapacity", "", date(2024, 1, 1), None, "a")


def steps(day: date, *decisions: InstitutionDecision) -> dict[str, str]:
    (finding,) = RULE.decide(PersonHistory("59093003378", (), decisions), day, LAW)
    return {step.step: step.value for step in finding.trace}


def test_who_lives_alone_is_looked_at_since_october_2024() -> None:
    assert steps(date(2024, 10, 1), SICK)[BY_ITSELF] == "2024-10-01"


@pytest.mark.parametrize("until", [date(2024, 9, 30), date(2024, 7, 1)])
def test_what_ended_before_was_looked_at_on_request_only(until: date) -> None:
    ended = InstitutionDecision("incapacity", "", SICK.start, until, "a")
    assert BY_ITSELF not in steps(date(2024, 9, 30), ended)


def test_who_has_a_pension_has_to_ask() -> None:
    pension = InstitutionDecision("pension", "", date(2024, 5, 1), None, "b")
    assert BY_ITSELF not in steps(date(2025, 1, 15), SICK, pension)


def test_a_finding_rests_on_the_decisions_of_its_cause_alone() -> None:
    other = InstitutionDecision("incapacity", "", date(2020, 1, 1), date(2020, 2, 1), "c")
    (finding,) = RULE.decide(PersonHistory("59093003378", (), (other, SICK)), date(2025, 1, 15), LAW)
    assert finding.causes == ("a",)
