"""Social supplement to child benefit: for months with a status that shows a low income, by the rules of each region.

There is a finding when such a status lasted a full month beside a child benefit that was decided before the status
began, the quarter is over, and the payer has decided nothing since. Some benefits open the supplement in Flanders, the
increased reimbursement opens it in Wallonia; the first of them is reported. In which region the family lives, its
income and the number of children are not seen here.
"""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from rules.findings.entitlement import FAR, figure, full_months, not_seen, over, right, unseen
from rules.findings.finding import HELD, UNKNOWN, Certainty, Finding, TraceStep
from rules.findings.rule import HistoryRule
from rules.law.dated_figures import FigureRow, NoLaw, Series
from rules.law.law import Law
from rules.view.history import PersonHistory
from rules.view.situation import InstitutionDecision
from schemas.identifiers import quarter_of

NAME = "child_benefit_supplement"
CHILD_BENEFIT = "child_benefit"
FLANDERS, WALLONIA, BRUSSELS = "Flanders", "Wallonia", "Brussels"
OPENED_BY = {FLANDERS: "statuses", WALLONIA: f"statuses, {WALLONIA}"}
"""By region, the figures that name the statuses which open the supplement without a test of income."""
FULL_MONTH = 1
LIVES_IN = not_seen("in which region the family lives", "the National Register")
PAID = unseen(
    Certainty.TO_CHECK,
    "whether the supplement is paid already, the children and when they were born",
    "the payer of child benefit",
)
INCOME = unseen(
    Certainty.TO_CHECK,
    "the income on the last tax notice, and the cadastral income where the region asks for it",
    "the ministry of Finance",
)


class Opening(NamedTuple):
    """A status that opens the supplement in a region, the child benefit beside it, and its first full month."""

    region: str
    status: InstitutionDecision
    benefit: InstitutionDecision
    month: date
    """The last day of that month."""
    row: FigureRow


def find(history: PersonHistory, day: date, law: Law) -> list[Finding]:
    """The first status beside a child benefit that has not been decided again since, as known on `day`."""
    first = min(_openings(history, law), key=lambda opening: opening.month, default=None)
    if first is None or not over(quarter_of(first.month), day):
        return []
    return [_finding(history, first, law)]


def _openings(history: PersonHistory, law: Law) -> Iterator[Opening]:
    """Every status that ran a full month beside a child benefit: by region, kind and day."""
    benefits = list(history.decided(CHILD_BENEFIT))
    statuses = sorted(history.decisions or (), key=lambda decision: (decision.kind, decision.start, decision.event))
    for region, name in OPENED_BY.items():
        series = law[NAME].series.get(name)
        if series is None or not benefits:
            continue
        for status in statuses:
            opening = _opening(region, series, status, benefits)
            if opening is not None:
                yield opening


def _opening(
    region: str, series: Series, status: InstitutionDecision, benefits: list[InstitutionDecision]
) -> Opening | None:
    benefit = _beside(status, benefits)
    if benefit is None:
        return None
    in_force, _, _ = series.timeline[0]
    month = full_months(max(status.start, in_force), min(status.until or FAR, benefit.until or FAR), FULL_MONTH)
    row = None if month is None else _opening_row(series, month, status.kind)
    return None if month is None or row is None else Opening(region, status, benefit, month, row)


def _opening_row(series: Series, month: date, kind: str) -> FigureRow | None:
    """The row by which a kind of decision opens the supplement in a month; None where none does."""
    try:
        row = series.at(month)
    except NoLaw:
        return None
    return row if kind in row.codes("kinds") else None


def _beside(status: InstitutionDecision, benefits: list[InstitutionDecision]) -> InstitutionDecision | None:
    """The child benefit that ran when the status began; None when the payer decided again since."""
    if any(status.start <= benefit.start for benefit in benefits):
        return None
    return next((benefit for benefit in benefits if benefit.covers(status.start, status.start)), None)


def _finding(history: PersonHistory, opening: Opening, law: Law) -> Finding:
    region, status, benefit, month, row = opening
    tested = region == FLANDERS
    trace = (
        TraceStep("status", status.kind, None, row.cited, HELD),
        TraceStep("status from", f"{status.start}", None, row.cited),
        TraceStep("child benefit from", f"{benefit.start}", None, "decision of the payer of child benefit", HELD),
        TraceStep("region of the family", region, None, LIVES_IN, UNKNOWN),
        *(_ceilings(month, law) if tested else ()),
        *(_six_months(status.kind, month, law) if tested else ()),
    )
    doubts = (PAID, unseen(Certainty.TO_CHECK, "in which region the family lives", "the National Register"))
    return right(
        NAME,
        history.person,
        quarter_of(month),
        trace=trace,
        doubts=(*doubts, INCOME) if tested else doubts,
        causes=(status.event, benefit.event),
    )


def _ceilings(month: date, law: Law) -> Iterator[TraceStep]:
    """The ceilings of income: those of Flanders, and by region those of families that live elsewhere."""
    for place in ("", f", {WALLONIA}", f", {BRUSSELS}"):
        yield figure(f"income ceiling{place}", law[NAME], f"ceilings{place}", month, unit="EUR")
        yield figure(f"second income ceiling{place}", law[NAME], f"ceilings{place}", month, unit="EUR", of="second")
    yield figure("cadastral income below, Brussels", law[NAME], "cadastral income, Brussels", month, unit="EUR")


def _six_months(kind: str, month: date, law: Law) -> Iterator[TraceStep]:
    """After how many months of the status in one year Brussels grants it without being asked."""
    try:
        row = law[NAME].at("statuses, Brussels", month)
    except NoLaw:
        return
    if kind in row.codes("kinds"):
        yield TraceStep("months in a year, Brussels", f"{row.number('months')}", None, row.cited)


RULE = HistoryRule(NAME, find)
