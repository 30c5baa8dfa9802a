"""Social energy tariff: households with certain social statuses automatically pay less for gas and electricity.

The ministry of Economy matches the suppliers' customers every three months. There is a finding only where a match
visibly failed for the same status: no increased reimbursement followed. Whether the supplier applies the tariff is not
seen.
"""

from datetime import date

from rules.calculation.social_statuses import unmatched
from rules.findings.entitlement import right, unseen
from rules.findings.finding import HELD, Certainty, Finding, TraceStep
from rules.findings.rule import HistoryRule
from rules.law.dated_figures import NoLaw
from rules.law.law import Law
from rules.view.history import PersonHistory
from schemas.identifiers import quarter_days, quarter_of

NAME = "social_energy_tariff"
NOT_SEEN = (
    unseen(Certainty.TO_CHECK, "whether the supplier applies the tariff", "the ministry of Economy and the supplier"),
    unseen(Certainty.TO_CHECK, "name and address on the contract, and that it is the main home", "the supplier"),
)


def find(history: PersonHistory, day: date, law: Law) -> list[Finding]:
    """The tariff of somebody whose status was not matched, as known on `day`."""
    status = unmatched(history, day, law)
    if status is None:
        return []
    first, _ = quarter_days(quarter_of(status.start))
    try:
        row = law[NAME].at("statuses", first)
    except NoLaw:
        return []
    if status.kind not in row.codes("kinds"):
        return []
    last = date(first.year, 12, 31)
    trace = (
        *status.steps,
        TraceStep("tariff from", f"{first}", None, row.cited, HELD),
        TraceStep("tariff until", f"{last}", None, row.cited),
    )
    return [right(NAME, history.person, status.quarter, trace=trace, doubts=NOT_SEEN, causes=status.causes)]


RULE = HistoryRule(NAME, find)
