"""Dated figures of the law: what the reader refuses, and what it says of a day without law."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.law.dated_figures import FigureRow, NoLaw, Series, SourceQuality, citing
from rules.law.knowledge import known_on
from rules.law.law import Law
from rules.law.load import parameter_files
from rules.law.parse import WrongParameters, parse
from tests.builders.law import LAW

HEAD = "rule: example\nlaw: Law of 01/01/2000\nknown: 2021-01-01\nseries:\n  rate:\n"
FIRST = "      - {from: 2020-01-01, to: 2020-06-30, amount: 1.10, quality: OFF, source: Gazette}\n"
SECOND = "      - {from: 2020-07-01, amount: 1.20, quality: DER, source: One index step}\n"
CORRECTED = (
    "      - {from: 2020-07-01, to: 2020-09-30, known: 2022-03-01, amount: 1.30, quality: OFF, source: Decree}\n"
)
SAID = "1.20, quality: DER, source: One index step"


def values(*rows: str) -> str:
    return HEAD + "    unit: EUR\n    values:\n" + "".join(rows)


def known_rows(rule: str, series: str) -> list[FigureRow]:
    """The rows that have figures."""
    return [row for row in LAW[rule].series[series].rows if row.unknown is None]


def test_each_day_has_the_figure_in_force_on_it() -> None:
    found = parse(values(FIRST, SECOND))
    assert found.at("rate", date(2020, 6, 30)).number("amount") == Decimal("1.10")
    assert found.at("rate", date(2020, 7, 1)).number("amount") == Decimal("1.20")
    assert not found.at("rate", date(2031, 1, 1)).quality.firm


def test_a_day_before_the_first_figure_has_no_law() -> None:
    with pytest.raises(NoLaw, match="no law on 2019-12-31 for rate"):
        parse(values(FIRST, SECOND)).at("rate", date(2019, 12, 31))


def test_a_day_after_a_series_declared_ended_has_no_law() -> None:
    text = HEAD + "    unit: EUR\n    ended: abolished\n    values:\n" + FIRST
    with pytest.raises(NoLaw, match="abolished"):
        parse(text).at("rate", date(2020, 7, 1))


def test_days_declared_unknown_have_no_law_and_say_why() -> None:
    unknown = "      - {from: 2020-07-01, to: 2020-09-30, unknown: not read, source: Gazette}\n"
    later = "      - {from: 2020-10-01, amount: 2.00, quality: SEC, source: Gazette}\n"
    found = parse(values(FIRST, unknown, later))
    with pytest.raises(NoLaw, match="not read"):
        found.at("rate", date(2020, 8, 1))
    assert found.at("rate", date(2020, 10, 1)).number("amount") == 2


def known(day: date, *corrections: str) -> Series:
    """The series with these corrections, as it was known on a day."""
    return known_on(day, Law({"rate": parse(values(FIRST, SECOND, *corrections))}))["rate"].series["rate"]


def test_a_correction_holds_for_its_days_and_what_it_corrects_is_what_was_known_before() -> None:
    series = parse(values(FIRST, SECOND, CORRECTED)).series["rate"]
    days = [date(2020, 6, 30), date(2020, 7, 1), date(2020, 9, 30), date(2020, 10, 1)]
    assert [series.at(day).number("amount") for day in days] == [Decimal(x) for x in ("1.10", "1.30", "1.30", "1.20")]
    before = known(date(2022, 2, 28), CORRECTED)
    assert [before.at(day).number("amount") for day in days] == [Decimal(x) for x in ("1.10", "1.20", "1.20", "1.20")]
    assert len(before.written) == len(series.written) - 1
    assert len(known(date(2022, 3, 1), CORRECTED).written) == len(series.written)
    assert known_on(date(2020, 12, 31), Law({"rate": parse(values(FIRST, SECOND))})).parameters == {}


def test_a_correction_of_a_correction_holds_from_the_day_it_is_known() -> None:
    again = CORRECTED.replace("2022-03-01", "2023-01-01").replace("amount: 1.30", "amount: 1.40")
    series = parse(values(FIRST, SECOND, CORRECTED, again)).series["rate"]
    told = {date(2021, 6, 1): "1.20", date(2022, 6, 1): "1.30", date(2023, 1, 1): "1.40"}
    assert len(series.written) == len(told) + 1
    for day, amount in told.items():
        assert known(day, CORRECTED, again).at(date(2020, 8, 1)).number("amount") == Decimal(amount)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6), st.integers(-5, 50))
def test_on_every_day_the_row_that_is_known_last_holds(corrections: list[tuple[int, int]], offset: int) -> None:
    start = date(2020, 1, 1)
    rows = [FigureRow(start, None, {"amount": Decimal(0)}, SourceQuality.OFF, "Gazette", known=start)]
    for number, (one, other) in enumerate(corrections, start=1):
        first, last = sorted((one, other))
        days = start + timedelta(first), start + timedelta(last)
        figures = {"amount": Decimal(number)}
        rows.append(FigureRow(*days, figures, SourceQuality.OFF, "Gazette", known=start + timedelta(number)))
    series, day = Series("rate", tuple(rows)), start + timedelta(offset)
    expected = [row for row in rows if row.start <= day and (row.end is None or day <= row.end)]
    if expected:
        assert series.at(day) is expected[-1]
    else:
        with pytest.raises(NoLaw):
            series.at(day)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (values(FIRST, SECOND.replace("2020-07-01", "2020-08-01")), "nothing is said about the days between"),
        (values(FIRST, SECOND.replace("2020-07-01", "2020-06-30")), "overlap"),
        (values(SECOND, FIRST), "overlap"),
        (values(FIRST), "not declared ended"),
        (values(FIRST, SECOND.replace("source: One index step", "source: ''")), "no source"),
        (values(FIRST, SECOND.replace("DER", "GUESS")), "quality is not one of"),
        (values(FIRST, SECOND.replace("amount: 1.20, ", "")), "no figure"),
        (values(FIRST, SECOND.replace("amount: 1.20", "amount: 1.20, amount: 1.30")), "the key amount stands twice"),
        (values(FIRST, SECOND) + "  rate:\n    values: []\n", "the key rate stands twice"),
        (values(FIRST, SECOND).replace("    unit: EUR\n", ""), "amount has no unit"),
        (values(FIRST, SECOND).replace("unit: EUR", "unit: {rate: EUR}"), "a unit is given for rate"),
        (values(FIRST, SECOND.replace("1.20", "a lot")), "amount is neither a number nor a list of codes"),
        (values(FIRST, SECOND.replace("1.20", ".nan")), "amount is neither a number nor a list of codes"),
        (values(FIRST, SECOND.replace("1.20", "[]")), "a list of codes, and not an empty one"),
        (values(FIRST, SECOND.replace("2020-07-01", "July")), "`from` is not a day"),
        (values(FIRST, SECOND.replace("amount: 1.20", "amount: 1.20, unknown: not read")), "then there are no figures"),
        (values(FIRST, SECOND).replace("    unit", "    units"), "rate has no key units"),
        (values(FIRST, SECOND).replace("    unit", "    article: [3]\n    unit"), "`article` is not a text"),
        (values(FIRST, SECOND.replace("amount", "article: '', amount")), "`article` is not a text"),
        (values(FIRST, SECOND).replace("law: Law of 01/01/2000", "law:"), "`law` is missing"),
        (values(FIRST, SECOND).replace("known: 2021-01-01\n", ""), "`known` is not a day"),
        (values(FIRST, SECOND, CORRECTED.replace("known: 2022-03-01", "known: soon")), "`known` is not a day"),
        (values(FIRST, SECOND, CORRECTED, CORRECTED), "the rows from 2020-07-01 and 2020-07-01 overlap"),
        (values(CORRECTED, FIRST, SECOND), "known since 2021-01-01, after a row known since 2022-03-01"),
        (values(FIRST, SECOND, CORRECTED.replace("1.30, quality: OFF, source: Decree", SAID)), "corrects nothing"),
        (
            values(FIRST, SECOND, CORRECTED.replace("known:", "published: 2022-03-02, known:")),
            "known since 2022-03-01, before it was published on 2022-03-02",
        ),
        (
            values(FIRST, SECOND.replace("from: 2020-07-01", "from: 2020-07-01, to: 2020-08-31"), CORRECTED),
            "ends on 2020-09-30 and is not declared ended",
        ),
        (values(), "rate: no `values`"),
        ("series: 3", "a mapping with `rule`, `law` and `series`"),
        ("series: {", "this is not YAML"),
        ("[1]: 2", "this is not YAML"),
        (
            values(FIRST.replace("2020-06-30", "2019-06-30"), SECOND.replace("2020-07-01", "2019-07-01")),
            "ends before it begins",
        ),
    ],
)
def test_figures_that_cannot_be_trusted_are_refused(text: str, problem: str) -> None:
    with pytest.raises(WrongParameters, match=problem):
        parse(text)


def test_all_problems_are_told_at_once_with_file_and_line() -> None:
    wrong = values(FIRST.replace("Gazette", "''"), SECOND.replace("DER", "GUESS").replace("2020-07-01", "2020-08-01"))
    with pytest.raises(WrongParameters) as refused:
        parse(wrong, "rate.yaml")
    assert str(refused.value).splitlines() == [
        "rate.yaml:8: rate, from 2020-01-01: no source",
        "rate.yaml:9: rate, from 2020-08-01: quality is not one of OFF, SEC, REPO, DER, MEM",
        "rate.yaml:9: rate: nothing is said about the days between 2020-06-30 and 2020-08-01",
    ]


def test_every_number_has_a_unit_and_a_list_needs_none() -> None:
    row = parse(values(FIRST, SECOND.replace("amount: 1.20", 'amount: 1.20, codes: ["001"]'))).series["rate"].rows[1]
    assert row.units == {"amount": "EUR", "codes": "codes"}


def test_a_row_names_the_article_of_its_series_unless_it_has_one_of_its_own() -> None:
    own = SECOND.replace("amount", "article: 'Law of 01/01/2001, art. 3', amount")
    text = values(FIRST, own).replace("    unit", "    article: Law of 01/01/2000, art. 2 par. 1\n    unit")
    first, second = parse(text).series["rate"].rows
    assert str(first.cited) == "Law of 01/01/2000, art. 2 par. 1; Gazette (OFF), in force from 2020-01-01"
    assert str(second.cited) == "Law of 01/01/2001, art. 3; One index step (DER), in force from 2020-07-01"
    assert citing("DmfA zone 00044", first, second).text == f"DmfA zone 00044; {first.article}; {second.article}"
    assert first.version != parse(values(FIRST, SECOND)).series["rate"].rows[0].version


def test_an_article_that_the_source_names_itself_is_named_once() -> None:
    text = values(FIRST.replace("Gazette", "'Law of 01/01/2000, art. 2'"), SECOND)
    row = parse(text.replace("    unit", "    article: Law of 01/01/2000, art. 2\n    unit")).series["rate"].rows[0]
    assert str(row.cited) == "Law of 01/01/2000, art. 2 (OFF), in force from 2020-01-01"


def test_another_figure_label_or_source_is_another_version_of_a_row() -> None:
    changed = [SECOND, SECOND.replace("1.20", "1.21"), SECOND.replace("DER", "OFF"), SECOND.replace("One", "An")]
    versions = {parse(values(FIRST, row), "rate.yaml").series["rate"].rows[1].version for row in changed}
    assert len(versions) == len(changed)
    assert all(version.startswith("rate.yaml | rate | 2020-07-01 | ") for version in versions)


@pytest.mark.parametrize("rule", parameter_files())
def test_the_figures_of_every_rule_are_sound(rule: str) -> None:
    assert LAW[rule].rule == rule


def test_every_slope_of_the_work_bonus_leads_from_its_maximum_to_nothing() -> None:
    rows = LAW["work_bonus"].series["two components"].rows
    assert rows
    for row in rows:
        for prefix in ("", "manual_"):
            for slope, top, low, high in (("a", "Amax", "A1", "A2"), ("b", "Bmax", "B1", "A1")):
                exact = row.number(prefix + top) / (row.number(high) - row.number(low))
                assert abs(row.number(prefix + slope) - exact) <= Decimal("0.00006"), (row.start, prefix + slope)


def test_maxima_of_manual_workers_are_those_of_the_others_raised_by_eight_percent() -> None:
    rows = LAW["work_bonus"].series["two components"].rows
    assert rows
    for row in rows:
        for top in ("Amax", "Bmax"):
            assert row.number("manual_" + top) == round(row.number(top) * Decimal("1.08"), 2)


def test_a_further_person_raises_the_ceiling_of_the_increased_reimbursement_by_the_same_share() -> None:
    for name in ("ceiling of the year", "ceiling of the month"):
        rows = [row for row in known_rows("increased_reimbursement_income", name) if "person" in row.figures]
        assert rows
        for row in rows:
            share = row.number("person") / row.number("amount")
            assert abs(share - Decimal("0.18513")) < Decimal("0.00001"), row.start


def test_the_ceiling_of_a_year_of_income_is_the_average_of_its_months() -> None:
    """So the days of the steps of 2022, which were not read, fit what was: one that is a month off moves it by 38 euro.

    January and February are two steps of the index before May, March and April are one.
    """
    law = LAW["increased_reimbursement_income"]
    may = law.at("ceiling of the month", date(2022, 5, 1)).number("amount")
    months = [may / Decimal("1.02") ** 2] * 2 + [may / Decimal("1.02")] * 2
    months += [law.at("ceiling of the month", date(2022, month, 1)).number("amount") for month in range(5, 13)]
    year = law.at("ceiling of the year", date(2023, 1, 1)).number("amount")
    assert abs(sum(months, Decimal(0)) / 12 - year) < 1


@pytest.mark.parametrize(
    ("name", "day", "persons", "ceiling"),
    [
        ("ceiling of the year", date(2024, 6, 1), 4, "39865.49"),
        ("ceiling of the month", date(2024, 1, 15), 3, "37011.96"),
    ],
)
def test_the_ceiling_of_a_household_is_that_of_one_and_more_for_each_other(
    name: str, day: date, persons: int, ceiling: str
) -> None:
    row = LAW["increased_reimbursement_income"].at(name, day)
    assert row.number("amount") + (persons - 1) * row.number("person") == Decimal(ceiling)


def test_a_day_of_holiday_benefit_is_worth_65_percent_of_the_cap_over_26() -> None:
    rows = known_rows("holiday_benefit", "cap")
    assert rows
    for row in rows:
        assert row.number("day") == round(row.number("amount") * Decimal("0.65") / 26, 2), row.start


def test_the_cap_of_a_holiday_benefit_moves_by_index_steps_and_once_by_more() -> None:
    rows = [row for row in known_rows("holiday_benefit", "cap") if row.start >= date(2021, 7, 1)]
    assert len(rows) == 12
    for earlier, later in pairwise(rows):
        rise = Decimal("1.011") if later.start == date(2023, 7, 1) else Decimal("1.02")
        assert abs(later.number("amount") - earlier.number("amount") * rise) <= Decimal("0.08"), later.start


def test_the_figures_of_maximum_billing_are_their_bases_raised_by_the_index() -> None:
    law, day = LAW["maximum_billing"], date(2023, 7, 1)
    index = Decimal("1.1262")
    bands, person = law.at("bands", day), law.at("of a person", day)
    ceiling = law.at("social ceiling", day).number("amount")
    assert ceiling == bands.number("fees2") == round(450 * index, 2) == Decimal("506.79")
    assert person.number("child") == bands.number("fees3") == round(650 * index, 2)
    assert person.number("chronic") == round(100 * index, 2)
    before = law.at("of a person", date(2021, 7, 1)).number("chronic") / 100
    assert law.at("social ceiling", date(2021, 7, 1)).number("amount") == 450 * before


def test_the_bands_of_maximum_billing_rise_with_income() -> None:
    rows = [row for row in known_rows("maximum_billing", "bands") if "beyond" in row.figures]
    assert [row.start.year for row in rows] == [2023, 2024]
    for row in rows:
        limits = [row.number(f"income{number}") for number in range(1, 6)]
        fees = [*(row.number(f"fees{number}") for number in range(1, 6)), row.number("beyond")]
        assert limits == sorted(set(limits))
        assert fees == sorted(set(fees))


def test_the_income_guarantee_of_somebody_alone_is_one_and_a_half_times_the_base_amount() -> None:
    rows = known_rows("income_guarantee_elderly", "amounts")
    assert rows
    for row in rows:
        assert abs(row.number("alone") - row.number("amount") * Decimal("1.5")) <= Decimal("0.015"), row.start


def test_the_income_guarantee_of_older_people_rises_by_the_index_and_by_what_was_announced() -> None:
    rows = [row for row in known_rows("income_guarantee_elderly", "amounts") if row.start >= date(2022, 1, 1)]
    assert len(rows) == 11
    rises = {date(2023, 1, 1): Decimal("1.0258")}
    for earlier, later in pairwise(rows):
        rise = rises.get(later.start, Decimal("1.02"))
        for name in ("amount", "alone"):
            assert abs(later.number(name) - earlier.number(name) * rise) <= Decimal("0.05"), (later.start, name)


def test_the_income_guarantee_of_part_timers_is_bounded_by_the_guaranteed_minimum_income() -> None:
    known = {
        row.start: row.number("amount")
        for row in LAW["income_guarantee"].series["reference amount"].rows
        if not row.unknown
    }
    assert known[date(2026, 7, 1)] == round(known[date(2026, 4, 1)] * Decimal("1.02"), 2)
    minimum = {row.start: row.number("amount") for row in known_rows("income_guarantee", "guaranteed minimum income")}
    assert known == minimum


@pytest.mark.parametrize(
    ("start", "before"),
    [
        (date(2022, 8, 1), date(2022, 7, 31)),
        (date(2022, 11, 1), date(2022, 10, 31)),
        (date(2025, 2, 1), date(2025, 1, 31)),
    ],
)
def test_an_index_step_raises_the_guaranteed_minimum_income_by_2_percent(start: date, before: date) -> None:
    later, earlier = (
        LAW["income_guarantee"].at("guaranteed minimum income", day).number("amount") for day in (start, before)
    )
    assert later == round(earlier * Decimal("1.02"), 2)


def test_the_annual_cap_of_the_work_bonus_is_twelve_times_that_of_a_month() -> None:
    figures = LAW["work_bonus"]
    month = figures.at("two components", date(2026, 7, 1))
    assert figures.at("annual cap", date(2026, 7, 1)).number("amount") == 12 * (
        month.number("Amax") + month.number("Bmax")
    )
