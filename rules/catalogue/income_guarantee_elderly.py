"""Income guarantee for older people (IGO, GRAPA): a minimum income from the pension age.

There is a finding when somebody reaches the age while receiving integration income or a disability allowance, so that
another institution found their means to be low, and neither the guarantee nor a pension was decided by the end of the
quarter. The means themselves are not seen here.
"""

from datetime import date

from rules.findings.entitlement import figure, over, right, unseen
from rules.findings.finding import HELD, UNKNOWN, Certainty, Doubt, Finding, TraceStep
from rules.findings.rule import HistoryRule
from rules.law.law import Law, per_law
from rules.view.ages import age_on, birthday
from rules.view.history import PersonHistory
from schemas.identifiers import quarter_of

NAME = "income_guarantee_elderly"
PENSION = "pension"
NOT_SEEN = (
    unseen(
        Certainty.TO_CHECK, "the means of all who live together, and the main residence", "the Federal Pension Service"
    ),
    unseen(Certainty.TO_CHECK, "nationality or assimilation", "the National Register"),
)


def find(history: PersonHistory, day: date, law: Law) -> list[Finding]:
    """The guarantee of somebody who reached the age on a low-income status, as known on `day`.

    Where the birthday is not known the last possible one counts, and a status on any of the possible days suffices.
    """
    if not history.decisions or history.born is None:
        return []
    born, earliest, reached = history.born, _reached(law, history.born.earliest), _reached(law, history.born.latest)
    if earliest is None or reached is None or not over(quarter_of(reached), day):
        return []
    if history.has(NAME, earliest, day) or history.has(PENSION, earliest, day):
        return []
    row = law[NAME].at("age", reached)
    for decision in history.decided(*sorted(law[NAME].at("low means", reached).codes("kinds"))):
        if decision.covers(earliest, reached):
            by = "age reached on" if born.exact else "age reached at the latest on"
            trace = (
                TraceStep("age", f"{age_on(born.latest, reached)}", "years", row.cited, HELD),
                TraceStep(by, f"{reached}", None, row.cited),
                TraceStep("status", decision.kind, None, "decision of the institution that pays it", HELD),
                figure("base amount a month", law[NAME], "amounts", reached, unit="EUR"),
                figure("amount a month alone", law[NAME], "amounts", reached, unit="EUR", of="alone"),
            )
            unknown = () if born.exact else (Doubt(Certainty.TO_CHECK, born.doubt, UNKNOWN),)
            doubts = (*NOT_SEEN, *unknown)
            quarter = quarter_of(reached)
            return [right(NAME, history.person, quarter, trace=trace, doubts=doubts, causes=(decision.event,))]
    return []


@per_law
def _reached(law: Law, born: date) -> date | None:
    """The first day on which somebody has the age in force on that day."""
    for row in law[NAME].series["age"].rows:
        day = max(birthday(born, int(row.number("years"))), row.start)
        if row.end is None or day <= row.end:
            return day
    return None


RULE = HistoryRule(NAME, find)
