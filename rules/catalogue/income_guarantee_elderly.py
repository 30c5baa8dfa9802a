"""Income guarantee for older people (IGO, GRAPA): a minimum income from the pension age.

There is a finding when somebody reaches the age while receiving integration income or a disability allowance, so that
another institution found their means to be low, and neither the guarantee nor a pension was decided by the end of the
quarter in which it can begin: on the first of the month after the birthday. The means themselves are not seen here.
"""

from datetime import date
from typing import NamedTuple

from rules.findings.entitlement import figure, months_later, over, right, unseen
from rules.findings.finding import HELD, UNKNOWN, Certainty, Doubt, Finding, TraceStep
from rules.findings.rule import HistoryRule
from rules.law.dated_figures import FigureRow, NoLaw
from rules.law.law import Law, per_law
from rules.view.ages import Birth, birthday
from rules.view.history import PersonHistory
from rules.view.situation import InstitutionDecision
from schemas.identifiers import quarter_of

NAME = "income_guarantee_elderly"
PENSION = "pension"
NOT_SEEN = (
    unseen(
        Certainty.TO_CHECK, "the means of all who live together, and the main residence", "the Federal Pension Service"
    ),
    unseen(Certainty.TO_CHECK, "nationality or assimilation", "the National Register"),
)


class GuaranteeAge(NamedTuple):
    """The birthday on which the age is reached, the day from which the guarantee can be had, and the row of the age."""

    birthday: date
    start: date
    row: FigureRow


def find(history: PersonHistory, day: date, law: Law) -> list[Finding]:
    """The guarantee of somebody who reached the age on a low-income status, as known on `day`.

    Where the birthday is not known the last possible one counts, and a status on any of the possible days suffices.
    """
    if not history.decisions or history.born is None:
        return []
    earliest, latest = _reached(law, history.born.earliest), _reached(law, history.born.latest)
    if earliest is None or latest is None or not over(quarter_of(latest.start), day):
        return []
    if history.has(NAME, earliest.birthday, day) or history.has(PENSION, earliest.birthday, day):
        return []
    try:
        low = law[NAME].at("low means", latest.start).codes("kinds")
    except NoLaw:
        return []
    for decision in history.decided(*sorted(low)):
        if decision.covers(earliest.birthday, latest.birthday):
            return [_finding(history.person, history.born, decision, latest, law)]
    return []


def _finding(person: str, born: Birth, decision: InstitutionDecision, reached: GuaranteeAge, law: Law) -> Finding:
    start, row = reached.start, reached.row
    by = "age reached on" if born.exact else "age reached at the latest on"
    trace = (
        TraceStep("age", f"{row.number('years')}", "years", row.cited, HELD),
        TraceStep(by, f"{reached.birthday}", None, row.cited),
        TraceStep("right from", f"{start}", None, row.cited),
        TraceStep("status", decision.kind, None, "decision of the institution that pays it", HELD),
        *_apart(decision.kind, start, law),
        figure("base amount a month", law[NAME], "amounts", start, unit="EUR"),
        figure("amount a month alone", law[NAME], "amounts", start, unit="EUR", of="alone"),
        figure("days abroad at most", law[NAME], "residence", start, unit="days", of="abroad", outcome=UNKNOWN),
    )
    unknown = () if born.exact else (Doubt(Certainty.TO_CHECK, born.doubt, UNKNOWN),)
    quarter = quarter_of(start)
    return right(NAME, person, quarter, trace=trace, doubts=(*NOT_SEEN, *unknown), causes=(decision.event,))


def _apart(kind: str, day: date, law: Law) -> tuple[TraceStep, ...]:
    """That the benefit somebody lives on does not count as means, where it does not."""
    try:
        row = law[NAME].at("means", day)
    except NoLaw:
        return ()
    return (TraceStep("not counted as means", kind, None, row.cited),) if kind in row.codes("kinds") else ()


@per_law
def _reached(law: Law, born: date) -> GuaranteeAge | None:
    """When somebody reaches the age in force in the month in which a pension of that age begins."""
    for first, last, row in law[NAME].series["age"].timeline:
        reached = birthday(born, int(row.number("years")))
        start = max(months_later(reached.replace(day=1), 1), first)
        if last is None or start <= last:
            return GuaranteeAge(reached, start, row)
    return None


RULE = HistoryRule(NAME, find)
