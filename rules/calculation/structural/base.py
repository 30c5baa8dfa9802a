"""Calculates the base contributions of one occupation: its reductions together cannot exceed them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from rules.calculation.structural.category import category
from rules.calculation.structural.terms import RATE, QuarterFigures, general
from rules.findings.finding import UNKNOWN, Certainty, Doubt
from rules.law.dated_figures import FigureRow
from rules.law.law import Law, per_law
from rules.law.rounding import cents, half_up, scaled
from rules.view.worker_line import DeclaredLine, DeclaredOccupation

NO_CEILING = 10**12
"""More than any wage DmfA can hold: every wage counts in full."""


@dataclass(frozen=True, slots=True)
class Base:
    """Eurocents: `amount` with the 108 % of manual workers, `plain` without, `maribel` what may come off first.

    `least` is what is left where the ceiling of high wages is that of the whole line, `alone` whether the line has no
    other occupation.
    """

    amount: int
    plain: int
    maribel: int
    least: int
    alone: bool
    known: QuarterFigures

    def doubts(self, total: int) -> Iterator[Doubt]:
        """Why reductions of `total` may still exceed the contributions."""
        if self.amount != self.plain and total > self.plain:
            yield Doubt(Certainty.TO_CHECK, f"it reaches the base contributions: {self.known.manual.cited}")
        if self.maribel and total > self.amount - self.maribel:
            yield Doubt(Certainty.TO_CHECK, f"the Social Maribel comes off first: {self.known.maribel.cited}")
        if total > self.amount and not self.alone:
            reason = f"not settled whether the contributions of the whole worker line count: {self.known.base.cited}"
            yield Doubt(Certainty.TO_CHECK, reason, UNKNOWN)
        if self.least < total <= self.amount:
            reason = f"the wage of the worker line passes the ceiling of high wages: {self.known.high_wage.cited}"
            yield Doubt(Certainty.TO_CHECK, reason)


def base(
    line: DeclaredLine,
    occupation: DeclaredOccupation,
    known: QuarterFigures,
    share: tuple[int, int],
    law: Law,
    *,
    manual: bool,
) -> Base:
    """The base contributions; `share` is mu and mu_glob x 100, by which the Social Maribel is split."""
    kind = category(line, occupation, known.day, law).name
    figures = _figures(law, known.day, kind, occupation.joint_committee.split(".")[0])
    wage = min(occupation.wage(known.wage_codes), figures.ceiling)
    plain = half_up(wage * figures.rate, RATE)
    amount = half_up(wage * figures.rate * figures.manual, RATE * 100) if manual else plain
    alone, least = len(line.occupations) == 1, amount
    if not alone and figures.ceiling != NO_CEILING:
        beyond = max(sum(one.wage(known.wage_codes) for one in line.occupations) - figures.ceiling, 0)
        least = half_up(max(occupation.wage(known.wage_codes) - beyond, 0) * figures.rate, RATE) if beyond else amount
    maribel = half_up(figures.maribel * share[0], max(share[1], 1)) if figures.maribel else 0
    return Base(amount, plain, maribel, least, alone, known)


def contribution_rows(line: DeclaredLine, known: QuarterFigures) -> tuple[FigureRow, ...]:
    """The rows the base contributions rest on; the ceiling of high wages only where the worker line passes it."""
    high = known.high_wage
    if high.number("exempt") and "ceiling" in high.figures:
        wage = sum(one.wage(known.wage_codes) for one in line.occupations)
        if wage > cents(high.number("ceiling")):
            return known.base, high, known.maribel
    return known.base, known.maribel


class _Figures(NamedTuple):
    """Rate x 10,000, the 108 % x 100, and in eurocents the wage that counts at most and the Social Maribel."""

    rate: int
    manual: int
    ceiling: int
    maribel: int


@per_law
def _figures(law: Law, day: date, kind: str, committee: str) -> _Figures:
    known = general(law, day)
    rate = scaled(known.base.number("rate_2" if kind == "2" else "rate"), RATE)
    high, maribel = known.high_wage, 0
    if kind == "2":
        maribel = cents(known.maribel.number("amount"))
    elif committee in known.maribel.codes("category_1"):
        maribel = cents(known.maribel.number("amount_category_1"))
    ceiling = cents(high.number("ceiling")) if high.number("exempt") and "ceiling" in high.figures else NO_CEILING
    return _Figures(rate, scaled(known.manual.number("factor"), 100), ceiling, maribel)
