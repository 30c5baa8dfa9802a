"""What the holiday rules share: jobs of the private sector by year, days taken, and the benefit for a day."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from rules.calculation.coverage import private_job
from rules.findings.entitlement import figure, unseen
from rules.findings.finding import Certainty, TraceStep
from rules.law.law import Law
from rules.view.history import PersonHistory, Worked

SHARED = "holiday_benefit"
YEAR = 12
USED_UP = unseen(Certainty.LIKELY, "whether the ordinary days are used up", "the employer")


def year_of(day: date) -> tuple[date, date]:
    """The first and the last day of a year."""
    return date(day.year, 1, 1), date(day.year, 12, 31)


def private(history: PersonHistory, law: Law) -> list[Worked]:
    """The jobs that have the annual holidays of the private sector, in order."""
    found = [one for one in history.worked if private_job(one.employer_class, one.worker_code, one.quarter, law)]
    return sorted(found, key=lambda one: (one.first, one.last, one.employer))


def jobs_by_year(history: PersonHistory, law: Law) -> Iterator[tuple[date, list[Worked]]]:
    """The first of January of each year with such jobs, and the jobs in it."""
    found = private(history, law)
    for year in sorted({one.first.year for one in found}):
        yield date(year, 1, 1), [one for one in found if one.first.year == year]


def taken(worked: Iterable[Worked], first: date, code: str) -> bool:
    """Whether days were taken under a service code in the year that begins on `first`, wherever."""
    return any(
        service.code == code and (service.days or service.hours)
        for one in worked
        if one.first.year == first.year
        for service in one.services
    )


def opening(jobs: Iterable[Worked], first: date) -> tuple[date, Worked] | None:
    """The day of the year from which the first of these jobs runs, and that job.

    The same whichever quarter was declared first; None while the quarter of that day is not declared.
    """
    day, job = min(
        ((max(one.start or one.first, first), one) for one in jobs), key=lambda pair: (pair[0], pair[1].first)
    )
    return (day, job) if job.first == day else None


def size(job: Worked, day: date, law: Law) -> TraceStep:
    """How many days of holidays there can be in all, as a step."""
    row = law[SHARED].at("days", day)
    return TraceStep("holidays in all", f"{row.number(regime(job))}", "days", row.cited)


def full_year(job: Worked, day: date, law: Law) -> Decimal:
    """The days of holidays that a whole year of work gives."""
    return law[SHARED].at("days", day).number(regime(job))


def regime(job: Worked) -> str:
    """The working week in which the holidays of a job are counted."""
    return "six" if job.days_per_week > SIX_FROM else "five"


SIX_FROM = 500
"""Days per week x 100 above which the week has six days."""


def benefit(day: date, law: Law) -> tuple[TraceStep, ...]:
    """The highest benefit for a day, as steps."""
    share = law[SHARED].at("share", day)
    return (
        TraceStep("share of the wage", f"{share.number('percent')}", "percent", share.cited),
        figure("highest wage a month", law[SHARED], "cap", day, unit="EUR"),
        figure("highest benefit a day", law[SHARED], "cap", day, unit="EUR", of="day"),
    )
