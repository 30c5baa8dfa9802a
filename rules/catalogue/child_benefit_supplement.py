"""Social supplement to child benefit (Flanders): for months with a status that shows a low income.

There is a finding when such a status lasted a full month beside a child benefit that was decided before the status
began, the quarter is over, and the payer has decided nothing since. Income, region and the number of children are not
seen here.
"""

from datetime import date

from rules.findings.entitlement import FAR, figure, full_months, over, right, unseen
from rules.findings.finding import HELD, Certainty, Finding, TraceStep
from rules.findings.rule import HistoryRule
from rules.law.dated_figures import NoLaw
from rules.law.law import Law
from rules.view.history import PersonHistory
from rules.view.situation import InstitutionDecision
from schemas.identifiers import quarter_of

NAME = "child_benefit_supplement"
CHILD_BENEFIT = "child_benefit"
FULL_MONTH = 1
NOT_SEEN = (
    unseen(
        Certainty.TO_CHECK,
        "whether the supplement is paid already, the children and when they were born",
        "the payer of child benefit",
    ),
    unseen(Certainty.TO_CHECK, "whether the family lives in Flanders", "the National Register"),
    unseen(Certainty.TO_CHECK, "the income on the last tax notice", "the ministry of Finance"),
)


def find(history: PersonHistory, day: date, law: Law) -> list[Finding]:
    """The first status beside a child benefit that has not been decided again since, as known on `day`."""
    benefits = list(history.decided(CHILD_BENEFIT))
    if not benefits:
        return []
    for kind in sorted(_kinds(day, law)):
        for status in history.decided(kind):
            benefit = _beside(status, benefits)
            if benefit is None:
                continue
            month = full_months(status.start, min(status.until or FAR, benefit.until or FAR), FULL_MONTH)
            if month is not None and over(quarter_of(month), day):
                return [_finding(history, status, benefit, month, law)]
    return []


def _kinds(day: date, law: Law) -> frozenset[str]:
    try:
        return law[NAME].at("statuses", day).codes("kinds")
    except NoLaw:
        return frozenset()


def _beside(status: InstitutionDecision, benefits: list[InstitutionDecision]) -> InstitutionDecision | None:
    """The child benefit that ran when the status began; None when the payer decided again since."""
    if any(status.start <= benefit.start for benefit in benefits):
        return None
    return next((benefit for benefit in benefits if benefit.covers(status.start, status.start)), None)


def _finding(
    history: PersonHistory, status: InstitutionDecision, benefit: InstitutionDecision, month: date, law: Law
) -> Finding:
    row = law[NAME].at("statuses", month)
    trace = (
        TraceStep("status", status.kind, None, row.cited, HELD),
        TraceStep("status from", f"{status.start}", None, row.cited),
        TraceStep("child benefit from", f"{benefit.start}", None, "decision of the payer of child benefit", HELD),
        figure("income ceiling", law[NAME], "ceilings", month, unit="EUR"),
    )
    causes = (status.event, benefit.event)
    return right(NAME, history.person, quarter_of(month), trace=trace, doubts=NOT_SEEN, causes=causes)


RULE = HistoryRule(NAME, find)
