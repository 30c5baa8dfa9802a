"""Sickness benefit: contributions paid long enough open it; a long sickness without it may be a right not used.

There is a finding when a quarter has more than twenty days of sickness at the expense of the insurance (service code
50), the quarter is over, no benefit was decided for any day in it, and the waiting period is met, or may be with
quarters that were not declared here.
"""

from collections.abc import Iterator
from datetime import date

from rules.calculation.windows import Count, window
from rules.findings.entitlement import missing, over, right, unseen
from rules.findings.finding import DID_NOT_HOLD, HELD, UNKNOWN, Certainty, ConditionOutcome, Doubt, Finding, TraceStep
from rules.findings.rule import HistoryRule
from rules.law.dated_figures import FigureRow, NoLaw, citing
from rules.law.law import Law
from rules.view.history import PersonHistory, Worked
from schemas.identifiers import quarter_days

NAME = "sickness_benefit"
SICK = frozenset({"050"})
LONG = 20_00
"""More days x 100 of sickness than this in a quarter, at one employer, outlast every guaranteed wage."""
INSTEAD = ("incapacity", "invalidity", "occupational_risk", "pension", "unemployment_benefit", "career_break")
"""Decisions that pay for the same days, or say why nobody else does."""
UNBOUNDED = 10**9
QUARTER = 3
"""Months of the reference period that may lie in the quarter of the sickness itself."""
NOT_SEEN = unseen(
    Certainty.LIKELY,
    "whether the incapacity was declared, its degree, and the value of the contributions",
    "the mutuality",
)


def find(history: PersonHistory, day: date, law: Law) -> list[Finding]:
    """The quarters of long sickness for which no benefit was decided, as known on `day`."""
    if history.decisions is None:
        return []
    sick: dict[tuple[str, str], int] = {}
    for one in history.worked:
        days = one.days(SICK)
        if days:
            sick[one.quarter, one.employer] = sick.get((one.quarter, one.employer), 0) + days
    longest = {quarter: max(days for (name, _), days in sick.items() if name == quarter) for quarter, _ in sick}
    return [
        finding
        for quarter, days in sorted(longest.items())
        if days > LONG and over(quarter, day)
        for finding in _of_quarter(history, quarter, days, law)
    ]


def _of_quarter(history: PersonHistory, quarter: str, days: int, law: Law) -> Iterator[Finding]:
    first, last = quarter_days(quarter)
    if any(history.has(kind, first, last) for kind in INSTEAD):
        return
    try:
        row = law[NAME].at("waiting period", first)
    except NoLaw:
        return
    insured = [one for one in history.worked if one.worker_code not in row.codes("without")]
    here = [one for one in insured if one.quarter == quarter]
    if not here:
        return
    met = _waiting(history, insured, here, first, row)
    if met is None:
        return
    steps, doubts, events = met
    zones = citing("DmfA zones 00062 and 00063, service code 50", row)
    trace = (TraceStep("sick days", f"{days // 100}", "days", zones, HELD), *steps)
    doubts = [NOT_SEEN, *doubts]
    yield right(NAME, history.person, quarter, trace=trace, doubts=doubts, causes=(*here[0].events, *events))


def _waiting(
    history: PersonHistory, insured: list[Worked], here: list[Worked], first: date, row: FigureRow
) -> tuple[list[TraceStep], list[Doubt], list[str]] | None:
    """The waiting period, by days or, for who works part time, by hours; None when it is surely not met.

    The sickness began on some day of the quarter. Work in the months that lie before the quarter whichever day that was
    is surely in the reference period; work up to a quarter earlier, and in the quarter itself, may be.
    """
    events = [event for one in insured if one.first < first for event in one.events]
    tried: list[TraceStep] = []
    perhaps: tuple[list[TraceStep], list[Doubt], list[str]] | None = None
    for unit, needed, months, count in _ways(here, row):
        before = window(history, insured, first, months - QUARTER, count, UNBOUNDED)
        if before.surely >= needed * 100:
            return [*tried, _step(unit, before.surely, row, needed, HELD)], [], events
        around = window(history, insured, first, months, count, UNBOUNDED)
        doubt = unseen(Certainty.TO_CHECK, "on which day the sickness began", "the mutuality")
        if around.unseen:
            doubt = missing(around.unseen, "the NSSO")
        elif around.most + sum(map(count, here)) < needed * 100:
            tried.append(_step(unit, before.surely, row, needed, DID_NOT_HOLD))
            continue
        tried.append(_step(unit, before.surely, row, needed, UNKNOWN))
        perhaps = perhaps or (list(tried), [doubt], events)
    return perhaps


def _ways(here: list[Worked], row: FigureRow) -> Iterator[tuple[str, int, int, Count]]:
    """Unit, how much of it, in how many months, and how it is counted: for part-timers also by hours."""
    codes = row.codes("counted")
    yield "days", int(row.number("days")), int(row.number("months")), lambda one: one.days(codes)
    if any(one.part_time for one in here):
        hours, months = int(row.number("hours")), int(row.number("months part time"))
        yield "hours", hours, months, lambda one: one.hours(codes) or 0


def _step(unit: str, found: int, row: FigureRow, needed: int, outcome: ConditionOutcome) -> TraceStep:
    source = citing(f"at least {needed}: {row.cited}", row)
    return TraceStep(f"{unit} of work", f"{found // 100}", unit, source, outcome)


RULE = HistoryRule(NAME, find)
