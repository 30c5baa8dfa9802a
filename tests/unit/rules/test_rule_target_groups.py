"""A target group taken too high, twice, or where there is no right is an anomaly on its own deduction."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from rules.casebook.case_events import events
from rules.catalogue import decide_all, excesses
from rules.findings.finding import Excess
from rules.view.ages import birthday
from rules.view.situation import Situation, situation
from tests.builders.law import LAW
from tests.builders.situations import situation_of

SINCE = date(2018, 2, 1)
BORN_1961 = {"person": "61031503343"}
CASE: dict[str, Any] = {"quarter": "2026Q3", "wage": {1: 18000.00}, "days": {1: 65}}


def _excesses(claimed: dict[int, Any], **change: Any) -> list[Excess]:
    return excesses(situation_of({**CASE, "claimed": claimed, **change}), LAW)


def test_a_first_hire_taken_at_the_amount_of_before_the_reform_is_too_much_on_its_own_place() -> None:
    (excess,) = _excesses({9999: 1, 3315: {"amount": 3100.00, "since": SINCE}})
    assert (excess.rule, excess.code, excess.deduction_code) == ("first_hirings", "00089-044", "3315")
    assert (excess.line, excess.occupation, excess.deduction) == (0, 0, 1)
    assert (excess.claimed, excess.due) == (Decimal("3100.00"), Decimal("2000.00"))


def test_one_cent_too_much_is_rounding_and_two_are_told() -> None:
    assert _excesses({3315: {"amount": 2000.01, "since": SINCE}}) == []
    (excess,) = _excesses({3315: {"amount": 2000.02, "since": SINCE}})
    assert excess.due == Decimal("2000.00")


def test_together_with_the_structural_reduction_the_target_group_is_what_is_too_much() -> None:
    claimed = {3000: 1394.38, 3315: {"amount": 2000.00, "since": SINCE}}
    (excess,) = _excesses(claimed, wage={1: 6000.00})
    assert (excess.deduction_code, excess.due) == ("3315", Decimal("105.62"))


def test_a_right_whose_window_is_over_gives_nothing() -> None:
    (excess,) = _excesses({3326: {"amount": 450.00, "since": date(2021, 3, 31)}}, quarter="2026Q1")
    assert excess.due == 0


def test_of_two_target_groups_on_one_occupation_the_lower_is_too_much() -> None:
    (excess,) = _excesses({3315: {"amount": 2000.00, "since": SINCE}, 3324: {"amount": 1000.00, "since": SINCE}})
    assert (excess.deduction_code, excess.due) == ("3324", Decimal(0))


@pytest.mark.parametrize(
    "change",
    [
        {"worker code": "046"},
        {"worker code": "675"},
        {"person": "00000103334"},
        {"joint committee": "330"},
        {"claimed": {3315: 9000.00}},
        {"claimed": {3352: {"amount": 9000.00, "since": date(2026, 6, 30)}}},
    ],
    ids=[
        "worker code in no list",
        "a part of the branches",
        "birth date wholly unknown",
        "no law for category 2",
        "no start",
        "law not found",
    ],
)
def test_nobody_is_told_of_too_much_where_the_reckoning_is_not_sure(change: dict[str, Any]) -> None:
    claimed = {"claimed": {3315: {"amount": 9000.00, "since": SINCE}}, **change}
    assert _excesses(**claimed) == []


def test_what_is_due_is_neither_too_much_nor_missed() -> None:
    case = {**CASE, "claimed": {3315: {"amount": 2000.00, "since": SINCE}}}
    seen = situation_of(case)
    assert excesses(seen, LAW) == []
    assert [one for one in decide_all(seen, date(2026, 10, 15), LAW) if one.rule == "first_hirings"] == []


@pytest.mark.parametrize(
    ("claimed", "change", "due"),
    [
        ({8320: 400.01}, {"person": "69031503317"}, None),
        ({8320: 400.02}, {"person": "69031503317"}, "400.00"),
        ({8320: 100.00}, {"person": "85073003328"}, "0.00"),
        ({6320: 600.00}, {"quarter": "2025Q3", "person": "61031503343"}, "0.00"),
        ({6340: {"amount": 1000.00, "since": date(2024, 6, 30)}}, {}, "0.00"),
        ({6300: {"amount": 1000.00, "since": date(2024, 7, 1)}}, {}, "0.00"),
        ({3500: {"amount": 1000.00, "shortened": {"on": date(2025, 3, 31), "from": 38, "to": 36}}}, {}, "400.00"),
        ({3510: {"amount": 400.00, "since": date(2024, 6, 30)}}, {"days per week": 4, "days": {1: 52}}, None),
        ({3510: {"amount": 400.00, "since": date(2024, 3, 31)}}, {"days per week": 4, "days": {1: 52}}, "0.00"),
        ({3800: 900.00}, {}, "800.00"),
        ({4300: 900.00}, {"worker code": "046"}, None),
        ({9300: 900.00}, {"person": "69031503317"}, "400.00"),
        ({9300: 900.00}, {"person": "70063003394", "wage": {1: 13942.47}}, "0.00"),
        ({9300: 900.00}, {"person": "71063003318"}, None),
        ({9300: 900.00}, {"person": "59063003357"}, None),
        ({8320: 900.00}, {"quarter": "2026Q3", "from": date(2026, 1, 1), "wage": {1: 13769.99}, **BORN_1961}, None),
        ({8320: 900.00}, {"quarter": "2026Q3", "from": date(2026, 1, 1), "wage": {1: 13770.00}, **BORN_1961}, "0.00"),
        ({8320: 900.00}, {"quarter": "2026Q2", "from": date(2026, 1, 1), "wage": {1: 13500.00}, **BORN_1961}, "0.00"),
        ({3500: {"amount": 900.00, "shortened": {"on": date(2025, 3, 31), "from": 36.99, "to": 36}}}, {}, None),
        ({9300: 900.00}, {"person": "85073003328"}, "0.00"),
        ({3900: 900.00}, {}, "0.00"),
        ({3900: 900.00}, {"joint committee": "302"}, None),
        ({3900: 900.00}, {"joint committee": "302", "contract": (19, 38), "days": {}, "hours": {1: 247}}, "0.00"),
    ],
)
def test_what_each_target_group_gives_is_the_most_that_may_be_taken(
    claimed: dict[int, Any], change: dict[str, Any], due: str | None
) -> None:
    found = _excesses(claimed, **{"quarter": "2025Q2", "wage": {1: 12000.00}, **change})
    assert [f"{excess.due:.2f}" for excess in found] == ([] if due is None else [due])


def test_a_restructuring_card_is_too_much_after_its_three_quarters_and_only_then() -> None:
    for start, told in ((date(2025, 10, 1), []), (date(2025, 9, 30), [Decimal(0)])):
        claimed = {601: {"amount": 100.00, "since": start}}
        seen = situation_of({**CASE, "quarter": "2026Q2", "claimed on the line": claimed})
        assert [one.due for one in excesses(seen, LAW) if one.deduction_code == "0601"] == told


@pytest.mark.parametrize(("taken", "told"), [(400.00, []), (400.01, ["399.99"]), (500.00, ["399.99"])])
def test_a_restructuring_card_is_too_much_beyond_its_amount(taken: float, told: list[str]) -> None:
    claimed = {601: {"amount": taken, "since": date(2025, 4, 1)}}
    seen = situation(
        *events({"quarter": "2025Q2", "wage": {1: 12000.00}, "days": {1: 65}, "claimed on the line": claimed})
    )
    assert [f"{one.due:.2f}" for one in excesses(seen, LAW) if one.deduction_code == "0601"] == told


def test_copies_of_before_the_rules_were_granted_start_dates_are_read_and_nothing_is_guessed_from_them() -> None:
    wages, working_time, contributions = events({**CASE, "from": date(2026, 7, 1), "claimed": {3324: 0}})
    for line in contributions["lines"]:
        del line["contributions"]
        for deduction in line["occupations"][0]["deductions"]:
            del deduction["right_start"], deduction["detail"]
    found = [
        one
        for one in decide_all(situation(wages, working_time, contributions), date(2026, 10, 15), LAW)
        if one.rule == "first_hirings"
    ]
    assert [(one.amount, one.certainty.value) for one in found] == [(None, "undetermined")]


def _found(rule: str, seen: Situation) -> list[tuple[str, str, tuple[str, ...], str | None, Decimal | None, Decimal]]:
    findings = [one for one in decide_all(seen, date(2026, 10, 15), LAW) if one.rule == rule]
    return [(one.rule, one.person, one.causes, one.deduction_code, one.amount, one.claimed) for one in findings]


@pytest.mark.parametrize(
    ("rule", "case"),
    [
        ("first_hirings", {"from": date(2026, 7, 1), "contributions": ["495"]}),
        ("older_workers", {"person": "71081003350", "wage": {1: 12000.00}}),
    ],
)
def test_a_right_that_may_be_there_is_told_under_its_rule_with_person_and_causes(
    rule: str, case: dict[str, Any]
) -> None:
    seen = situation_of({**CASE, **case})
    causes = ("wages", "working-time", "contributions")
    assert _found(rule, seen) == [(rule, seen.person, causes, None, None, Decimal("0.00"))]


def test_a_code_that_stands_twice_on_an_occupation_counts_with_its_whole_amount() -> None:
    wages, working_time, contributions = events({**CASE, "claimed": {3315: {"amount": 1000.00, "since": SINCE}}})
    taken = contributions["lines"][0]["occupations"][0]["deductions"]
    taken.append({**taken[0], "amount": 60000})
    seen = situation(wages, working_time, contributions)
    assert [found[3:] for found in _found("first_hirings", seen)] == [("3315", Decimal("2000.00"), Decimal("1600.00"))]
    taken.append({**taken[0], "amount": 40000})
    assert _found("first_hirings", situation(wages, working_time, contributions)) == []
    taken.append({**taken[0], "code": "3324", "amount": 190000})
    told = {one.deduction_code: one.due for one in excesses(situation(wages, working_time, contributions), LAW)}
    assert told == {"3324": Decimal(0)}


def test_weekly_hours_that_nobody_declares_are_taken_to_be_the_fewest() -> None:
    case = {"quarter": "2025Q2", "wage": {1: 12000.00}, "days": {1: 65}}
    claimed = {3500: {"amount": 0, "shortened": {"on": date(2021, 6, 30)}}}
    wages, working_time, contributions = events({**case, "claimed": claimed})
    working_time["lines"][0]["occupations"][0]["reference_hours"] = None
    (one,) = decide_all(situation(wages, working_time, contributions), date(2025, 7, 15), LAW)[:1]
    doubts = [step.source for step in one.trace if step.step == "certainty"]
    assert (one.amount, one.rule) == (Decimal("400.00"), "working_time_reduction")
    assert doubts[0] == "the weekly hours afterwards are not declared (zones 00049, 00148)"


@pytest.mark.parametrize(
    ("age", "day"),
    [
        (60, date(2024, 2, 29)),
        (61, date(2025, 3, 1)),
        (136, date(2100, 3, 1)),
        (36, date(2000, 2, 29)),
    ],
)
def test_who_is_born_on_29_february_reaches_an_age_on_1_march_in_years_without_that_day(age: int, day: date) -> None:
    assert birthday(date(1964, 2, 29), age) == day


def test_who_is_born_on_the_29th_of_another_month_or_earlier_in_february_has_a_birthday_each_year() -> None:
    assert birthday(date(1964, 5, 29), 61) == date(2025, 5, 29)
    assert birthday(date(1964, 2, 10), 61) == date(2025, 2, 10)
