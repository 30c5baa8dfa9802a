"""Increased reimbursement: people with certain social statuses pay less for health care, without an income test.

There is a finding when a status that opens the right has lasted long enough, the quarter is over, and no increased
reimbursement has been decided since. The paths by income and household are in `increased_reimbursement_income`.
"""

from datetime import date

from rules.calculation.social_statuses import INCREASED, unmatched
from rules.findings.entitlement import right, unseen
from rules.findings.finding import Certainty, Finding
from rules.findings.rule import HistoryRule
from rules.law.law import Law
from rules.view.history import PersonHistory

NAME = INCREASED
NOT_SEEN = unseen(
    Certainty.LIKELY, "whether the mutuality has granted it already, and who belongs to the household", "the mutuality"
)


def find(history: PersonHistory, day: date, law: Law) -> list[Finding]:
    """The right on a status that was not followed by an increased reimbursement, as known on `day`."""
    status = unmatched(history, day, law)
    if status is None:
        return []
    return [right(NAME, history.person, status.quarter, trace=status.steps, doubts=[NOT_SEEN], causes=status.causes)]


RULE = HistoryRule(NAME, find)
