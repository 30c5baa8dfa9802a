"""Counts the days that a working week has between two days: all of them worked are a complete period."""

from datetime import date
from functools import lru_cache
from typing import NamedTuple

X100 = 100
"""Days are kept x 100."""
WEEK = 7
FIVE, SIX, SEVEN = 500, 600, 700
"""Weeks from Monday to Friday, to Saturday, to Sunday; which days a shorter week has is not declared."""


class Expected(NamedTuple):
    """Days x 100 of a complete period: the fewest that can be all, and the number with which they surely are."""

    fewest: int
    surely: int


def days_between(first: date, last: date, per_week: int) -> int:
    """Days x 100 from Monday on, both ends included; weeks below five days are counted by their five weekdays."""
    whole, part = divmod(min(max(per_week, FIVE), SEVEN), X100)
    return _from_monday(first, last, whole) * X100 + (_on(first, last, whole) * part if part else 0)


def expected(first: date, last: date, per_week: int) -> Expected:
    """How many days a complete period has in a week of `per_week` days x 100."""
    if per_week >= FIVE:
        surely = days_between(first, last, per_week)
        return Expected(surely - surely % X100, surely)
    weeks, rest = divmod(max((last - first).days + 1, 0), WEEK)
    whole, part = divmod(per_week, X100)
    fewest, most = max(rest - (WEEK - whole), 0), min(whole, rest)
    extra = weeks * part
    return Expected(
        (weeks * whole + fewest) * X100 + extra - extra % X100,
        (weeks * whole + most) * X100 + (extra if rest == 0 else extra + part),
    )


@lru_cache(maxsize=4096)
def _from_monday(first: date, last: date, number: int) -> int:
    return sum(_on(first, last, weekday) for weekday in range(number))


def _on(first: date, last: date, weekday: int) -> int:
    """How often a weekday comes, where Monday is 0."""
    days = (last - first).days + 1
    return 0 if days <= 0 else (days - 1 - (weekday - first.weekday()) % WEEK) // WEEK + 1
