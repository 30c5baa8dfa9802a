"""Numbers of persons and employers are told apart from numbers that only look like them."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.be import bis, nn

from schemas import identifiers as ids


@pytest.mark.parametrize(
    ("number", "born"),
    [
        ("85073003328", date(1985, 7, 30)),
        ("17073003384", date(2017, 7, 30)),
        ("98472899765", date(1998, 7, 28)),
        ("05411500266", date(2005, 1, 15)),
        ("05211500124", date(2005, 1, 15)),
    ],
)
def test_a_national_or_bis_number_tells_its_birth_date_in_either_century(number: str, born: date) -> None:
    assert ids.is_inss(number)
    assert ids.birth_date(number) == born


LATER = date(2099, 12, 31)


@given(st.integers(0, 99), st.integers(1, 12), st.integers(1, 28), st.integers(1, 998), st.booleans())
def test_one_wrong_digit_is_always_seen(year: int, month: int, day: int, sequence: int, after_2000: bool) -> None:
    number = ids.inss(int(f"{year:02d}{month:02d}{day:02d}{sequence:03d}"), after_2000=after_2000)
    assert ids.is_inss(number, LATER)
    wrong = number[:10] + str((int(number[10]) + 1) % 10)
    century = ids.inss(int(number[:9]), after_2000=not after_2000)
    assert not ids.is_inss(wrong, LATER) or wrong == century


@pytest.mark.parametrize(
    ("head", "after_2000"),
    [(850032995, False), (852099995, False), (854040995, False), (32417, True), (99417, True), (240033995, True)],
)
def test_where_the_counter_ran_into_the_day_the_number_holds_and_tells_no_birth_date(
    head: int, after_2000: bool
) -> None:
    number = ids.inss(head, after_2000=after_2000)
    assert ids.inss_fault(number) == ""
    assert ids.birth_date(number) is None


@pytest.mark.parametrize("day", ["00", "15", "30"])
def test_an_unknown_day_in_a_known_month_is_a_number(day: str) -> None:
    assert ids.is_inss(ids.inss(int(f"8506{day}995"), after_2000=False))


@pytest.mark.parametrize(
    ("head", "after_2000", "fault"),
    [
        (851305998, False, "13 is not a month"),
        (851905998, False, "19 is not a month"),
        (853305998, False, "33 is not a month"),
        (853905998, False, "39 is not a month"),
        (855305998, False, "53 is not a month"),
        (856105998, False, "61 is not a month"),
        (859205998, False, "92 is not a month"),
        (850230998, False, "1985-02 has no day 30"),
        (852631998, False, "1985-06 has no day 31"),
        (850229998, False, "1985-02 has no day 29"),
        (850705998, True, "its check digits only fit a birth in 2085"),
        (850032998, True, "its check digits only fit a birth in 2085"),
    ],
)
def test_a_birth_that_cannot_have_been_is_said(head: int, after_2000: bool, fault: str) -> None:
    assert fault in ids.inss_fault(ids.inss(head, after_2000=after_2000), date(2026, 9, 30))


def test_nobody_is_born_after_the_day_in_question() -> None:
    number = ids.inss(260801001, after_2000=True)
    assert ids.is_inss(number, date(2026, 8, 1))
    assert not ids.is_inss(number, date(2026, 7, 31))
    year_only = ids.inss(260000001, after_2000=True)
    assert ids.is_inss(year_only, date(2026, 1, 1))
    assert not ids.is_inss(year_only, date(2025, 12, 31))


DATES = st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 999))


@given(DATES, st.integers(0, 99))
def test_a_second_opinion_agrees_but_for_days_their_month_does_not_have(
    parts: tuple[int, int, int, int], check: int
) -> None:
    head = "{:02d}{:02d}{:02d}{:03d}".format(*parts)
    fitting = {f"{head}{check:02d}"} | {ids.inss(int(head), after_2000=later) for later in (False, True)}
    assert len(fitting) >= 2
    for number in fitting:
        # python-stdnum lets the counter run into the day of a known month, too; nothing says that it does. And it
        # looks only at the year of birth, where we know that nobody is born later in this year.
        fault = ids.inss_fault(number, date(date.today().year, 12, 31))  # noqa: DTZ011  # as the library does
        other = int(number) > 0 and (nn.is_valid(number) or bis.is_valid(number))
        assert (not fault) == (other and "has no day" not in fault)


@given(st.dates(date(1900, 1, 1), date(2025, 12, 31)), st.sampled_from([0, 20, 40]), st.integers(1, 998))
def test_a_second_opinion_reads_the_same_birth_date(born: date, bis_step: int, sequence: int) -> None:
    head = f"{born:%y}{born.month + bis_step:02d}{born:%d}{sequence:03d}"
    number = ids.inss(int(head), after_2000=born.year >= 2000)
    assert ids.birth_date(number) == born == (bis if bis_step else nn).get_birth_date(number)


@pytest.mark.parametrize(
    "number", ["", "8507300332", "850730033288", "8507300332x", "８５０７３００３３２８", "85073003329"]
)
def test_what_is_no_number_is_refused(number: str) -> None:
    assert not ids.is_inss(number)


@pytest.mark.parametrize("number", ["0403019261", "403019261", "1000000021"])
def test_an_enterprise_number_may_lack_its_leading_zero(number: str) -> None:
    assert ids.is_enterprise(number)


def test_other_numbers_know_their_domain() -> None:
    assert ids.is_nsso("199999934")
    assert ids.is_nsso("000100006")
    assert not ids.is_nsso("199999935")
    assert not ids.is_enterprise("2000000141")
    assert ids.is_establishment("2000000141")
    assert not ids.is_establishment("1000000141")


def test_the_same_parts_give_the_same_id_and_their_border_counts() -> None:
    assert ids.derive("ab", "c") == ids.derive("ab", "c")
    assert ids.derive("ab", "c") != ids.derive("a", "bc")


def test_a_pseudonym_says_nothing_without_the_pepper() -> None:
    assert len(ids.pseudonym(b"p", "85073003328")) == 16
    assert ids.pseudonym(b"p", "85073003328") != ids.pseudonym(b"q", "85073003328")


def test_a_quarter_knows_its_days() -> None:
    assert ids.quarter_days("2026Q1") == (date(2026, 1, 1), date(2026, 3, 31))
    assert ids.quarter_days("2024Q4") == (date(2024, 10, 1), date(2024, 12, 31))
    assert ids.quarter_of(date(2026, 8, 15)) == ids.from_dmfa("20263") == "2026Q3"
    assert ids.to_dmfa("2026Q3") == "20263"


@given(st.text("0123456789abcdef", min_size=32, max_size=32))
def test_what_people_read_never_looks_like_a_national_number(identifier: str) -> None:
    assert not re.search(r"\d{6}", ids.grouped(identifier))
    assert ids.ungrouped(ids.grouped(identifier)) == identifier
