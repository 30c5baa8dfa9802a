"""Whatever days a working week has: who worked all of them worked a complete quarter."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.calculation.fraction import mu_glob
from rules.calculation.months import ALL, months, performed
from rules.calculation.working_week import days_between, expected
from rules.catalogue import decide_all
from rules.findings.finding import Certainty, Finding
from rules.view.situation import Situation
from schemas.identifiers import quarter_days
from tests.builders.law import LAW
from tests.builders.situations import situation_of

QUARTERS = [f"{year}Q{quarter}" for year in range(2022, 2027) for quarter in range(1, 5)]
CODES = frozenset({"001"})
LAST_DAY = date(2026, 10, 1)


def days_of(quarter: str, weekdays: set[int]) -> int:
    first, last = quarter_days(quarter)
    return sum((first + timedelta(days=day)).weekday() in weekdays for day in range((last - first).days + 1))


def seen(quarter: str, per_week: float, days: float, **change: Any) -> Situation:
    case = {"quarter": quarter, "days per week": per_week, "days": {1: days}, "wage": {1: 6900.00}, **change}
    return situation_of(case)


def share(of: Situation) -> object:
    (occupation,) = of.lines[0].occupations
    return performed(occupation, CODES, months(occupation, of.quarter))


def found(of: Situation, rule: str) -> Finding:
    (one,) = [one for one in decide_all(of, LAST_DAY, LAW) if one.rule == rule]
    return one


@pytest.mark.parametrize("quarter", QUARTERS)
@pytest.mark.parametrize("number", range(1, 8))
def test_all_the_days_of_the_week_are_a_complete_quarter(quarter: str, number: int) -> None:
    days = days_of(quarter, set(range(number)))
    assert share(seen(quarter, number, days)) == ALL
    less = share(seen(quarter, number, days - 2))
    assert less != ALL


@pytest.mark.parametrize("quarter", QUARTERS)
@pytest.mark.parametrize("number", range(1, 5))
def test_in_a_short_week_it_may_be_any_days(quarter: str, number: int) -> None:
    first, last = quarter_days(quarter)
    counts = {days_of(quarter, set(chosen)) for chosen in combinations(range(7), number)}
    assert {share(seen(quarter, number, days)) for days in counts} == {ALL}
    assert expected(first, last, number * 100) == (min(counts) * 100, max(counts) * 100)
    assert share(seen(quarter, number, min(counts) - 1)) != ALL


@pytest.mark.parametrize("quarter", QUARTERS)
@pytest.mark.parametrize("number", [4.5, 5.5, 2.4, 6.5])
def test_the_part_of_a_week_may_be_rounded_down_to_a_day(quarter: str, number: float) -> None:
    first, last = quarter_days(quarter)
    fewest, surely = expected(first, last, round(number * 100))
    assert fewest % 100 == 0
    weeks = Decimal((last - first).days + 1) / 7
    assert abs(Decimal(surely) / 100 - weeks * Decimal(str(number))) < 3
    assert share(seen(quarter, number, fewest / 100)) == ALL


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 400), st.integers(100, 700))
def test_days_are_counted_as_one_counts_them_on_a_calendar(first: date, length: int, per_week: int) -> None:
    last = first + timedelta(days=length)
    whole, part = divmod(max(per_week, 500), 100)
    weights = [100] * whole + [part] + [0] * 7
    every = [weights[(first + timedelta(days=day)).weekday()] for day in range(length + 1)]
    assert days_between(first, last, per_week) == sum(every)
    assert days_between(last, first - timedelta(days=1), per_week) == 0


@pytest.mark.parametrize("number", range(1, 8))
def test_the_work_bonus_of_a_complete_quarter_is_the_same_in_every_week(number: int) -> None:
    one = found(seen("2026Q3", number, days_of("2026Q3", set(range(number)))), "work_bonus")
    # The quarter has one Wednesday more than other days: without it a short week can have all its days, or lack one.
    assert one.amount == Decimal("898.59")
    assert one.certainty is Certainty.LIKELY
    unknown = [step for step in one.trace if step.step == "certainty" and "how wage and days fall" in step.source]
    assert len(unknown) == (number <= 2)


@pytest.mark.parametrize("quarter", [name for name in QUARTERS if name >= "2022Q2"])
@pytest.mark.parametrize("number", range(1, 8))
def test_a_complete_quarter_has_the_whole_structural_reduction_and_target_group(quarter: str, number: int) -> None:
    claimed = {3315: {"amount": 0, "since": date(2018, 2, 1)}}
    days = days_of(quarter, set(range(number)))
    of = seen(quarter, number, days, claimed=claimed, wage={1: 14000.00})
    assert mu_glob(of, CODES) in range(96, 109)
    steps = {step.step: step.value for step in found(of, "first_hirings").trace}
    assert steps["G x mu x beta_g"] == steps["G"]
    steps = {step.step: step.value for step in found(seen(quarter, number, days), "structural_reduction").trace}
    assert Decimal(steps["Ps"]) == Decimal(steps["R"]) > 0


def test_a_job_that_begins_on_a_saturday_is_complete_from_there_in_a_week_of_six() -> None:
    of = seen("2026Q3", 6, 24, **{"from": date(2026, 9, 5), "wage": {1: 2100.00}})
    assert days_between(date(2026, 9, 5), date(2026, 9, 30), 600) == 2200
    assert share(of) == ALL
    (occupation,) = of.lines[0].occupations
    (september,) = months(occupation, "2026Q3").months
    assert (september.covered.part, september.covered.whole) == (11, 13)
