"""Finds social statuses that open other rights automatically, and those on which the first right did not follow."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from rules.findings.entitlement import FAR, full_months, merged, months_later, over
from rules.findings.finding import HELD, TraceStep
from rules.law.dated_figures import Citation
from rules.law.law import Law
from rules.view.history import PersonHistory
from rules.view.situation import InstitutionDecision
from schemas.identifiers import quarter_days, quarter_of

INTEGRATION_INCOME = "integration_income"
INCREASED = "increased_reimbursement"
GRACE_MONTHS = -3
"""A social status that ended before the previous quarter is not a reason to request anything today."""


@dataclass(frozen=True, slots=True)
class SocialStatus:
    """A social status, the day from which it opens the increased reimbursement, and the decisions it rests on."""

    kind: str
    start: date
    until: date | None
    opens: date
    decisions: tuple[InstitutionDecision, ...]
    cited: Citation

    @property
    def quarter(self) -> str:
        """The quarter in which the right arises."""
        return quarter_of(self.opens)

    @property
    def causes(self) -> tuple[str, ...]:
        """The events of the decisions."""
        return tuple(decision.event for decision in self.decisions)

    @property
    def steps(self) -> tuple[TraceStep, ...]:
        """The social status as steps of a trace."""
        return (
            TraceStep("status", self.kind, None, self.cited, HELD),
            TraceStep("status from", f"{self.start}", None, self.cited),
            TraceStep("right from", f"{self.opens}", None, self.cited, HELD),
        )


def social_statuses(history: PersonHistory, law: Law) -> Iterator[SocialStatus]:
    """Every social status that opens the increased reimbursement without a test of income, the earliest first."""
    for kind in sorted({decision.kind for decision in history.decisions or ()}):
        yield from _of_kind(history, kind, law)


def _of_kind(history: PersonHistory, kind: str, law: Law) -> Iterator[SocialStatus]:
    decided = tuple(history.decided(kind))
    for start, end in merged((decision.start, decision.until or FAR) for decision in decided):
        row = law[INCREASED].at("statuses", max(start, law[INCREASED].series["statuses"].rows[0].start))
        if kind not in row.codes("kinds"):
            return
        months = int(row.number("months")) if kind in row.codes("after months") else 0
        opens = full_months(start, end, months) if months else start
        if opens is not None:
            rests_on = tuple(decision for decision in decided if start <= decision.start <= end)
            yield SocialStatus(kind, start, None if end == FAR else end, opens, rests_on, row.cited)


def unmatched(history: PersonHistory, day: date, law: Law) -> SocialStatus | None:
    """The social status without increased reimbursement, if it runs or has just ended and its quarter is over.

    The institutions exchange data among themselves in that quarter; where that worked there is no finding.
    """
    if not history.decisions:
        return None
    oldest = months_later(quarter_days(quarter_of(day))[0], GRACE_MONTHS)
    for status in social_statuses(history, law):
        if status.until is not None and status.until < oldest:
            continue
        if over(status.quarter, day) and not history.has(INCREASED, status.start, FAR):
            return status
    return None
