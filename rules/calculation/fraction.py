"""The fraction mu of a full quarter, its sum mu_glob, and the multiplication factor beta, all exact."""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from rules.law.dated_figures import FigureRow
from rules.law.rounding import half_up
from rules.view.situation import Situation
from rules.view.worker_line import DeclaredOccupation

WEEKS = 13
"""Weeks in a quarter."""
FULL = 100
"""mu is kept x 100: it has two decimals by law."""


def mu(occupation: DeclaredOccupation, codes: frozenset[str]) -> int | None:
    """mu x 100 of one occupation: X / (13 D) in days, Z / (13 U) in hours for part-timers; None when not known."""
    if not occupation.part_time:
        if not occupation.days_per_week:
            return 0
        return half_up(occupation.days(codes) * FULL, WEEKS * occupation.days_per_week)
    hours = occupation.hours(codes)
    if hours is None or not occupation.reference_hours:
        return None
    return half_up(hours * FULL, WEEKS * occupation.reference_hours)


def mu_glob(situation: Situation, codes: frozenset[str]) -> int | None:
    """The sum of mu x 100 over all occupations of the person at the employer; None when one is not known."""
    total = 0
    for line in situation.lines:
        for occupation in line.occupations:
            share = mu(occupation, codes)
            if share is None:
                return None
            total += share
    return total


@dataclass(frozen=True, slots=True)
class Beta:
    """The factor, and whether mu_glob is below the floor."""

    factor: Fraction
    below_floor: bool


@lru_cache(maxsize=4096)
def multiplication_factor(row: FigureRow, total: int, exempt: bool) -> Beta:
    """beta for mu_glob x 100 by the figures in a row; `exempt` keeps the factor below the floor."""
    share = Fraction(total, FULL)
    floor, step, full = (Fraction(row.number(name)) for name in ("floor", "step", "full"))
    factor = Fraction(row.number("factor"))
    if share < floor:
        return Beta(factor if exempt else Fraction(0), below_floor=True)
    if share < step:
        return Beta(factor, below_floor=False)
    if share < full:
        return Beta(factor + (share - step) * Fraction(row.number("slope")), below_floor=False)
    return Beta(1 / share, below_floor=False)


def below_floor(row: FigureRow, total: int) -> bool:
    """Whether mu_glob x 100 is below the floor of a row."""
    return Fraction(total, FULL) < Fraction(row.number("floor"))


def contract_share(occupation: DeclaredOccupation) -> Fraction | None:
    """Q / S, the share of full time in the contract; None when its hours are not known."""
    if not occupation.part_time:
        return Fraction(1)
    if occupation.mean_hours is None or not occupation.reference_hours:
        return None
    return Fraction(occupation.mean_hours, occupation.reference_hours)


def half_time(occupation: DeclaredOccupation, row: FigureRow) -> bool | None:
    """Whether the contract is at least half time; None when its hours are not known."""
    if not occupation.part_time:
        return True
    share = contract_share(occupation)
    return None if share is None else share >= Fraction(row.number("half_time"))
