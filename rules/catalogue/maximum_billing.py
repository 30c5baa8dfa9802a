"""Maximum billing: above a ceiling of fees a household pays nothing more for health care in that year.

The mutualities apply the ceiling automatically to the fees they book, which are not seen here. There is a finding only
where a status that opens the lower, social ceiling was visibly not matched: no increased reimbursement followed either.
"""

from datetime import date

from rules.calculation.social_statuses import unmatched
from rules.findings.entitlement import figure, right, unseen
from rules.findings.finding import UNKNOWN, Certainty, Finding
from rules.findings.rule import HistoryRule
from rules.law.law import Law
from rules.view.history import PersonHistory

NAME = "maximum_billing"
NOT_SEEN = (
    unseen(Certainty.TO_CHECK, "the fees paid, and whether the social ceiling is applied", "the mutuality"),
    unseen(Certainty.TO_CHECK, "who lived at the address on 1 January", "the National Register"),
    unseen(Certainty.TO_CHECK, "the taxable income of two years before", "the ministry of Finance"),
)


def find(history: PersonHistory, day: date, law: Law) -> list[Finding]:
    """The social ceiling of somebody whose status was not matched, as known on `day`."""
    status = unmatched(history, day, law)
    if status is None:
        return []
    ceiling = figure("social ceiling", law[NAME], "social ceiling", status.opens, unit="EUR", outcome=UNKNOWN)
    trace = (*status.steps, ceiling)
    return [right(NAME, history.person, status.quarter, trace=trace, doubts=NOT_SEEN, causes=status.causes)]


RULE = HistoryRule(NAME, find)
