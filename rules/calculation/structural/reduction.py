"""Calculates the structural reduction of one occupation in exact integers; what is unknown becomes a doubt."""

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from rules.calculation.combination import combine
from rules.calculation.coverage import Subjection
from rules.calculation.structural.base import base
from rules.calculation.structural.category import Category, category
from rules.calculation.structural.floor import Floor, factor
from rules.calculation.structural.measure import Measure, measure
from rules.calculation.structural.terms import RATE, CategoryTerms, QuarterFigures, general, terms
from rules.findings.finding import UNKNOWN, Certainty, Doubt
from rules.law.law import Law
from rules.law.rounding import half_up
from rules.view.situation import Situation
from rules.view.worker_line import DeclaredLine, DeclaredOccupation

SERVICES = "DmfA zones 00062 to 00064"


@dataclass(slots=True)
class StructuralCalculation:
    """Every figure on the way to Ps: amounts in eurocents."""

    line: DeclaredLine
    occupation: DeclaredOccupation
    worker: Subjection
    general: QuarterFigures
    category: Category
    terms: CategoryTerms
    measured: Measure
    parts: tuple[int, int, int] = (0, 0, 0)
    theoretical: int = 0
    beta: Fraction = Fraction(0)
    base: int = 0
    due: int | None = None
    doubts: list[Doubt] = field(default_factory=list)

    def doubt(self, certainty: Certainty, reason: str) -> None:
        """Add a reason why the finding is not certain."""
        self.doubts.append(Doubt(certainty, reason))


def calculate_reduction(
    situation: Situation, line: DeclaredLine, occupation: DeclaredOccupation, worker: Subjection, day: date, law: Law
) -> StructuralCalculation:
    """The calculation for one occupation in the quarter that begins on `day`; `due` is None where something is unknown.

    Raises NoLaw.
    """
    kind, known = category(line, occupation, day, law), general(law, day)
    figures, measured = terms(law, kind.name, day), measure(situation, line, occupation, known)
    result = StructuralCalculation(line, occupation, worker, known, kind, figures, measured, doubts=list(kind.doubts))
    if not figures.row.quality.firm:
        result.doubt(Certainty.TO_CHECK, f"figures derived, not read: {figures.row.cited}")
    for reason in worker.doubts:
        result.doubts.append(Doubt(Certainty.TO_CHECK, reason, UNKNOWN))
    result.doubts += measured.third_party
    if measured.mu == 0:
        result.due = 0
        return result
    if measured.mu is None or measured.mu_glob is None or not measured.factor:
        result.doubt(Certainty.UNDETERMINED, f"the working time needed for S or mu is not declared: {SERVICES}")
        return result
    _theoretical(result)
    floor = Floor(known.beta, known.exceptions)
    beta, doubts = factor(floor, situation, line, occupation, measured.mu_glob, sheltered=kind.sheltered)
    result.doubts += doubts
    if beta is not None:
        result.beta = beta.factor
        exact = result.theoretical * measured.mu * beta.factor.numerator
        product = min(half_up(exact, beta.factor.denominator * 100), result.theoretical)
        _cap(result, product, (measured.mu, measured.mu_glob), law)
    return result


def _theoretical(result: StructuralCalculation) -> None:
    """R: F and three products, each to the cent."""
    figures, measured = result.terms, result.measured
    result.parts = (
        half_up(figures.alpha * max(figures.low - measured.reference, 0), RATE),
        half_up(figures.gamma * max(figures.lowest - measured.reference, 0), RATE),
        half_up(figures.delta * max(measured.wage - figures.high, 0), RATE),
    )
    result.theoretical = figures.fixed + sum(result.parts)


def _cap(result: StructuralCalculation, product: int, share: tuple[int, int], law: Law) -> None:
    """Ps is at most the base contributions of the occupation."""
    limit = base(result.line, result.occupation, result.general, share, law, manual=result.worker.manual)
    result.base = limit.amount
    result.due = combine(limit.amount, product, 0).structural
    result.doubts += limit.doubts(product)
