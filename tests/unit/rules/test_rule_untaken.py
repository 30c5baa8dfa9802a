"""Other figures over histories: who would have a right, whether or not it was taken up, and who would not any more."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from kruispunt.commands.rules.impact import of_person
from rules.casebook.case_events import EMPLOYER
from rules.casebook.case_history import case_history, number
from rules.catalogue import HISTORY_RULES, decide_history
from rules.law.law import Law
from rules.law.load import catalogue, law_in_texts
from rules.law.variants import with_figures
from rules.questions.counterfactual import DAYS, GRANTED, LEFT_AS_IT_IS, as_if_not_taken_up
from rules.questions.impact import ImpactTally, compare
from rules.stream.held_facts import CONTRIBUTIONS, FactKey
from rules.view.history import PersonHistory
from rules.view.situation import Situation
from tests.builders.facts import ANNE, decided, declared
from tests.builders.law import LAW
from tests.builders.rules_store import MemoryStore

DAY = date(2026, 10, 15)
BORN = date(2003, 3, 15)
WORK: list[dict[str, Any]] = [{"quarters": ["2025Q4", "2026Q1"], "from": date(2025, 10, 1), "days": {1: 63}}]
TAKEN = [*WORK, {"quarter": "2026Q3", "from": date(2025, 10, 1), "days": {1: 60, 73: 2}}]
FULL = {"kind": "unemployment_benefit", "nature": "01", "from": date(2024, 11, 1), "until": date(2025, 9, 30)}
LAST_YEAR = {**FULL, "from": date(2025, 1, 1)}
ALLOWANCE = {"kind": "disability_allowance", "from": date(2026, 1, 1)}
POOR = {"kind": "integration_income", "from": date(2024, 10, 1)}
LAST_JOB = {
    "quarters": ["2023Q4", "2024Q1", "2024Q2", "2024Q3"], "from": date(2023, 10, 1), "until": date(2024, 9, 30),
    "days per week": 6, "days": {1: 78},
}  # fmt: skip
NONE_BEFORE = {"quarter": "2010Q1", "from": date(2010, 1, 1), "until": date(2010, 3, 31), "days": {30: 60}}


def lived(born: date = BORN, work: list[dict[str, Any]] | None = None, *decisions: dict[str, Any]) -> PersonHistory:
    return case_history({"born": born, "work": WORK if work is None else work, "decisions": list(decisions)})


def compared(
    rule: str, before: Law, after: Law, *some: PersonHistory, day: date = DAY, keep: bool = False
) -> ImpactTally:
    tallies: dict[str, ImpactTally] = {}
    compare(tallies, before, after, [(one, day) for one in some], keep=keep)
    return tallies.get(rule, ImpactTally())


def counted(tally: ImpactTally) -> tuple[int, int, int, int]:
    return tally.gaining, tally.losing, tally.otherwise, tally.same


def changed(figure: str) -> Law:
    return with_figures(LAW, [figure])


def test_who_would_no_longer_have_a_right_loses_it_and_the_other_way_round_gains_it_without_an_amount() -> None:
    younger = changed("youth_holiday.conditions.below=20")
    assert counted(compared("youth_holiday", LAW, younger, lived())) == (0, 1, 0, 0)
    found = compared("youth_holiday", younger, LAW, lived())
    assert (counted(found), found.gained, found.lost) == ((1, 0, 0, 0), 0, 0)
    assert found.differs


def test_a_figure_that_only_a_right_shows_makes_it_another_one() -> None:
    found = compared("youth_holiday", LAW, changed("holiday_benefit.share.percent=70"), lived(), keep=True)
    assert (counted(found), len(found.changed)) == ((0, 0, 1, 0), 1)
    assert counted(compared("youth_holiday", LAW, law_in_texts({}, LAW), lived())) == (0, 0, 0, 1)


def test_a_right_that_would_arise_in_another_quarter_is_neither_gained_nor_lost() -> None:
    waiting = lived(date(1980, 1, 1), [], {"kind": "integration_income", "from": date(2026, 1, 1)})
    later = changed("increased_reimbursement.statuses.months=5")
    (before,) = [one for one in decide_history(waiting, DAY, LAW) if one.rule == "increased_reimbursement"]
    found = compared("increased_reimbursement", LAW, later, waiting, keep=True)
    assert counted(found) == (0, 0, 1, 0)
    (change,) = found.changed
    assert change.after is not None
    assert (before.quarter, change.after.quarter) == ("2026Q1", "2026Q2")


SENIOR = date(1973, 6, 10)
SICK: list[dict[str, Any]] = [
    {"quarters": ["2025Q1", "2025Q2", "2025Q3", "2025Q4", "2026Q1"], "from": date(2025, 1, 1), "days": {1: 62}},
    {"quarter": "2026Q2", "from": date(2025, 1, 1), "days": {1: 20, 50: 42}},
]
UP: dict[str, list[PersonHistory]] = {
    "youth_holiday": [
        lived(BORN, TAKEN),
        lived(BORN, WORK, {**FULL, "nature": "21", "from": date(2026, 8, 1), "until": date(2026, 8, 15)}),
    ],
    "senior_holiday": [
        lived(SENIOR, TAKEN, LAST_YEAR),
        lived(SENIOR, WORK, LAST_YEAR, {**FULL, "nature": "22", "from": date(2026, 8, 1), "until": date(2026, 8, 15)}),
    ],
    "additional_holiday": [
        lived(SENIOR, [{"quarters": ["2026Q1", "2026Q2"], "from": date(2026, 1, 5), "days": {1: 50, 14: 2}}], FULL)
    ],
    **{
        rule: [lived(SENIOR, WORK, ALLOWANCE, {"kind": "increased_reimbursement", "from": date(2026, 3, 1)})]
        for rule in ("increased_reimbursement", "maximum_billing", "social_energy_tariff")
    },
    "increased_reimbursement_income": [
        lived(
            SENIOR, [], {**FULL, "from": date(2026, 1, 1), "until": None},
            {"kind": "increased_reimbursement", "from": date(2026, 6, 1)},
        )
    ],
    "income_guarantee_elderly": [
        lived(
            date(1960, 2, 10), [], {**POOR, "from": date(2020, 1, 1)},
            {"kind": "income_guarantee_elderly", "from": date(2026, 3, 1)},
        )
    ],
    "sickness_benefit": [
        lived(SENIOR, SICK, {"kind": kind, "from": date(2026, 5, 1)}) for kind in ("incapacity", "invalidity")
    ],
    "unemployment_admission": [
        lived(
            date(1994, 5, 20), [NONE_BEFORE, LAST_JOB], POOR,
            {"kind": "unemployment_benefit", "nature": "01", "from": date(2025, 1, 1)},
        )
    ],
}  # fmt: skip


@pytest.mark.parametrize(("rule", "taken"), [(rule, one) for rule, some in UP.items() for one in some])
def test_a_right_that_was_taken_up_is_compared_as_if_it_had_not_been(rule: str, taken: PersonHistory) -> None:
    assert HISTORY_RULES[rule].decide(taken, DAY, LAW) == []
    (finding,) = HISTORY_RULES[rule].decide(as_if_not_taken_up(rule, taken, LAW), DAY, LAW)
    assert finding.rule == rule
    assert compared(rule, LAW, law_in_texts({}, LAW), taken).same == 1


@pytest.mark.parametrize("rule", ["pension", "career_break"])
def test_what_is_paid_instead_is_no_right_that_was_taken_up(rule: str) -> None:
    paid = lived(SENIOR, SICK, {"kind": rule, "from": date(2026, 5, 1)})
    assert compared("sickness_benefit", LAW, law_in_texts({}, LAW), paid).same == 0


def test_an_admission_before_the_last_request_stays_an_admission() -> None:
    admitted = lived(date(1994, 5, 20), [NONE_BEFORE, LAST_JOB], POOR, {**FULL, "from": date(2024, 4, 1)})
    assert as_if_not_taken_up("unemployment_admission", admitted, LAW) is admitted


def test_of_every_rule_over_a_history_it_is_said_what_takes_it_up() -> None:
    assert {*DAYS, *GRANTED, *LEFT_AS_IT_IS, "unemployment_admission"} == {*HISTORY_RULES}
    assert set(UP) == {*HISTORY_RULES} - LEFT_AS_IT_IS


def test_where_nothing_was_taken_up_or_nobody_asked_a_history_is_as_it_was() -> None:
    for rule in HISTORY_RULES:
        assert as_if_not_taken_up(rule, lived(), LAW) is not None
        assert as_if_not_taken_up(rule, lived(), LAW) == lived()
        unasked = replace(lived(), decisions=None)
        assert as_if_not_taken_up(rule, unasked, LAW) is unasked


def test_the_natures_that_take_up_days_are_those_of_the_figures_in_question() -> None:
    other = lived(BORN, WORK, {**FULL, "nature": "23", "from": date(2026, 8, 1), "until": date(2026, 8, 15)})
    text = _file("youth_holiday").replace('youth: ["21"]', 'youth: ["23"]')
    assert as_if_not_taken_up("youth_holiday", other, LAW).decisions == other.decisions
    assert as_if_not_taken_up("youth_holiday", other, law_in_texts({"youth_holiday": text}, LAW)).decisions == ()


def _file(name: str) -> str:
    return (catalogue() / f"{name}.yaml").read_text("utf-8")


def test_of_a_person_that_is_held_every_quarter_is_compared_and_the_history_soon_after_the_last() -> None:
    person, store = number(BORN), MemoryStore()
    for quarter in ("2025Q4", "2026Q1"):
        store.take(declared(person, quarter, {"from": date(2025, 10, 1)}))
    store.take(decided(person, "v1", {"kind": "disability_allowance", "from": date(2026, 5, 1)}))
    held = store.facts
    incomplete = FactKey(ANNE, "2026Q1", f"2026Q1-{EMPLOYER}", CONTRIBUTIONS)
    *situations, (history, day) = of_person(ANNE, held, store.reader)
    assert [(about.quarter, on) for about, on in situations if isinstance(about, Situation)] == [
        ("2025Q4", date(2026, 1, 15)),
        ("2026Q1", date(2026, 4, 15)),
    ]
    assert isinstance(history, PersonHistory)
    assert (history.person, sorted(history.quarters), day) == (person, ["2025Q4", "2026Q1"], date(2026, 7, 15))
    assert [one.event for one in history.decisions or ()] == ["v1@1"]
    del held[incomplete]
    (_, (history, _)) = of_person(ANNE, held, store.reader)
    assert isinstance(history, PersonHistory)
    assert history.quarters == {"2025Q4"}
