"""The rules decide by the law as it was known on an earlier day, when some series and figures were not known yet."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from rules.casebook.case_events import Example, events
from rules.casebook.case_file import shipped_cases
from rules.casebook.trial import decide, read
from rules.catalogue import HISTORY_RULES, RULES, decide_all
from rules.findings.finding import Certainty, Finding
from rules.law.knowledge import known_on, rows
from rules.law.law import Law
from rules.view.situation import situation
from tests.builders.law import LAW

FIRST_READ = date(2026, 11, 23)
EXAMPLES = [read(written) for written in shipped_cases({*RULES, *HISTORY_RULES})]


BEFORE = known_on(FIRST_READ, LAW)
CHANGED = sorted({row.known for row in rows(LAW)})[:-1]
"""The days on which figures became known, but for the last: by what is known since then the cases are written."""


def by_name(rule: str) -> list[Example]:
    return [one for one in EXAMPLES if one.rule == rule]


@pytest.mark.parametrize("rule", [*RULES, *HISTORY_RULES])
@pytest.mark.parametrize("day", CHANGED)
def test_every_case_can_be_decided_by_the_law_as_it_was_known_on_any_day(day: date, rule: str) -> None:
    law, examples = known_on(day, LAW), by_name(rule)
    assert examples
    for example in examples if rule in law.parameters else ():
        decide(example, law)


def structural(law: Law, **case: Any) -> list[Finding]:
    seen = situation(*events({"days": {1: 65}, **case}))
    return [one for one in decide_all(seen, date(2026, 12, 1), law) if one.rule == "structural_reduction"]


@pytest.mark.parametrize(
    ("case", "before", "today"),
    [
        ({"quarter": "2025Q2", "wage": {1: 6000.00}}, "1165.62", "1236.74"),
        ({"quarter": "2025Q2", "wage": {1: 6500.00}, "joint committee": "327.01"}, "1027.05", "1193.17"),
        ({"quarter": "2025Q2", "wage": {1: 6500.00}, "joint committee": "319.01"}, "1141.30", None),
        (
            {"quarter": "2025Q3", "wage": {1: 85000.00, 2: 415000.00}, "joint committee": "330"},
            "27540.00",
            "29090.53",
        ),
    ],
)
def test_what_was_said_before_is_what_was_known_then(case: dict[str, Any], before: str, today: str | None) -> None:
    (then,), (now,) = structural(BEFORE, **case), structural(LAW, **case)
    assert then.amount == Decimal(before)
    assert now.amount == (None if today is None else Decimal(today))


def test_of_the_exceptions_to_the_floor_contracts_of_half_time_alone_were_known() -> None:
    half = {"quarter": "2024Q2", "contract": (19, 38), "wage": {1: 1400.00}, "days": {}, "hours": {1: 98.8}}
    seen = situation(*events(half))
    (then,), (now,) = (RULES["structural_reduction"].decide(seen, date(2024, 7, 15), law) for law in (BEFORE, LAW))
    assert (then.amount, then.certainty) == (Decimal("125.47"), Certainty.LIKELY)
    assert (now.amount, now.certainty) == (Decimal("125.47"), Certainty.CERTAIN)
    assert [step.source for step in then.trace if step.step == "certainty"] == [
        (
            "mu_glob is below the floor and the contract at least half time: Royal decree of 24/01/2013; "
            "Easypay 15/02/2013; NSSO 2026/3 for the exception of half-time contracts (SEC), in force from 2013-01-01"
        )
    ]
    horeca = {**half, "joint committee": "302", "contract": (8, 38), "wage": {1: 1800.00}}
    assert structural(BEFORE, **horeca) == []
    assert len(structural(LAW, **horeca)) == 1


def test_a_benefit_lasted_twelve_months_at_least_when_the_days_for_more_were_not_known() -> None:
    (seen,) = (one for one in by_name("unemployment_admission") if one.name == "Since the reform from 19 March 2026")
    ((then,), (now,)) = (decide(seen, law) for law in (BEFORE, LAW))
    steps = [{step.step: step.value for step in one.trace} for one in (then, now)]
    assert [one["benefit until at least"] for one in steps] == ["2027-03-18", "2027-03-18"]
