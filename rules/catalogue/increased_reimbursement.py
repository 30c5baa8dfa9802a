"""Increased reimbursement: who has a certain social status pays less for health care, without a test of income.

It speaks when a status that opens the right has run for its time, the quarter is over, and no increased reimbursement
was decided since. The two other paths rest on income and household, and are `increased_reimbursement_income`.
"""

from datetime import date

from rules.calculation.statuses import INCREASED, unmatched
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
    """The right on a status that nobody turned into an increased reimbursement, as known on `day`."""
    status = unmatched(history, day, law)
    if status is None:
        return []
    return [right(NAME, history.person, status.quarter, trace=status.steps, doubts=[NOT_SEEN], causes=status.causes)]


RULE = HistoryRule(NAME, find)
