"""Reckons the structural reduction of one occupation in exact integers; what it cannot know becomes a doubt."""

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from rules.exact import cents, half_up, scaled
from rules.finding import Certainty, Doubt
from rules.fraction import WEEKS, Beta, beta_s, half_time, mu, mu_glob
from rules.situation import Situation
from rules.structural.category import Category, category
from rules.structural.terms import RATE, General, Terms, general, terms
from rules.subjection import Cover, Subjection
from rules.worker import Line, Occupation

SERVICES = "DmfA zones 00062 to 00064"


@dataclass(slots=True)
class Reckoning:
    """Every figure on the way to Ps: amounts in eurocents; factor, mu and mu_glob x 100."""

    line: Line
    occupation: Occupation
    worker: Subjection
    general: General
    category: Category
    terms: Terms
    wage: int = 0
    raised: bool = False
    factor: int = 0
    reference: int = 0
    parts: tuple[int, int, int] = (0, 0, 0)
    theoretical: int = 0
    mu: int = 0
    mu_glob: int = 0
    beta: Fraction = Fraction(0)
    base: int = 0
    due: int | None = None
    doubts: list[Doubt] = field(default_factory=list)

    def doubt(self, certainty: Certainty, reason: str) -> None:
        """Add a reason why the finding is not certain."""
        self.doubts.append(Doubt(certainty, reason))


def reckon(situation: Situation, line: Line, occupation: Occupation, worker: Subjection, day: date) -> Reckoning:
    """The reckoning of one occupation in the quarter that begins on `day`; `due` stays None when something is unknown.

    Raises NoLaw.
    """
    kind = category(line, occupation, day)
    result = Reckoning(line, occupation, worker, general(day), kind, terms(kind.name, day), doubts=list(kind.doubts))
    if not result.terms.row.quality.firm:
        result.doubt(Certainty.TO_CHECK, f"figures derived, not read: {result.terms.row.cited}")
    if worker.cover is Cover.UNSETTLED:
        result.doubt(Certainty.TO_CHECK, f"not settled whether worker code {line.worker_code} is covered")
    _reference_wage(result, situation.quarter)
    share, total = mu(occupation, result.general.counted), mu_glob(situation, result.general.counted)
    if share == 0:
        result.due = 0
        return result
    if share is None or total is None or not result.factor:
        result.doubt(Certainty.UNDETERMINED, f"the working time needed for S or mu is not declared: {SERVICES}")
        return result
    result.mu, result.mu_glob = share, total
    _theoretical(result)
    beta = _beta(result, situation)
    if beta is not None:
        result.beta = beta.factor
        exact = result.theoretical * share * beta.factor
        _cap(result, min(half_up(exact.numerator, exact.denominator * 100), result.theoretical))
    return result


def _reference_wage(result: Reckoning, quarter: str) -> None:
    """W, the factor that brings it to a full quarter at full time, and S."""
    occupation, row = result.occupation, result.general.raised
    result.wage = occupation.wage(result.general.wage_codes)
    agency = result.line.employer_class in row.codes("agencies") or occupation.joint_committee in row.codes(
        "agency_committee"
    )
    if agency and quarter.endswith("Q1"):
        result.raised = True
        result.wage = half_up(result.wage * scaled(row.number("agency_factor"), 100), 100)
    elif quarter.endswith("Q4") and not agency:
        result.doubt(
            Certainty.LIKELY, f"W is raised by 25 % where a fund pays the year-end bonus, not declared: {row.cited}"
        )
    if occupation.part_time:
        worked, week = occupation.hours(result.general.worked), occupation.reference_hours
    else:
        worked, week = occupation.days(result.general.worked), occupation.days_per_week
    if worked and week:
        result.factor = half_up(WEEKS * week * 100, worked)
        result.reference = half_up(result.wage * result.factor, 100)


def _theoretical(result: Reckoning) -> None:
    """R: F and three products, each to the cent."""
    figures = result.terms
    result.parts = (
        half_up(figures.alpha * max(figures.low - result.reference, 0), RATE),
        half_up(figures.gamma * max(figures.lowest - result.reference, 0), RATE),
        half_up(figures.delta * max(result.wage - figures.high, 0), RATE),
    )
    result.theoretical = figures.fixed + sum(result.parts)


def _beta(result: Reckoning, situation: Situation) -> Beta | None:
    """beta_s; None when the exception below its floor cannot be judged."""
    row = result.general.beta
    exempt = half_time(result.occupation, row)
    beta = beta_s(result.mu_glob, result.general.day, exempt=bool(exempt) or result.category.sheltered)
    if not beta.below_floor:
        return beta
    if exempt:
        same = all(half_time(other, row) for line in situation.lines for other in line.occupations)
        reason = f"mu_glob is below the floor and the contract at least half time: {row.cited}"
        result.doubt(Certainty.LIKELY if same else Certainty.TO_CHECK, reason)
    elif result.category.sheltered:
        result.doubt(Certainty.TO_CHECK, "mu_glob is below the floor; that sheltered work is excepted is from memory")
    elif exempt is None:
        result.doubt(
            Certainty.UNDETERMINED, "mu_glob is below the floor and the hours of the contract are not declared"
        )
        return None
    return beta


def _cap(result: Reckoning, product: int) -> None:
    """Ps is at most the base contributions of the occupation."""
    known = result.general
    rate = scaled(known.base.number("rate_2" if result.category.name == "2" else "rate"), RATE)
    wage = result.occupation.wage(known.wage_codes)
    factor = scaled(known.manual.number("factor"), 100) if result.worker.manual else 100
    result.base = half_up(wage * rate * factor, RATE * 100)
    result.due = min(product, result.base)
    if result.worker.manual and product > half_up(wage * rate, RATE):
        result.doubt(Certainty.TO_CHECK, f"it reaches the base contributions: {known.manual.cited}")
    if result.category.name == "2":
        maribel = half_up(cents(known.maribel.number("amount")) * result.mu, max(result.mu_glob, 1))
        if product > result.base - maribel:
            result.doubt(Certainty.TO_CHECK, f"the Social Maribel comes off first: {known.maribel.cited}")
