"""Generates the lines outside ordinary work: students, flexi-jobs and apprentices."""

from datetime import date

from population.contributions import student_contribution
from population.persons import SyntheticPerson
from population.tables import Job
from population.wages import at_quarter, of_quarter
from population.worker_lines import SyntheticLine, SyntheticOccupation
from population.working_time import Regime, full_time, paid_days, services
from population.workplace import Workplace, remuneration

STUDENT_HOUR, FLEXI_HOUR = 1480, 1560
APPRENTICE_MONTH = 72_000
SUMMER_HOURS, TERM_HOURS = 260, 130
FLEXI_WEEK, FLEXI_DAY = 200, 600
"""A flexi-job is two days of six hours a week, x 100."""

FLEXI_MOST_DAYS = 26


def _kind(place: Workplace, manual_code: str, other_code: str) -> tuple[bool, str, Job]:
    sector = place.employer.sector
    manual = place.random.random() < sector.manual_share
    return manual, manual_code if manual else other_code, sector.manual if manual else sector.employee


def student(place: Workplace) -> SyntheticLine:
    """The work of a student under the solidarity contribution: no occupation, only wage and hours (block 90003)."""
    _, code, _ = _kind(place, "840", "841")
    most = SUMMER_HOURS if place.calendar.number == 3 else TERM_HOURS
    hours = 8 + int(place.random.random() * most)
    gross = at_quarter(STUDENT_HOUR + int(place.random.random() * 240), place.calendar.first) * hours
    work = (gross, student_contribution(gross), hours, place.site())
    return SyntheticLine(place.employer.employer_class, code, student=work)


def flexi(place: Workplace) -> SyntheticLine:
    """A flexi-job: its wage has a code of its own (022)."""
    _, code, job = _kind(place, "050", "450")
    days = 3 + int(place.random.random() * (FLEXI_MOST_DAYS - 3))
    hours = days * FLEXI_DAY
    gross = at_quarter(FLEXI_HOUR + int(place.random.random() * 200), place.calendar.first) * hours // 100
    time = [{"line": 1, "code": "001", "days": days * 100, "hours": hours, "flight_minutes": None}]
    regime = Regime(FLEXI_WEEK, FLEXI_WEEK * FLEXI_DAY // 100, place.employer.sector.hours)
    first, last = place.calendar.first, place.calendar.last
    stint = SyntheticOccupation(
        1, first, last, job.committee, regime, place.site(), time, [remuneration(1, "022", gross)]
    )
    return place.line(code, [stint], job.committee)


def apprentice(place: Workplace, person: SyntheticPerson) -> SyntheticLine:
    """An apprentice, who falls under a few branches only until the end of the year of the 18th birthday."""
    manual, code, job = _kind(place, "035", "439")
    calendar, regime = place.calendar, full_time(place.employer.sector.hours)
    start = min(calendar.first, max(date(calendar.first.year - 1, 9, 1), date(person.born.year + 15, 9, 1)))
    time = services(calendar.sums[-1], regime, [])
    month = at_quarter(APPRENTICE_MONTH, calendar.first)
    gross = of_quarter(month, regime, paid_days(time), calendar, manual=manual)
    stint = SyntheticOccupation(
        1, start, None, job.committee, regime, place.site(), time, [remuneration(1, "001", gross)]
    )
    return place.line(code, [stint], job.committee)
