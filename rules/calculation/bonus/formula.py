"""The work bonus of a full month at a reference wage S, by the figures of that month."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from rules.law.dated_figures import FigureRow, NoLaw
from rules.law.law import Law, per_law
from rules.law.rounding import cents, half_up, scaled

NAME = "work_bonus"
MANUAL = "manual_"
"""The prefix of the figures of manual workers."""
RATE = 10_000
"""Slopes have four decimals."""
SPLIT = date(2024, 4, 1)
"""From this day the bonus has two components (royal decree of 17/01/2000)."""


class Slope(NamedTuple):
    """An amount in eurocents that falls by `rate` x 10,000 for each cent of wage above a bound."""

    top: int
    rate: int

    def above(self, wage: int) -> int:
        """What is left at so many cents above the bound; never below 0."""
        return max(self.top - half_up(self.rate * max(wage, 0), RATE), 0)


class Bounds(NamedTuple):
    """The wages in eurocents at which a slope begins or the bonus ends."""

    low: int
    middle: int
    high: int


@dataclass(frozen=True, slots=True)
class BonusTerms:
    """The figures of one month for one kind of worker."""

    row: FigureRow
    prefix: str
    split: bool
    bounds: Bounds
    first: Slope
    second: Slope

    def bonus(self, wage: int) -> tuple[int, int]:
        """A and B of a full month at S = `wage`, in eurocents; before the split all of it is A."""
        return self._components(wage) if self.split else (self._single(wage), 0)

    def _components(self, wage: int) -> tuple[int, int]:
        strong = self.first.above(wage - self.bounds.middle) if wage <= self.bounds.high else 0
        weak = self.second.above(wage - self.bounds.low) if wage <= self.bounds.middle else 0
        return strong, weak

    def _single(self, wage: int) -> int:
        if wage > self.bounds.high:
            return 0
        slope = self.first if wage <= self.bounds.middle else self.second
        return slope.above(wage - self.bounds.low)


@per_law
def terms(law: Law, month: date, prefix: str) -> BonusTerms:
    """The figures of a month; those of manual workers have a prefix.

    Raises NoLaw.
    """
    if month < SPLIT:
        row = law[NAME].at("single formula", month)
        first, second = _slope(row, f"{prefix}max", f"{prefix}slope"), _slope(row, f"{prefix}max2", f"{prefix}slope2")
        return BonusTerms(row, prefix, False, _bounds(row, "low", "knee", "high"), first, second)
    row = law[NAME].at("two components", month)
    first, second = _slope(row, f"{prefix}Amax", f"{prefix}a"), _slope(row, f"{prefix}Bmax", f"{prefix}b")
    return BonusTerms(row, prefix, True, _bounds(row, "B1", "A1", "A2"), first, second)


def surely_nothing(month: date, wage: int, law: Law) -> bool:
    """Whether S = `wage` in eurocents gives no bonus in a month whose figures are not known."""
    limit = _nothing_above(law, month)
    return limit is not None and wage > limit


@per_law
def _nothing_above(law: Law, month: date) -> int | None:
    try:
        return cents(law[NAME].at("nothing above", month).number("amount"))
    except NoLaw:
        return None


def _bounds(row: FigureRow, low: str, middle: str, high: str) -> Bounds:
    return Bounds(cents(row.number(low)), cents(row.number(middle)), cents(row.number(high)))


def _slope(row: FigureRow, top: str, rate: str) -> Slope:
    return Slope(cents(row.number(top)), scaled(row.number(rate), RATE))
