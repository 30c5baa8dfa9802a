"""Calculates the work bonus of one occupation by month; how a quarter is split into months is a doubt of its own."""

from dataclasses import dataclass, field
from datetime import date

from rules.calculation.bonus.formula import MANUAL, NAME, RATE, BonusTerms, surely_nothing, terms
from rules.calculation.months import Month, QuarterPart, Share, months, performed, surely_complete
from rules.findings.finding import Certainty, Doubt
from rules.law.dated_figures import FigureRow, NoLaw
from rules.law.law import Law, per_law
from rules.law.rounding import cents, half_up, scaled
from rules.view.worker_line import DeclaredOccupation
from schemas.identifiers import quarter_days

MONTHS = 12
"""Months in a year."""
SERVICES = "DmfA zones 00062 to 00064"


@dataclass(frozen=True, slots=True)
class BonusFigures:
    """The figures that hold for every month of a quarter."""

    wage: FigureRow
    wage_codes: frozenset[str]
    worked: frozenset[str]
    rate: int
    factor: int
    personal: FigureRow
    services: FigureRow
    manual: FigureRow


@per_law
def general(law: Law, day: date) -> BonusFigures:
    """The figures that hold for every month.

    Raises NoLaw.
    """
    known = law[NAME]
    wage, personal = known.at("wage W", day), known.at("personal contribution", day)
    services, manual = known.at("services", day), known.at("wage of manual workers", day)
    return BonusFigures(
        wage,
        wage.codes("codes"),
        services.codes("worked"),
        scaled(personal.number("rate"), RATE),
        scaled(manual.number("factor"), 100),
        personal,
        services,
        manual,
    )


@dataclass(frozen=True, slots=True)
class Monthly:
    """One month: amounts in eurocents, `share` of full time x 100."""

    month: Month
    terms: BonusTerms
    wage: int
    reference: int
    strong: int
    weak: int
    share: int
    owed: int
    granted: int


@dataclass(slots=True)
class BonusCalculation:
    """The months of one occupation and their sum in eurocents; `due` is None where unknown."""

    occupation: DeclaredOccupation
    general: BonusFigures
    wage: int
    months: list[Monthly] = field(default_factory=list)
    due: int | None = None
    doubts: list[Doubt] = field(default_factory=list)

    def doubt(self, certainty: Certainty, reason: str) -> None:
        """Add a reason why the finding is not certain."""
        self.doubts.append(Doubt(certainty, reason))


def calculate_bonus(occupation: DeclaredOccupation, quarter: str, law: Law, *, manual: bool) -> BonusCalculation:
    """The bonus of one occupation in a quarter.

    Raises NoLaw.
    """
    known = general(law, quarter_days(quarter)[0])
    result = BonusCalculation(occupation, known, occupation.wage(known.wage_codes))
    if not result.wage:
        result.due = 0
        return result
    spread = months(occupation, quarter)
    share = performed(occupation, known.worked, spread)
    if share is not None and not share.part:
        result.due = 0
        return result
    if share is None:
        result.doubt(Certainty.UNDETERMINED, f"the working time needed for S is not declared: {SERVICES}")
        return result
    for month in spread.months:
        try:
            result.months.append(_month(result, month, share.times(month.covered), law, manual=manual))
        except NoLaw as error:
            if not surely_nothing(month.first, _reference(result, month, share.times(month.covered)), law):
                raise
            result.doubt(Certainty.TO_CHECK, f"{error}; S lies above every limit of that time")
    result.due = sum(monthly.granted for monthly in result.months)
    _doubts(result, spread.span, law, complete=surely_complete(occupation, known.worked, spread))
    return result


def _month(result: BonusCalculation, month: Month, share: Share, law: Law, *, manual: bool) -> Monthly:
    figures = terms(law, month.first, MANUAL if manual else "")
    wage = month.share.of(result.wage)
    reference = _reference(result, month, share)
    strong, weak = figures.bonus(reference)
    part = share.of(100)
    factor = result.general.factor if manual else 100
    owed = half_up(wage * result.general.rate * factor, RATE * 100)
    return Monthly(
        month, figures, wage, reference, strong, weak, part, owed, min(half_up((strong + weak) * part, 100), owed)
    )


def _reference(result: BonusCalculation, month: Month, share: Share) -> int:
    """S of a month in eurocents: its wage, brought to full time."""
    wage = month.share.of(result.wage)
    return wage if share.full else share.raised(wage)


def _doubts(result: BonusCalculation, span: QuarterPart, law: Law, *, complete: bool) -> None:
    derived = {str(monthly.terms.row.cited) for monthly in result.months if not monthly.terms.row.quality.firm}
    for cited in sorted(derived):
        result.doubt(Certainty.TO_CHECK, f"figures derived, not read: {cited}")
    if span is QuarterPart.PART or not complete:
        reason = (
            "the bonus is reckoned by month and declared by quarter: how wage and days fall in each month is not known"
        )
        result.doubt(Certainty.LIKELY, reason)
    for cap in sorted({f"{row.cited}" for monthly in result.months if (row := _exceeded_cap(monthly, law))}):
        result.doubt(Certainty.LIKELY, f"twelve such months come to more than the annual cap: {cap}")
    codes = result.occupation.wages.keys()
    if not result.general.wage.codes("premium").isdisjoint(codes):
        result.doubt(Certainty.TO_CHECK, f"a premium may count in part only: {result.general.wage.cited}")
    if not result.general.wage.codes("excluding").isdisjoint(codes):
        result.doubt(Certainty.TO_CHECK, f"termination pay or flexi wage is left out: {result.general.wage.cited}")


def _exceeded_cap(monthly: Monthly, law: Law) -> FigureRow | None:
    """The annual cap that twelve months of this bonus exceed, where it is known: manual workers can exceed it."""
    try:
        row = law[NAME].at("annual cap", monthly.month.first)
    except NoLaw:
        return None
    return row if monthly.granted * MONTHS > cents(row.number("amount")) else None
