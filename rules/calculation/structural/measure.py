"""Measures wage and working time of one occupation as every employer reduction does: W, S, mu and mu_glob."""

from dataclasses import dataclass

from rules.calculation.fraction import WEEKS, mu, mu_glob
from rules.calculation.structural.terms import QuarterFigures
from rules.findings.finding import Certainty, Doubt
from rules.law.rounding import half_up, scaled
from rules.view.situation import Situation
from rules.view.worker_line import DeclaredLine, DeclaredOccupation


@dataclass(slots=True)
class Measure:
    """Amounts in eurocents; factor, mu and mu_glob x 100; None where the working time for it is not declared.

    `plain` is S without the raise of temporary work, `third_party` says why W may be higher than what is declared.
    """

    occupation: DeclaredOccupation
    known: QuarterFigures
    wage: int = 0
    raised: bool = False
    factor: int = 0
    reference: int = 0
    plain: int = 0
    mu: int | None = None
    mu_glob: int | None = None
    third_party: tuple[Doubt, ...] = ()


def measure(situation: Situation, line: DeclaredLine, occupation: DeclaredOccupation, known: QuarterFigures) -> Measure:
    """W, S, mu and mu_glob of an occupation in the quarter of the situation."""
    result = Measure(occupation, known)
    result.mu, result.mu_glob = mu(occupation, known.counted), mu_glob(situation, known.counted)
    wage = result.wage = occupation.wage(known.wage_codes)
    agency = is_agency(line, occupation, known)
    if agency and situation.quarter.endswith("Q1"):
        result.raised = True
        result.wage = half_up(wage * scaled(known.raised.number("agency_factor"), 100), 100)
    elif situation.quarter.endswith("Q4") and not agency:
        reason = f"W is raised by 25 % where a fund pays the year-end bonus, not declared: {known.raised.cited}"
        result.third_party = (Doubt(Certainty.LIKELY, reason),)
    if occupation.part_time:
        worked, week = occupation.hours(known.worked), occupation.reference_hours
    else:
        worked, week = occupation.days(known.worked), occupation.days_per_week
    if worked and week:
        result.factor = half_up(WEEKS * week * 100, worked)
        result.reference = half_up(result.wage * result.factor, 100)
        result.plain = half_up(wage * result.factor, 100) if result.raised else result.reference
    return result


def is_agency(line: DeclaredLine, occupation: DeclaredOccupation, known: QuarterFigures) -> bool:
    """Whether the employer is a temporary work agency."""
    return line.employer_class in known.raised.codes("agencies") or occupation.joint_committee in known.raised.codes(
        "agency_committee"
    )
