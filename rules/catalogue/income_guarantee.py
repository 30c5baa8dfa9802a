"""Income guarantee: an unemployed person who takes a part-time job below a wage limit keeps part of the benefit.

The rule finds the right, not the amount: the hourly supplements are not known. It is never certain, because some
conditions are not seen: registration as job seeker, the request to the employer, a voluntary switch from full time.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from rules.calculation.coverage import Cover, personal_contributions
from rules.calculation.months import WEEKEND, months
from rules.findings.deduction import undetermined
from rules.findings.finding import HELD, UNKNOWN, Certainty, Doubt, Finding, TraceStep, doubt_steps, surest
from rules.findings.rule import QuarterRule
from rules.law.dated_figures import Citation, FigureRow, NoLaw, citing
from rules.law.law import Law
from rules.law.rounding import cents, plain
from rules.view.situation import InstitutionDecision, Situation
from rules.view.worker_line import DeclaredLine, DeclaredOccupation
from schemas.identifiers import quarter_days

NAME = "income_guarantee"
UNEMPLOYED = "unemployment_benefit"
GUARANTEED = "income_guarantee"
NOT_SEEN = "not seen here: registration as job seeker, request for more hours, whether full time was given up freely"


def find(situation: Situation, day: date, law: Law) -> list[Finding]:
    """Part-time jobs that began in the quarter out of full unemployment, without the benefit, as known on `day`."""
    if not situation.decisions:
        return []
    return [finding for line in situation.lines for finding in _of_line(situation, line, day, law)]


def _of_line(situation: Situation, line: DeclaredLine, day: date, law: Law) -> Iterator[Finding]:
    first, last = quarter_days(situation.quarter)
    if personal_contributions(line, situation.person, situation.quarter, law).cover is Cover.NOT_COVERED:
        return
    for occupation in line.occupations:
        if not occupation.part_time or occupation.start is None or not first <= occupation.start <= min(last, day):
            continue
        before = _unemployed_before(situation, occupation.start, law)
        if (
            before
            and not _taken_up(situation, line, occupation.start, last, law)
            and not _switched(situation, occupation)
        ):
            yield from _judge(situation, line, occupation, before, law)


def _judge(
    situation: Situation, line: DeclaredLine, occupation: DeclaredOccupation, before: InstitutionDecision, law: Law
) -> Iterator[Finding]:
    """The finding, unless hours or wage are too high."""
    start = occupation.start or date.min
    doubts = [Doubt(Certainty.LIKELY, NOT_SEEN, UNKNOWN)]
    natures = law[NAME].at("natures", start)
    nature = citing(f"nature {before.nature or 'not given'}", natures)
    trace = [
        personal_contributions(line, situation.person, situation.quarter, law).why,
        TraceStep("full unemployment until", f"{before.until or 'open'}", None, nature, HELD),
    ]
    try:
        hours, limits = law[NAME].at("hours", start), _limits(situation, occupation, law)
    except NoLaw as error:
        yield _finding(situation, line, occupation, Certainty.UNDETERMINED, (*trace, *undetermined(error)), before)
        return
    share = _contractual(occupation)
    if share is None:
        trace.append(TraceStep("Q / S", "unknown", None, _at_most(hours), UNKNOWN))
        doubts.append(Doubt(Certainty.UNDETERMINED, "the hours of the contract are not declared (zones 00048, 00049)"))
    elif share > Fraction(hours.number("share")):
        return
    else:
        trace.append(TraceStep("Q / S", _rounded(share), None, _at_most(hours), HELD))
    for name, wage, row in limits:
        if wage >= cents(row.number("amount")):
            return
        zone = "DmfA zone 00070, spread over the months"
        trace.append(TraceStep(f"gross wage {name}", plain(wage), "EUR", zone))
        trace.append(TraceStep(f"reference amount {name}", f"{row.number('amount')}", "EUR", row.cited, HELD))
    derived = sorted({str(row.cited) for _, _, row in limits if not row.quality.firm})
    doubts += [Doubt(Certainty.TO_CHECK, f"reference amount derived, not read: {cited}") for cited in derived]
    yield _finding(situation, line, occupation, surest(doubts), (*trace, *doubt_steps(doubts)), before)


def _at_most(hours: FigureRow) -> Citation:
    return citing(f"at most {hours.number('share')}: {hours.cited}", hours)


def _limits(situation: Situation, occupation: DeclaredOccupation, law: Law) -> list[tuple[str, int, FigureRow]]:
    """Month, wage in eurocents and limit, for each month of the occupation."""
    first, _ = quarter_days(situation.quarter)
    wage = occupation.wage(law[NAME].at("wage", first).codes("codes"))
    return [
        (month.name, month.share.over(month.covered).of(wage), law[NAME].at("reference amount", month.first))
        for month in months(occupation, situation.quarter).months
    ]


def _contractual(occupation: DeclaredOccupation) -> Fraction | None:
    if occupation.mean_hours is None or not occupation.reference_hours:
        return None
    return Fraction(occupation.mean_hours, occupation.reference_hours)


def _rounded(share: Fraction) -> str:
    return f"{Decimal(share.numerator) / Decimal(share.denominator):.3f}"


def _eve(start: date) -> date:
    """The last weekday before the job."""
    day = start - timedelta(days=1)
    return day - timedelta(days=max(day.weekday() - WEEKEND + 1, 0))


def _unemployed_before(situation: Situation, start: date, law: Law) -> InstitutionDecision | None:
    """The decision of full unemployment that held on the eve of the job."""
    full = law[NAME].at("natures", start).codes("full")
    eve = _eve(start)
    for decision in situation.decisions or ():
        if decision.kind == UNEMPLOYED and decision.nature in full and decision.covers(eve, eve):
            return decision
    return None


def _taken_up(situation: Situation, line: DeclaredLine, start: date, last: date, law: Law) -> bool:
    """Whether the benefit was decided for days of the job, or the employer owes a contribution for who has it."""
    owed = law[NAME].series["responsibility contribution"].rows[-1]
    if not owed.codes("codes").isdisjoint(line.contributions):
        return True
    natures = law[NAME].at("natures", start).codes("guaranteed")
    return any(
        decision.covers(start, last)
        and (decision.kind == GUARANTEED or (decision.kind == UNEMPLOYED and decision.nature in natures))
        for decision in situation.decisions or ()
    )


def _switched(situation: Situation, occupation: DeclaredOccupation) -> bool:
    """Whether a full-time job at the same employer ended just before."""
    eve = _eve(occupation.start or date.min)
    return any(
        not other.part_time and other.end is not None and eve <= other.end < (occupation.start or date.min)
        for line in situation.lines
        for other in line.occupations
    )


def _finding(
    situation: Situation,
    line: DeclaredLine,
    occupation: DeclaredOccupation,
    certainty: Certainty,
    trace: tuple[TraceStep, ...],
    before: InstitutionDecision,
) -> Finding:
    return Finding(
        NAME,
        "citizen",
        situation.employer,
        situation.person,
        situation.quarter,
        situation.label(line, occupation),
        None,
        None,
        Decimal("0.00"),
        None,
        certainty,
        trace,
        (*situation.causes, before.event),
    )


RULE = QuarterRule(NAME, find=find)
