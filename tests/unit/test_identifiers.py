"""Numbers of persons and employers are told apart from numbers that only look like them."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@given(st.integers(0, 99), st.integers(1, 12), st.integers(1, 28), st.integers(1, 998), st.booleans())
def test_one_wrong_digit_is_always_seen(year: int, month: int, day: int, sequence: int, after_2000: bool) -> None:
    number = ids.inss(int(f"{year:02d}{month:02d}{day:02d}{sequence:03d}"), after_2000=after_2000)
    assert ids.is_inss(number)
    wrong = number[:10] + str((int(number[10]) + 1) % 10)
    century = ids.inss(int(number[:9]), after_2000=not after_2000)
    assert not ids.is_inss(wrong) or wrong == century


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
