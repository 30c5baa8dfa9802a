"""The pension age by day of birth is the one by the month in which a pension can begin."""

from datetime import date

import pytest

from rules.calculation.target_groups.times import pension
from tests.builders.law import LAW


def first_month(reached: date) -> date:
    """A pension begins in the month after the birthday."""
    return date(reached.year + reached.month // 12, reached.month % 12 + 1, 1)


@pytest.mark.parametrize(
    ("born", "reached", "years", "begins"),
    [
        (date(1957, 7, 1), date(2022, 7, 1), 65, date(2022, 8, 1)),
        (date(1959, 12, 31), date(2024, 12, 31), 65, date(2025, 1, 1)),
        (date(1960, 1, 1), date(2026, 1, 1), 66, date(2026, 2, 1)),
        (date(1963, 12, 31), date(2029, 12, 31), 66, date(2030, 1, 1)),
        (date(1964, 1, 1), date(2031, 1, 1), 67, date(2031, 2, 1)),
        (date(1964, 2, 29), date(2031, 3, 1), 67, date(2031, 4, 1)),
        (date(2000, 5, 5), date(2067, 5, 5), 67, date(2067, 6, 1)),
    ],
)
def test_it_is_65_66_or_67(born: date, reached: date, years: int, begins: date) -> None:
    day, row = pension(LAW, born)
    assert (day, int(row.number("years")), first_month(day)) == (reached, years, begins)
    by_month = 65 if begins <= date(2025, 1, 1) else 66 if begins <= date(2030, 1, 1) else 67
    assert by_month == years
