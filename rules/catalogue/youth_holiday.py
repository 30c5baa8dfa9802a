"""Youth holidays: up to four paid weeks for people under 25 who left school last year and worked a month.

There is one finding a year, for the quarter in which the private-sector job of that year begins or continues, and only
if the first job that counts began in the year before. The end of the studies is not seen: a finding is always "to
check".
"""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from rules.calculation.holidays import (
    USED_UP,
    YEAR,
    benefit,
    full_year,
    jobs_by_year,
    opening,
    private,
    size,
    taken,
    year_of,
)
from rules.findings.entitlement import complete, right, spans, unseen
from rules.findings.finding import HELD, Certainty, Finding, TraceStep
from rules.findings.rule import HistoryRule
from rules.law.dated_figures import FigureRow, NoLaw, citing
from rules.law.law import Law
from rules.view.history import PersonHistory, Worked, quarters_between
from schemas.identifiers import quarter_of

NAME = "youth_holiday"
UNEMPLOYED = "unemployment_benefit"
OLDEST_YEARS = 30
"""Somebody whose earliest known work is more years than this after birth was young in none of the known years."""
ALREADY = unseen(Certainty.TO_CHECK, "whether the days were asked on form C103", "the National Employment Office")
STUDIES = unseen(Certainty.TO_CHECK, "that studies or training ended in that year", "the school and the communities")


def find(history: PersonHistory, day: date, law: Law) -> list[Finding]:
    """The year in which somebody may have youth holidays, as known on `day`."""
    born = history.born
    if born is None or not history.worked or history.worked[0].first.year - born.year > OLDEST_YEARS:
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
        row, school = law[NAME].at("conditions", first), law[NAME].at("school", first)
    except NoLaw:
        return []
    begun = opening(jobs, first)
    if age >= int(row.number("below")) or begun is None or _taken(history, first, school):
        return []
    counted = [one for one in private(history, law) if (one.start or one.first) >= served]
    earliest = min((one.start or one.first for one in counted), default=first)
    if earliest > eve or _worked_before(history, served, school):
        return []
    start, job = begun
    worked = [one for one in private(history, law) if one.first.year == served.year]
    undeclared = _undeclared(history, counted, eve)
    if not undeclared and not _enough(worked, served, eve, row):
        return []
    if not undeclared and complete(spans(worked, served, eve), YEAR):
        return []
    trace = (
        TraceStep("age on 31 December", f"{age}", "years", row.cited, HELD),
        TraceStep("first job from", f"{earliest}", None, citing("DmfA zone 00044", row), HELD),
        *([] if undeclared else _days(worked, served, eve, row, job, law)),
        size(job, start, law),
        *benefit(start, law),
    )
    doubts = [STUDIES, ALREADY, USED_UP]
    if undeclared:
        doubts.append(unseen(Certainty.TO_CHECK, f"the work in {', '.join(undeclared)}", "the NSSO"))
    events = [event for one in (*worked, job) for event in one.events]
    return [right(NAME, history.person, quarter_of(start), trace=trace, doubts=doubts, causes=events)]


def _undeclared(history: PersonHistory, jobs: list[Worked], eve: date) -> list[str]:
    """The quarters of these jobs in the service year that were not declared here."""
    spent = ((one.start or one.first, min(one.end or eve, eve)) for one in jobs)
    named = {name for begin, end in spent for name in quarters_between(begin, end)}
    return sorted(named - history.quarters)


def _worked_before(history: PersonHistory, served: date, school: FigureRow) -> bool:
    """Whether a job that is no pupil's or student's began before the service year."""
    pupils = school.codes("pupils")
    return any(one.worker_code not in pupils and (one.start or one.first) < served for one in history.worked)


def _enough(worked: list[Worked], served: date, eve: date, row: FigureRow) -> bool:
    """A month under contract, and enough days or hours in it."""
    if complete(spans(worked, served, eve), int(row.number("months"))) is None:
        return False
    codes = row.codes("counted")
    if sum(one.days(codes) for one in worked) >= int(row.number("days")) * 100:
        return True
    hours = [one.hours(codes) for one in worked]
    return None not in hours and sum(one or 0 for one in hours) >= int(row.number("hours")) * 100


def _days(worked: list[Worked], served: date, eve: date, row: FigureRow, job: Worked, law: Law) -> list[TraceStep]:
    """What whole months of work give in ordinary days, and what is left for youth holidays."""
    months = max(number for number in range(YEAR + 1) if not number or complete(spans(worked, served, eve), number))
    full = full_year(job, eve, law)
    ordinary = Fraction(full) * months / YEAR
    return [
        TraceStep("months worked", f"{months}", None, row.cited, HELD),
        TraceStep(
            "ordinary days",
            _plain(ordinary),
            "days",
            "In proportion to the months (example of 3 months: 5 and 15 days)",
        ),
        TraceStep("youth days", _plain(Fraction(full) - ordinary), "days", "What is left of four weeks"),
    ]


def _plain(days: Fraction) -> str:
    """Two decimals, without those that are nothing."""
    exact = (Decimal(days.numerator) / Decimal(days.denominator)).quantize(Decimal("0.01"))
    return f"{exact.normalize():f}"


def _taken(history: PersonHistory, first: date, school: FigureRow) -> bool:
    _, last = year_of(first)
    if taken(history.worked, first, "073"):
        return True
    return any(one.nature in school.codes("youth") and one.covers(first, last) for one in history.decided(UNEMPLOYED))


RULE = HistoryRule(NAME, find)
