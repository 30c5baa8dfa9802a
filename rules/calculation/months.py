"""Spreads the wage and working time of a quarter over the months of an occupation: DmfA only declares quarters."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from rules.calculation.working_week import FIVE, X100, Expected, days_between, expected
from rules.law.rounding import half_up
from rules.view.worker_line import DeclaredOccupation
from schemas.identifiers import quarter_days

WEEK = 5
"""Weekdays in a week."""
WEEKEND = 5
"""The number of Saturday, where Monday is 0."""


class Share(NamedTuple):
    """An exact share; a pair of integers, because a Fraction would cost more than the rest of a rule."""

    part: int
    whole: int

    @property
    def full(self) -> bool:
        """Whether it is the whole."""
        return self.part == self.whole

    def of(self, amount: int) -> int:
        """This share of an amount, to the nearest unit."""
        return half_up(amount * self.part, self.whole)

    def raised(self, amount: int) -> int:
        """The whole amount of which `amount` is this share, to the nearest unit."""
        return half_up(amount * self.whole, self.part)

    def times(self, other: "Share") -> "Share":
        """The share of a share."""
        return Share(self.part * other.part, self.whole * other.whole)

    def over(self, other: "Share") -> "Share":
        """This share divided by another."""
        return Share(self.part * other.whole, self.whole * other.part)


class QuarterPart(Enum):
    """What part of the quarter an occupation covers."""

    QUARTER = "the whole quarter"
    MONTH = "exactly one month"
    PART = "a part of the quarter"


ALL = Share(1, 1)
NOTHING = Share(0, 1)


@dataclass(frozen=True, slots=True)
class Month:
    """One month of an occupation: its first day, how much of the wage falls in it, and how much of it is covered."""

    first: date
    share: Share
    covered: Share

    @property
    def name(self) -> str:
        """As 2026-07."""
        return f"{self.first:%Y-%m}"


@dataclass(frozen=True, slots=True)
class Months:
    """The months of an occupation in one quarter, and its days x 100 in all, weekdays where the week is shorter."""

    span: QuarterPart
    months: tuple[Month, ...]
    days: int
    complete: Expected


def months(occupation: DeclaredOccupation, quarter: str) -> Months:
    """How the occupation lies in the quarter; a whole month weighs 1, a part of one its share of the days."""
    first, last = quarter_days(quarter)
    per_week = FIVE if occupation.part_time else occupation.days_per_week
    return _months(max(occupation.start or first, first), min(occupation.end or last, last), per_week)


@lru_cache(maxsize=4096)
def _months(begin: date, finish: date, per_week: int) -> Months:
    weights: list[tuple[date, Fraction]] = []
    days = 0
    month = begin.replace(day=1)
    while month <= finish:
        close = month.replace(day=monthrange(month.year, month.month)[1])
        inside = days_between(max(begin, month), min(finish, close), per_week)
        days += inside
        if inside:
            weights.append((month, Fraction(inside, days_between(month, close, per_week))))
        month = close + timedelta(days=1)
    total = sum((weight for _, weight in weights), Fraction(0))
    whole = all(weight == 1 for _, weight in weights)
    span = (
        {3: QuarterPart.QUARTER, 1: QuarterPart.MONTH}.get(len(weights), QuarterPart.PART)
        if whole
        else QuarterPart.PART
    )
    found = tuple(Month(name, _share(weight / total), _share(weight)) for name, weight in weights)
    return Months(span, found, days, expected(begin, finish, per_week))


def _share(value: Fraction) -> Share:
    return Share(value.numerator, value.denominator)


def performed(occupation: DeclaredOccupation, codes: frozenset[str], spread: Months) -> Share | None:
    """Share of full time performed over the days of the occupation, at most 1; None when it is not declared.

    Days over the expected days for full-timers, hours over the hours of the reference person for part-timers. All the
    days of the week's own are the whole; of a week below five days the fewest that can be all of them.
    """
    if occupation.part_time:
        hours = occupation.hours(codes)
        if hours is None or not occupation.reference_hours or not spread.days:
            return None
        return _at_most_all(hours * WEEK * X100, occupation.reference_hours * spread.days)
    if not spread.days:
        return None
    if not occupation.days_per_week:
        return NOTHING
    days = occupation.days(codes)
    if days >= spread.complete.fewest:
        return ALL
    if occupation.days_per_week >= FIVE:
        return _at_most_all(days, spread.days)
    return _at_most_all(days * WEEK * X100, occupation.days_per_week * spread.days)


def surely_complete(occupation: DeclaredOccupation, codes: frozenset[str], spread: Months) -> bool:
    """Whether all days of a full-timer were worked, whichever days the week has."""
    return not occupation.part_time and occupation.days(codes) >= spread.complete.surely


def _at_most_all(part: int, whole: int) -> Share:
    return Share(part, whole) if part < whole else ALL
