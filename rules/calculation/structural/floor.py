"""Finds the multiplication factor of an occupation, and what is doubtful below the floor of 0.275."""

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

from rules.calculation.fraction import Beta, half_time, multiplication_factor
from rules.findings.finding import Certainty, Doubt, TraceStep, whether
from rules.law.dated_figures import Citation, FigureRow, citing
from rules.law.rounding import decimals, plain
from rules.view.situation import Situation
from rules.view.worker_line import DeclaredOccupation


def factor(
    row: FigureRow, situation: Situation, occupation: DeclaredOccupation, total: int, *, sheltered: bool
) -> tuple[Beta | None, list[Doubt]]:
    """The factor for mu_glob x 100; None when the exception below its floor cannot be judged.

    `row` has the parameters of beta, those of the structural reduction or of the target groups.
    """
    exempt = half_time(occupation, row)
    found = multiplication_factor(row, total, bool(exempt) or sheltered)
    if not found.below_floor:
        return found, []
    if exempt:
        same = all(half_time(other, row) for line in situation.lines for other in line.occupations)
        reason = f"mu_glob is below the floor and the contract at least half time: {row.cited}"
        return found, [Doubt(Certainty.LIKELY if same else Certainty.TO_CHECK, reason)]
    if sheltered:
        reason = "mu_glob is below the floor; that sheltered work is excepted is from memory"
        return found, [Doubt(Certainty.TO_CHECK, reason)]
    if exempt is None:
        reason = "mu_glob is below the floor and the hours of the contract are not declared"
        return None, [Doubt(Certainty.UNDETERMINED, reason)]
    return found, []


def floor_steps(occupation: DeclaredOccupation, row: FigureRow, total: int) -> Iterator[TraceStep]:
    """mu_glob x 100 as a condition, and below the floor the share of the contract, which may except it."""
    above = Fraction(total, 100) >= Fraction(row.number("floor"))
    yield TraceStep("mu_glob", plain(total), None, _at_least(row, "floor"), whether(above))
    if not above:
        half = half_time(occupation, row)
        share = Fraction(1)
        if occupation.part_time and half is not None:
            share = Fraction(occupation.mean_hours or 0, occupation.reference_hours or 1)
        value = "unknown" if half is None else decimals(share)
        yield TraceStep("Q / S", value, None, _at_least(row, "half_time"), whether(half))


@lru_cache(maxsize=256)
def _at_least(row: FigureRow, figure: str) -> Citation:
    return citing(f"at least {row.number(figure)}: {row.cited}", row)
