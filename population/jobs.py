"""Chooses the work of a person at an employer in a quarter: line, hours, start and wage."""

from datetime import date, timedelta

from population.careers import STATUTORY, STATUTORY_CODE, career
from population.occasional_work import apprentice, flexi, student
from population.persons import SyntheticPerson
from population.wages import monthly
from population.worker_lines import SyntheticLine
from population.working_time import full_time, part_time
from population.workplace import PlannedPeriod, Workplace

ADULT_YEAR = 18
STUDENT_UNTIL = 26
YOUNG_SHARE = 0.19
"""Share of the population young enough to be a student: the sector list counts students on all its jobs."""

YOUNG_STUDENTS, MOST_STUDENTS = 0.85, 0.75
FLEXI_AS_MAIN, FLEXI_AS_SECOND = 0.35, 0.75
HIRED, LEFT, CHANGED, TWO_LINES = 0.10, 0.05, 0.04, 0.015
"""Shares of jobs that begin, end, or change hours in the quarter, and of those that turn from manual to non-manual."""

WOMEN_PART_TIME, MEN_PART_TIME = 1.25, 0.6
PENSION_AGE, RETIRED = 65, 0.5
TARGET_GROUP, TARGET_STAFF = 0.85, 0.2
"""Share of manual and of other workers of tailored-work companies for whom no wage moderation is due (012, 492)."""


def main_job(place: Workplace, person: SyntheticPerson) -> list[SyntheticLine]:
    """The work of a person whose main job is here."""
    age = place.calendar.last.year - person.born.year
    sector, roll = place.employer.sector, place.random.random()
    if age <= ADULT_YEAR:
        return [student(place)] if roll < YOUNG_STUDENTS else [apprentice(place, person)]
    if age < STUDENT_UNTIL and roll < min(MOST_STUDENTS, sector.students / YOUNG_SHARE):
        return [student(place)]
    if roll > 1 - sector.flexi * FLEXI_AS_MAIN:
        return [flexi(place)]
    return _ordinary(place, person)


def second_job(place: Workplace, person: SyntheticPerson) -> list[SyntheticLine]:
    """The second job of a person whose main job is elsewhere."""
    sector = place.employer.sector
    if sector.flexi and place.random.random() < FLEXI_AS_SECOND:
        return [flexi(place)]
    manual = place.random.random() < sector.manual_share
    start, end = _since(place, person)
    return [_line(place, person, [(part_time(sector.hours, place.random), start, end)], manual=manual)]


def _since(place: Workplace, person: SyntheticPerson) -> tuple[date, date | None]:
    roll, way = place.random.random(), place.random.random()
    if roll < HIRED:
        return place.day(0.9), None
    first = place.calendar.first
    years = max(1, min(first.year - person.born.year - ADULT_YEAR, 35))
    end = place.day() if roll > 1 - LEFT else None
    return first - timedelta(days=1 + int(way * way * 365 * years)), end


def _ordinary(place: Workplace, person: SyntheticPerson) -> list[SyntheticLine]:
    sector, random = place.employer.sector, place.random
    manual = random.random() < sector.manual_share
    less = random.random() < sector.part_time * (WOMEN_PART_TIME if person.sex == "f" else MEN_PART_TIME)
    regime = part_time(sector.hours, random) if less else full_time(sector.hours)
    start, end = _since(place, person)
    roll, day = random.random(), place.day()
    if end or start >= place.calendar.first or day == place.calendar.first or roll > CHANGED + TWO_LINES:
        return [_line(place, person, [(regime, start, end)], manual=manual)]
    before = day - timedelta(days=1)
    if roll < CHANGED:
        other = full_time(sector.hours) if less else part_time(sector.hours, random)
        return [_line(place, person, [(regime, start, before), (other, day, None)], manual=manual)]
    return [
        _line(place, person, [(regime, start, before)], manual=True),
        _line(place, person, [(regime, day, None)], manual=False),
    ]


def _line(place: Workplace, person: SyntheticPerson, periods: list[PlannedPeriod], *, manual: bool) -> SyntheticLine:
    sector, random = place.employer.sector, place.random
    job = sector.manual if manual else sector.employee
    code = "015" if manual else "495"
    if sector.name == "sheltered" and random.random() < (TARGET_GROUP if manual else TARGET_STAFF):
        code = "012" if manual else "492"
    if sector.name == "public" and not manual and random.random() < STATUTORY:
        code = STATUTORY_CODE
    first = place.calendar.first
    month = monthly(job.wage, person, manual=manual, day=first, random=random)
    site = place.site()
    retired = first.year - person.born.year >= PENSION_AGE and random.random() < RETIRED
    stints = [place.stint(person, number, job, month, period, site, manual) for number, period in enumerate(periods, 1)]
    for stint in stints:
        stint.retired = retired
        if code == STATUTORY_CODE:
            stint.public_service = career(stint.start, place.employer.language, month, stint.regime, random)
    return place.line(code, stints, job.committee)
