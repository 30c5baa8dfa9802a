"""Calculates the base contributions of one occupation: its reductions together cannot exceed them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from rules.calculation.structural.category import Category, category
from rules.calculation.structural.terms import RATE, QuarterFigures, general
from rules.findings.finding import AT_MOST, UNKNOWN, Certainty, Doubt
from rules.law.dated_figures import FigureRow
from rules.law.law import Law, per_law
from rules.law.rounding import cents, half_up, scaled
from rules.view.worker_line import DeclaredLine, DeclaredOccupation

NO_CEILING = 10**12
"""More than any wage DmfA can hold: every wage counts in full."""
UNREAD = 2
"""What may come off first at most, in times the amount last read, where what holds today was not read."""


@dataclass(frozen=True, slots=True)
class Base:
    """Eurocents: `amount` with the 108 % of manual workers, `plain` without, `maribel` what may come off first.

    `least` is what is left where the ceiling of high wages is that of the whole line, `unmoderated` what is left where
    no wage moderation is due, `alone` whether the line has no other occupation.
    """

    amount: int
    plain: int
    maribel: int
    least: int
    unmoderated: int
    alone: bool
    known: QuarterFigures

    def doubts(self, total: int) -> Iterator[Doubt]:
        """Why reductions of `total` may still exceed the contributions."""
        if self.amount != self.plain and total > self.plain and (most := AT_MOST.get(self.known.manual.quality)):
            yield Doubt(most.certainty, f"it reaches the base contributions: {self.known.manual.cited}")
        if total > self.unmoderated and self.known.unmoderated:
            reason = f"it may exceed contributions without wage moderation: {self.known.unmoderated.cited}"
            yield Doubt(Certainty.TO_CHECK, reason)
        if self.maribel and total > self.amount - self.maribel * (1 if self.known.maribel.quality.firm else UNREAD):
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
    """The base contributions; `share` is mu and mu_glob x 100, above 0, by which the Social Maribel is split."""
    kind = category(line, occupation, known.day, law).name
    figures = _figures(law, known.day, kind, occupation.joint_committee.split(".")[0])
    paid = occupation.wage(known.wage_codes)
    wage = _counting(paid, occupation.wage(figures.high), figures.ceiling)
    multiple = figures.manual if manual else 100
    plain = half_up(wage * figures.rate, RATE)
    amount = half_up(wage * figures.rate * multiple, RATE * 100)
    unmoderated = half_up(wage * figures.unmoderated * multiple, RATE * 100) if figures.unmoderated else NO_CEILING
    alone, least = len(line.occupations) == 1, amount
    if not alone:
        of_line = sum(one.wage(figures.high) for one in line.occupations)
        if of_line > figures.ceiling:
            least = half_up(_counting(paid, of_line, figures.ceiling) * figures.rate, RATE)
    maribel = half_up(figures.maribel * share[0], share[1]) if share[1] >= figures.threshold else 0
    return Base(amount, plain, maribel, least, unmoderated, alone, known)


def _counting(paid: int, high: int, ceiling: int) -> int:
    """The wage on which contributions are due, where nothing is due on what `high` has above the ceiling."""
    return max(paid - max(high - ceiling, 0), 0)


def contribution_rows(
    line: DeclaredLine, occupation: DeclaredOccupation, kind: Category, known: QuarterFigures
) -> tuple[FigureRow, ...]:
    """The rows the base contributions rest on.

    The ceiling of high wages only where the worker line passes it; the Social Maribel only under it. An amount of it
    that was not read is not among them: where it would matter, it is a doubt of its own.
    """
    rows = [known.base]
    high = known.high_wage
    if high.number("exempt") and "ceiling" in high.figures:
        wages = (known.wage_codes, _of_high_wage(known))
        if max(sum(one.wage(codes) for one in line.occupations) for codes in wages) > cents(high.number("ceiling")):
            rows.append(high)
    if kind.name == "2" or occupation.joint_committee.split(".")[0] in known.maribel_in_1:
        rows += [row for row in (known.maribel if known.maribel.quality.firm else None, known.threshold) if row]
    return tuple(rows)


def _of_high_wage(known: QuarterFigures) -> frozenset[str]:
    """The remuneration codes that count for the ceiling of high wages: those of W where the row names none."""
    return known.high_wage.codes("codes") if "codes" in known.high_wage.figures else known.wage_codes


class _Figures(NamedTuple):
    """Rates x 10,000, the 108 % and the threshold x 100, in eurocents the ceiling of high wages and the Social Maribel.

    `high` are the remuneration codes of a high wage; `unmoderated` is the rate where no wage moderation is due, else 0.
    """

    rate: int
    unmoderated: int
    manual: int
    high: frozenset[str]
    ceiling: int
    maribel: int
    threshold: int


@per_law
def _figures(law: Law, day: date, kind: str, committee: str) -> _Figures:
    known = general(law, day)
    rate = scaled(known.base.number("rate_2" if kind == "2" else "rate"), RATE)
    high, maribel = known.high_wage, 0
    if kind == "2":
        higher = committee in known.maribel.codes_if_any("higher")
        maribel = cents(known.maribel.number("amount_higher" if higher else "amount"))
    elif kind == "1" and committee in known.maribel_in_1:
        maribel = cents(known.maribel.number("amount_category_1"))
    return _Figures(
        rate,
        scaled(known.unmoderated.number("rate"), RATE) if kind == "3bis" and known.unmoderated else 0,
        scaled(known.manual.number("factor"), 100),
        _of_high_wage(known),
        cents(high.number("ceiling")) if high.number("exempt") and "ceiling" in high.figures else NO_CEILING,
        maribel,
        scaled(known.threshold.number("share"), 100) if known.threshold else 0,
    )
