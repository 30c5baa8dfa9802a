"""Senior holidays: paid holidays for people of 50 or more who were unemployed or invalid last year and work again.

There is one finding a year, for the quarter in which the private-sector job of that year begins or continues. There is
none while that quarter is not declared, when such days were taken, or while the decisions of institutions are unknown.
"""

from datetime import date, timedelta

from rules.calculation.coverage import private_rows
from rules.calculation.holidays import USED_UP, benefit, jobs_by_year, opening, size, taken, year_of
from rules.findings.entitlement import FAR, right, unseen
from rules.findings.finding import HELD, Certainty, Finding, TraceStep
from rules.findings.rule import HistoryRule
from rules.law.dated_figures import NoLaw, citing
from rules.law.law import Law
from rules.view.history import PersonHistory, Worked
from rules.view.situation import InstitutionDecision
from schemas.identifiers import quarter_of

NAME = "senior_holiday"
UNEMPLOYED, INVALID = "unemployment_benefit", "invalidity"
HELD_BY = "National Employment Office"


def find(history: PersonHistory, day: date, law: Law) -> list[Finding]:
    """The years in which somebody may have senior holidays, as known on `day`."""
    if not history.decisions or history.born is None:
        return []
    return [
        finding
        for first, jobs in jobs_by_year(history, law)
        if first <= day
        for finding in _of_year(history, first, jobs, law)
    ]


def _of_year(history: PersonHistory, first: date, jobs: list[Worked], law: Law) -> list[Finding]:
    served, eve = year_of(first - timedelta(days=1))
    age = history.born.ages(eve).least if history.born else 0
    try:
        row, natures = law[NAME].at("age", first), law[NAME].at("natures", first)
    except NoLaw:
        return []
    if age < int(row.number("years")):
        return []
    begun = opening(jobs, first)
    idle = _idle(history, served, eve, natures.codes("full"), begun[0]) if begun else None
    if begun is None or idle is None or _taken(history, first, natures.codes("senior")):
        return []
    start, job = begun
    nature = citing(f"nature {idle.nature or 'not given'}", natures)
    trace = (
        TraceStep("age on 31 December", f"{age}", "years", row.cited, HELD),
        TraceStep(idle.kind, f"{max(idle.start, served)}", None, nature, HELD),
        TraceStep(
            "job from", f"{job.start or job.first}", None, citing("DmfA zone 00044", *private_rows(start, law)), HELD
        ),
        size(job, start, law),
        *benefit(start, law),
    )
    doubts = [USED_UP, unseen(Certainty.LIKELY, "whether the days were asked on form C103", HELD_BY)]
    if (idle.until or FAR) >= (job.start or job.first):
        doubts.append(unseen(Certainty.TO_CHECK, "when the benefit ended", HELD_BY))
    return [
        right(NAME, history.person, quarter_of(start), trace=trace, doubts=doubts, causes=(*job.events, idle.event))
    ]


def _idle(
    history: PersonHistory, first: date, last: date, full: frozenset[str], back: date
) -> InstitutionDecision | None:
    """Full unemployment or invalidity in the service year, that ended before the job goes on or is open by mistake."""
    for decision in history.decided(UNEMPLOYED, INVALID):
        if not decision.covers(first, last):
            continue
        if decision.kind == UNEMPLOYED and decision.nature in full:
            return decision
        if decision.kind == INVALID and (decision.until or FAR) < back:
            return decision
    return None


def _taken(history: PersonHistory, first: date, natures: frozenset[str]) -> bool:
    _, last = year_of(first)
    if taken(history.worked, first, "073"):
        return True
    return any(one.nature in natures and one.covers(first, last) for one in history.decided(UNEMPLOYED))


RULE = HistoryRule(NAME, find)
