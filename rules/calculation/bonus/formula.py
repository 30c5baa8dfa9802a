"""The work bonus of a full month at a reference wage S, by the figures of that month."""

from dataclasses import dataclass
from datetime import date

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


@dataclass(frozen=True, slots=True)
class BonusTerms:
    """The figures of one month for one kind of worker: amounts in eurocents, slopes x 10,000."""

    row: FigureRow
    prefix: str
    split: bool
    bounds: tuple[int, int, int]
    first: tuple[int, int]
    second: tuple[int, int]

    def bonus(self, wage: int) -> tuple[int, int]:
        """A and B of a full month at S = `wage`, in eurocents; before the split all of it is A."""
        return self._components(wage) if self.split else (self._single(wage), 0)

    def _components(self, wage: int) -> tuple[int, int]:
        low, middle, high = self.bounds
        strong = _sloping(self.first, wage - middle) if wage <= high else 0
        weak = _sloping(self.second, wage - low) if wage <= middle else 0
        return strong, weak

    def _single(self, wage: int) -> int:
        low, knee, high = self.bounds
        if wage > high:
            return 0
        return _sloping(self.first if wage <= knee else self.second, wage - low)


def _sloping(line: tuple[int, int], above: int) -> int:
    """The top, less the slope for what lies above where it begins; never below 0."""
    top, slope = line
    return max(top - half_up(slope * max(above, 0), RATE), 0)


@per_law
def terms(law: Law, month: date, prefix: str) -> BonusTerms:
    """The figures of a month; those of manual workers have a prefix.

    Raises NoLaw.
    """
    if month < SPLIT:
        row = law[NAME].at("single formula", month)
        return BonusTerms(
            row, prefix, False, _bounds(row, "low", "knee", "high"), *_lines(row, prefix, "max", "slope", "2")
        )
    row = law[NAME].at("two components", month)
    first, second = _line(row, f"{prefix}Amax", f"{prefix}a"), _line(row, f"{prefix}Bmax", f"{prefix}b")
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


def _bounds(row: FigureRow, low: str, middle: str, high: str) -> tuple[int, int, int]:
    return cents(row.number(low)), cents(row.number(middle)), cents(row.number(high))


def _line(row: FigureRow, top: str, slope: str) -> tuple[int, int]:
    return cents(row.number(top)), scaled(row.number(slope), RATE)


def _lines(row: FigureRow, prefix: str, top: str, slope: str, more: str) -> tuple[tuple[int, int], tuple[int, int]]:
    return (
        _line(row, f"{prefix}{top}", f"{prefix}{slope}"),
        _line(row, f"{prefix}{top}{more}", f"{prefix}{slope}{more}"),
    )
