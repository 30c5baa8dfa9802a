"""Additional holidays ("European"): paid days in the year in which somebody starts work after an interruption.

There is a finding when full unemployment or a career break took at least three months of the year before, and a
private-sector job began this year and has lasted three months. There is none when such days were taken (service code
14), or while the decisions of institutions are unknown. A first job and a change to more hours cannot be distinguished
from an ordinary change of job.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from rules.calculation.coverage import private_rows
from rules.calculation.holidays import USED_UP, YEAR, full_year, jobs_by_year, regime, taken, year_of
from rules.findings.entitlement import DAY, FAR, complete, merged, right, spans, unseen
from rules.findings.finding import HELD, Certainty, Finding, TraceStep
from rules.findings.rule import HistoryRule
from rules.law.dated_figures import NoLaw, citing
from rules.law.law import Law
from rules.view.history import PersonHistory, Worked
from rules.view.situation import InstitutionDecision
from schemas.identifiers import quarter_of

NAME = "additional_holiday"
UNEMPLOYED, BREAK = "unemployment_benefit", "career_break"
WEEK = timedelta(days=7)
CHOICE = unseen(
    Certainty.LIKELY, "whether the worker wants them: next year's double holiday pay is lower", "the worker"
)


def find(history: PersonHistory, day: date, law: Law) -> list[Finding]:
    """The years in which somebody may take additional holidays, as known on `day`."""
    if not history.decisions:
        return []
    return [
        finding
        for first, jobs in jobs_by_year(history, law)
        if first <= day
        for finding in _of_year(history, first, jobs, day, law)
    ]


def _of_year(history: PersonHistory, first: date, jobs: list[Worked], day: date, law: Law) -> Iterator[Finding]:
    _, last = year_of(first)
    try:
        row = law[NAME].at("conditions", first)
    except NoLaw:
        return
    months = int(row.number("months"))
    idle = _idle(history, first, row.codes("full"), months)
    begun = [one for one in jobs if one.start is not None and one.start >= first]
    if not idle or not begun or taken(history.worked, first, "014"):
        return
    if any(one.start is None or one.start < first for one in jobs):
        return
    end = complete(spans(begun, first, last), months)
    opens = None if end is None else end + DAY - WEEK
    if end is None or opens is None or opens > day or quarter_of(opens) not in history.quarters:
        return
    job = begun[0]
    full = full_year(job, first, law)
    to_come = spans(begun, first, last)
    if begun[-1].end is None:
        to_come = merged([*to_come, (begun[-1].first, last)])
    whole = max(number for number in range(YEAR + 1) if not number or complete(to_come, number))
    trace = (
        TraceStep(idle[0].kind, f"{idle[0].start}", None, citing(f"nature {idle[0].nature or 'not given'}", row), HELD),
        TraceStep("job from", f"{job.start}", None, citing("DmfA zone 00044", *private_rows(first, law)), HELD),
        TraceStep("three months complete on", f"{end}", None, row.cited, HELD),
        TraceStep("right from", f"{opens}", None, row.cited),
        TraceStep("days at first", f"{row.number(regime(job))}", "days", row.cited),
        TraceStep("days in this year at most", f"{int(full) * whole // YEAR}", "days", row.cited),
    )
    events = (event for one in begun for event in one.events)
    causes = (*events, *(one.event for one in idle))
    yield right(NAME, history.person, quarter_of(opens), trace=trace, doubts=[USED_UP, CHOICE], causes=causes)


def _idle(history: PersonHistory, first: date, full: frozenset[str], months: int) -> list[InstitutionDecision]:
    """The interruptions of the year before when they took as many months as the run-in: a week of holidays was lost."""
    served, eve = year_of(first - DAY)
    found = [
        one
        for one in history.decided(UNEMPLOYED, BREAK)
        if one.covers(served, eve) and (one.kind == BREAK or one.nature in full)
    ]
    lost = merged((max(one.start, served), min(one.until or FAR, eve)) for one in found)
    return found if complete(lost, months) else []


RULE = HistoryRule(NAME, find)
