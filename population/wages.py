"""Computes wages by committee, age and chance, in the money of the quarter."""

from datetime import date
from random import Random

from population.persons import SyntheticPerson
from population.working_time import FULL_WEEK, Calendar, Regime

INDEX_STEPS = (
    date(2022, 3, 1), date(2022, 5, 1), date(2022, 8, 1), date(2022, 11, 1), date(2022, 12, 1),
    date(2023, 11, 1), date(2024, 5, 1), date(2025, 2, 1), date(2026, 1, 1), date(2026, 7, 1),
)  # fmt: skip
"""Days on which wages followed the index by 2 %; the wages in the sector list are those after the last of them."""

YEAR_END_COMMITTEES = frozenset({"200", "201", "209", "226", "302", "330.01.20", "331", "318.02"})
"""Committees whose non-manual workers get a year-end bonus from the employer itself."""

WEEKS = 13
MANUAL_SPREAD, EMPLOYEE_SPREAD = 45, 190


def at_quarter(cents: int, first_day: date) -> int:
    """An amount of after the last index step, in the money of that day."""
    for step in INDEX_STEPS:
        if step > first_day:
            cents = (cents * 100 + 51) // 102
    return cents


def monthly(base: int, person: SyntheticPerson, *, manual: bool, day: date, random: Random) -> int:
    """Full-time gross wage of a month in cents."""
    experience = min(max(day.year - person.born.year - 21, 0), 30)
    spread = MANUAL_SPREAD if manual else EMPLOYEE_SPREAD
    luck = int(random.random() * random.random() * random.random() * spread)
    step = 4 if manual else 11
    return at_quarter(base, day) * (1000 + experience * step) // 1000 * (100 + luck) // 100


def of_quarter(month: int, regime: Regime, paid: int, calendar: Calendar, *, manual: bool) -> int:
    """What is paid for `paid` days x 100: manual workers by the hour, others by the part of the quarter."""
    if manual:
        hour = (month * 3 * 100 + regime.full_hours * WEEKS // 2) // (regime.full_hours * WEEKS)
        hours = paid * regime.hours // regime.days
        return (hour * hours + 50) // 100
    whole = calendar.sums[-1] * regime.days * 100 // FULL_WEEK
    part = (month * regime.hours + regime.full_hours // 2) // regime.full_hours
    return min(3 * part, (3 * part * paid + whole // 2) // whole)


def year_end_bonus(month: int, regime: Regime, months_worked: int) -> int:
    """A thirteenth month, for as many twelfths as were worked."""
    return month * regime.hours // regime.full_hours * min(months_worked, 12) // 12
