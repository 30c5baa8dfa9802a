"""Where only the year of birth is known, what it decides is decided, and what it leaves open is to check."""

from calendar import isleap
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.calculation.coverage import young
from rules.calculation.target_groups.claims import all_codes
from rules.casebook.case_history import case_history, number
from rules.catalogue import decide_all, decide_history, excesses
from rules.findings.finding import Certainty, Finding
from rules.view.ages import ANY_AGE, Ages, Birth, age_on, birth
from rules.view.history import PersonHistory
from rules.view.situation import InstitutionDecision
from schemas.identifiers import birth_date, birth_days, inss
from tests.builders.law import LAW
from tests.builders.situations import situation_of

UNKNOWN = inss(1033, after_2000=False)
"""00 00 01: a birth date wholly unknown."""
AGED = {
    8320: None, 7320: None, 6320: None, 6321: date(2024, 5, 1), 6300: date(2024, 5, 1), 6340: date(2024, 5, 1),
    9300: None,
}  # fmt: skip
"""The codes whose conditions ask for an age, with a first day of the right where they ask for one."""
SURE = (Certainty.CERTAIN, Certainty.LIKELY)


def year_only(year: int, *, month: int = 0, day: int = 0) -> str:
    return inss(int(f"{year % 100:02d}{month:02d}{day:02d}033"), after_2000=year >= 2000)


def days_of(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(days=day) for day in range(366 if isleap(year) else 365)]


def amounts(found: list[Finding]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """What each finding comes to, by what it is about."""
    return {(one.rule, one.quarter, one.occupation, one.deduction_code): (one.amount, one.missing) for one in found}


def sure(found: list[Finding]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    return amounts([one for one in found if one.certainty in SURE])


@pytest.mark.parametrize(
    ("person", "first", "last"),
    [
        (year_only(1985), date(1985, 1, 1), date(1985, 12, 31)),
        (year_only(2010), date(2010, 1, 1), date(2010, 12, 31)),
        (year_only(1985, day=35), date(1985, 1, 1), date(1985, 12, 31)),
        (year_only(1985, month=20, day=33), date(1985, 1, 1), date(1985, 12, 31)),
        (year_only(1985, month=40), date(1985, 1, 1), date(1985, 12, 31)),
        (year_only(2000), date(2000, 1, 1), date(2000, 12, 31)),
        (year_only(1984, month=2), date(1984, 2, 1), date(1984, 2, 29)),
        (year_only(1985, month=46), date(1985, 6, 1), date(1985, 6, 30)),
        (year_only(1985, month=6, day=15), date(1985, 6, 15), date(1985, 6, 15)),
    ],
)
def test_a_number_says_between_which_days_somebody_was_born(person: str, first: date, last: date) -> None:
    assert birth_days(person) == birth(person) == (first, last)
    assert birth_date(person) == (first if first == last else None)


@pytest.mark.parametrize("head", [1033, 1997, 2001, 32417, 200133, 400133, 2001033, 10001033])
def test_the_fictitious_date_says_nothing(head: int) -> None:
    text = f"{head:09d}"
    known = text[:2] != "00" or int(text[2:4]) % 20 != 0 or text[4:6] == "00"
    for after_2000 in (False, True):
        assert (birth(inss(head, after_2000=after_2000)) is not None) is known


@given(st.integers(1920, 2015), st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_ages_are_those_of_every_possible_day(year: int, day: date) -> None:
    born = birth(year_only(year))
    assert born is not None
    every = {age_on(one, day) for one in days_of(year)}
    assert born.ages(day) == Ages(min(every), max(every))
    assert {age_on(one, day) for one in born.days(day)} == every
    assert ANY_AGE.least <= min(every) or min(every) < 0


@given(st.integers(2000, 2015), st.integers(2022, 2032), st.integers(1, 4))
def test_who_is_under_limited_subjection_the_year_decides(year: int, in_year: int, quarter: int) -> None:
    name = f"{in_year}Q{quarter}"
    assert young(year_only(year), name, LAW) is young(number(date(year, 7, 1)), name, LAW) is (in_year - year <= 18)
    assert young(UNKNOWN, name, LAW) is None


QUARTERS = st.sampled_from([f"{year}Q{quarter}" for year in (2023, 2024, 2025, 2026) for quarter in (1, 2, 3, 4)])


@settings(deadline=None, max_examples=60)
@given(
    st.one_of(st.integers(1954, 1974), st.integers(1996, 2011)),
    QUARTERS,
    st.sampled_from([None, *AGED]),
    st.sampled_from([0, 300, 1500]),
    st.sampled_from([7400.00, 9000.00, 12500.00, 17000.00]),
    st.sampled_from([date(2015, 1, 1), None, date(2023, 9, 1)]),
)
def test_a_finding_is_sure_only_if_it_is_the_same_for_every_day_of_the_year(
    year: int, quarter: str, code: int | None, claim: int, wage: float, start: date | None
) -> None:
    hired = start or date(int(quarter[:4]), 3 * int(quarter[5]) - 1, 10)
    case: dict[str, Any] = {"quarter": quarter, "wage": {1: wage}, "days": {1: 65}, "from": hired}
    if code:
        case["claimed"] = {code: {"amount": claim, "since": AGED[code]}}
    seen = situation_of({**case, "person": year_only(year)})
    day = date(2026, 11, 1)
    found, beyond = decide_all(seen, day, LAW), excesses(seen, LAW)
    every = [
        situation_of({**case, "person": number(one)})
        for one in days_of(year)
        if one.day in (1, 2, 9, 10, 11, 28, 29, 30, 31)
    ]
    each = [decide_all(one, day, LAW) for one in every]
    certain = sure(found)
    for one in each:
        assert certain.items() <= sure(one).items()
    same = set.intersection(*(set(sure(one).items()) for one in each))
    assert same <= set(certain.items())
    # What only some days give is not passed over in silence, apart from what is told once, in the quarter it begins.
    claimed = {key for one in each for key in amounts(one) if key[3] == str(code)}
    assert claimed <= amounts(found).keys()
    for key in beyond:
        assert all(any((more.deduction_code, more.due) == (key.deduction_code, key.due) for more in excesses(one, LAW))
                   for one in every)  # fmt: skip


EDGES = {
    8320: range(1957, 1972), 7320: range(1957, 1969), 6320: range(1961, 1966), 6321: range(1964, 1968),
    6300: range(1997, 2002), 6340: [*range(1956, 1960), *range(2004, 2008)], 9300: range(1968, 1972),
}  # fmt: skip
"""Years of birth in which the limits of age of a code fall."""


@pytest.mark.parametrize("code", EDGES)
@pytest.mark.parametrize("claim", [0, 300, 1500])
def test_at_every_limit_of_age_a_year_is_sure_only_of_what_all_its_days_give(code: int, claim: int) -> None:
    day, decided, left_open = date(2026, 11, 1), 0, 0
    for quarter in ("2023Q2", "2024Q1", "2024Q2", "2024Q3", "2024Q4", "2025Q2", "2026Q2"):
        case: dict[str, Any] = {"quarter": quarter, "wage": {1: 7400.00}, "days": {1: 65}}
        case["claimed"] = {code: {"amount": claim, "since": AGED[code]}}
        for year in EDGES[code]:
            days = (*[date(year, month, 1) for month in range(1, 13)], *[date(year, month, 28) for month in (3, 6, 9)])
            seen = situation_of({**case, "person": year_only(year)})
            every = [situation_of({**case, "person": number(one)}) for one in (*days, date(year, 12, 31))]
            certain, too_much = sure(decide_all(seen, day, LAW)), excesses(seen, LAW)
            each = [sure(decide_all(one, day, LAW)) for one in every]
            same = set.intersection(*(set(one.items()) for one in each))
            assert set(certain.items()) == same
            beyond = [excesses(one, LAW) for one in every]
            assert too_much == [one for one in beyond[0] if all(one in other for other in beyond)]
            decided += bool(same)
            left_open += any(set(one.items()) != same for one in each) or any(one != too_much for one in beyond)
    assert decided
    # The others are to check or undetermined whatever the age.
    assert left_open or code not in (8320, 7320, 6320)


@settings(deadline=None, max_examples=40)
@given(
    st.one_of(st.integers(1956, 1962), st.integers(1971, 1991), st.integers(1998, 2004)),
    st.sampled_from([date(2024, 12, 31), date(2025, 3, 1), date(2025, 8, 15), date(2026, 3, 19)]),
    st.dates(date(2026, 1, 1), date(2027, 6, 30)),
)
def test_so_it_is_with_rights_over_a_history(year: int, asked: date, day: date) -> None:
    case = {
        "work": [
            {"quarters": ["2023Q4", "2024Q1", "2024Q2", "2024Q3"], "from": date(2023, 10, 1),
             "until": date(2024, 9, 30), "days per week": 6, "days": {1: 78}},
            {"quarter": "2026Q1", "from": date(2026, 2, 2), "days": {1: 41}},
        ],
        "decisions": [
            {"kind": "integration_income", "from": asked, "until": date(2026, 6, 30)},
            {"kind": "unemployment_benefit", "nature": "01", "from": date(2025, 4, 1), "until": date(2025, 9, 30)},
        ],
    }  # fmt: skip
    found = decide_history(case_history({**case, "person": year_only(year)}), day, LAW)
    each = [decide_history(case_history({**case, "person": number(one)}), day, LAW) for one in days_of(year)[::7]]
    for one in each:
        assert sure(found).items() <= sure(one).items()
    same = set.intersection(*(set(sure(one).items()) for one in each))
    assert same <= set(sure(found).items())


def test_whose_year_is_unknown_is_told_nothing_for_certain_and_nobody_is_told_that_too_much_was_taken() -> None:
    case = {"quarter": "2026Q3", "wage": {1: 6900.00}, "days": {1: 66}, "person": UNKNOWN}
    found = decide_all(situation_of(case), date(2026, 11, 1), LAW)
    assert {one.rule for one in found} == {"structural_reduction", "work_bonus"}
    assert {one.certainty for one in found} == {Certainty.TO_CHECK}
    reasons = [step.source for one in found for step in one.trace if step.step == "certainty"]
    assert all("the year of birth is unknown" in reason for reason in reasons)
    claims = {"claimed": {3000: 2000.00}, "claimed on the line": {1: 2000.00}}
    assert excesses(situation_of({**case, **claims}), LAW) == []


def test_a_hire_of_somebody_whose_year_is_unknown_is_still_told_to_check() -> None:
    case = {
        "quarter": "2026Q3", "wage": {1: 6900.00}, "days": {1: 66}, "person": UNKNOWN, "from": date(2026, 7, 1),
        "contributions": [810],
    }  # fmt: skip
    (one,) = [one for one in decide_all(situation_of(case), date(2026, 11, 1), LAW) if one.rule == "first_hirings"]
    assert one.certainty is Certainty.TO_CHECK
    assert any("the year of birth is unknown" in step.source for step in one.trace)


@pytest.mark.parametrize("code", sorted({int(code) for code in all_codes(LAW)} - {3240, 3241, 3250, 6310, 6311}))
@pytest.mark.parametrize("person", [number(date(2009, 5, 5)), year_only(2009)], ids=["born on a day", "born in a year"])
def test_the_young_under_limited_subjection_have_no_target_group(code: int, person: str) -> None:
    case = {
        "quarter": "2025Q2", "wage": {1: 7000.00}, "days": {1: 65}, "person": person, "from": date(2025, 4, 1),
        "claimed": {code: {"amount": 400.00, "since": date(2025, 4, 1)}},
    }  # fmt: skip
    (excess,) = excesses(situation_of(case), LAW)
    assert (excess.code, excess.deduction_code, excess.due) == ("00089-044", str(code), Decimal("0.00"))
    assert decide_all(situation_of(case), date(2025, 7, 20), LAW) == []


@pytest.mark.parametrize("code", ["027", "035", "050", "439", "450", "487", "840", "841"])
def test_apprentices_students_and_flexi_jobs_have_no_target_group_either(code: str) -> None:
    case = {"quarter": "2025Q2", "wage": {1: 7000.00}, "days": {1: 65}, "worker code": code, "claimed": {3500: 400.00}}
    (excess,) = excesses(situation_of(case), LAW)
    assert (excess.deduction_code, excess.due) == ("3500", Decimal("0.00"))


def test_a_birthday_that_may_lie_in_any_quarter_is_told_of_once_when_it_surely_was() -> None:
    day = date(2026, 2, 1)

    def rules(quarter: str, **change: Any) -> set[str]:
        case = {"quarter": quarter, "wage": {1: 12000.00}, "days": {1: 65}, "person": year_only(1970), **change}
        return {one.rule for one in decide_all(situation_of(case), day, LAW)}

    assert [name for name in ("2025Q1", "2025Q2", "2025Q3", "2025Q4") if "older_workers" in rules(name)] == ["2025Q4"]
    assert "older_workers" in rules("2025Q2", **{"from": date(2025, 4, 1)})


def test_what_a_year_leaves_open_takes_the_most_and_says_so() -> None:
    case = {
        "quarter": "2025Q2",
        "wage": {1: 12000.00},
        "days": {1: 65},
        "claimed": {8320: 0},
        "person": year_only(1967),
    }
    (one,) = [one for one in decide_all(situation_of(case), date(2025, 7, 20), LAW) if one.rule == "older_workers"]
    assert (one.amount, one.certainty) == (Decimal("1000.00"), Certainty.TO_CHECK)
    steps = {step.step: step.value for step in one.trace}
    assert steps["age at the end of the quarter"] == "57-58"
    assert "which day of 1967" in one.trace[-1].source


def test_a_history_of_decisions_alone_knows_the_year() -> None:
    decided = (InstitutionDecision("integration_income", "", date(2022, 1, 1), None, "e"),)
    assert PersonHistory(year_only(1960), (), decided).born == Birth(date(1960, 1, 1), date(1960, 12, 31))
    assert PersonHistory(UNKNOWN, (), decided).born is None
