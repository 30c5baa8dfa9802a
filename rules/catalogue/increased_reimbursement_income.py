"""Increased reimbursement by income: three months of unemployment or incapacity and a low income may open it.

Since 01/10/2024 the mutualities examine people who live alone automatically; others have to apply. There is a finding
about the earliest such period that still lasts, once the quarter in which three months are complete is over, and where
no increased reimbursement has been decided since it began. Household and income are not seen: the finding states the
ceilings, "to check". People with a status that opens the right without an income test are left to that rule.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from rules.calculation.social_statuses import INCREASED, social_statuses
from rules.findings.entitlement import DAY, FAR, figure, merged, months_later, over, right, unseen
from rules.findings.finding import HELD, UNKNOWN, Certainty, Finding, TraceStep
from rules.findings.rule import HistoryRule
from rules.law.dated_figures import FigureRow, citing
from rules.law.law import Law
from rules.view.history import PersonHistory
from rules.view.situation import InstitutionDecision
from schemas.identifiers import quarter_days, quarter_of

NAME = "increased_reimbursement_income"
UNEMPLOYED, INCAPABLE, INVALID, PENSION = "unemployment_benefit", "incapacity", "invalidity", "pension"
CAUSES = ((UNEMPLOYED,), (INCAPABLE, INVALID))
NOT_SEEN = (
    unseen(Certainty.TO_CHECK, "whether the increased reimbursement was granted or looked at already", "the mutuality"),
    unseen(
        Certainty.TO_CHECK,
        "who belongs to the household, and whether somebody lives alone or only with relatives up to the second degree "
        "who are neither dependants nor legal cohabitants",
        "the National Register",
    ),
    unseen(
        Certainty.TO_CHECK,
        "the income of the household, and other real estate that somebody owns or has in usufruct",
        "the ministry of Finance",
    ),
)


@dataclass(frozen=True, slots=True)
class Cause:
    """A period of unemployment or incapacity, the day on which it is long enough, and the decisions it rests on."""

    kind: str
    start: date
    until: date
    enough: date
    decisions: tuple[InstitutionDecision, ...]
    row: FigureRow


def find(history: PersonHistory, day: date, law: Law) -> list[Finding]:
    """The earliest cause that still lasts and was not followed by an increased reimbursement, as known on `day`."""
    if not history.decisions:
        return []
    today, _ = quarter_days(quarter_of(day))
    for cause in sorted(_causes(history, law), key=lambda one: (one.enough, one.kind)):
        if over(quarter_of(cause.enough), day) and cause.until >= today and not _settled(history, cause, law):
            return [_finding(history, cause, law)]
    return []


def _causes(history: PersonHistory, law: Law) -> Iterator[Cause]:
    for kinds in CAUSES:
        decided = [
            one
            for one in history.decided(*kinds)
            if one.kind != UNEMPLOYED or one.nature in _row(one.start, law).codes("full")
        ]
        for start, until in merged((one.start, one.until or FAR) for one in decided):
            within, row = tuple(one for one in decided if start <= one.start <= until), _row(start, law)
            enough = months_later(start, int(row.number("months"))) - DAY
            enough = min([enough, *(one.start for one in within if one.kind == INVALID)])
            if enough <= until:
                yield Cause(within[0].kind, start, until, enough, within, row)


def _row(day: date, law: Law) -> FigureRow:
    """What is required of a cause that began on a day; of one from before the decree, what the decree requires."""
    return law[NAME].at("duration", max(day, law[NAME].series["duration"].rows[0].start))


def _settled(history: PersonHistory, cause: Cause, law: Law) -> bool:
    """Whether it was granted, opens by status anyway, or work beside the unemployment makes that doubtful."""
    if history.has(INCREASED, cause.start, FAR):
        return True
    if any((status.until or FAR) >= cause.start for status in social_statuses(history, law)):
        return True
    return cause.kind == UNEMPLOYED and any(one.last >= cause.start for one in history.worked)


def _finding(history: PersonHistory, cause: Cause, law: Law) -> Finding:
    ended = cause.enough
    paid = citing("decision of the institution that pays it", cause.row)
    trace = [
        TraceStep(cause.kind, f"{cause.start}", None, paid, HELD),
        TraceStep("long enough on", f"{ended}", None, cause.row.cited, HELD),
    ]
    by_itself = law[NAME].series["by itself"].rows[0]
    if cause.until >= by_itself.start and not history.has(PENSION, cause.start, FAR):
        looked = max(ended + DAY, by_itself.start)
        trace.append(TraceStep("looked at by the mutuality from", f"{looked}", None, by_itself.cited))
    for name in ("ceiling of the month", "ceiling of the year"):
        trace.append(figure(name, law[NAME], name, ended, unit="EUR", outcome=UNKNOWN))
        trace.append(figure(f"{name}, each other person", law[NAME], name, ended, unit="EUR", of="person"))
    causes = (one.event for one in cause.decisions)
    return right(NAME, history.person, quarter_of(ended), trace=trace, doubts=NOT_SEEN, causes=causes)


RULE = HistoryRule(NAME, find)
