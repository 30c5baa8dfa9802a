"""Computes the days and hours of an occupation: every working day is under exactly one service code."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from population.persons import SyntheticPerson
from population.tables import Weighted
from schemas.identifiers import quarter_days

FULL_WEEK = 500
WORKDAYS = 5
PAID = frozenset({"001", "005"})
"""Service codes for which the employer pays a wage; holidays of manual workers (002) are paid by their fund."""

MANUAL_HOLIDAYS = {1: (0, 4), 2: (2, 6), 3: (6, 15), 4: (1, 5)}
"""Fewest and most days of legal holiday that a manual worker takes in each quarter."""

PART_TIME = Weighted(
    ((500, 500), (250, 500), (300, 500), (400, 800), (400, 750), (300, 600), (500, 667), (200, 333), (200, 400)),
    (22, 12, 8, 20, 9, 9, 6, 8, 6),
)
"""Days per week x 100 and thousandths of full time."""


@dataclass(frozen=True, slots=True)
class Regime:
    """How much somebody works by contract: days x 100 and hours x 100 per week."""

    days: int
    hours: int
    full_hours: int

    @property
    def part_time(self) -> bool:
        """Whether it is less than the reference person."""
        return self.hours < self.full_hours


class Calendar:
    """The working days of one quarter, Monday to Friday."""

    def __init__(self, quarter: str) -> None:
        self.quarter = quarter
        self.number = int(quarter[5])
        self.first, self.last = quarter_days(quarter)
        self.length = (self.last - self.first).days + 1
        self.sums = [0]
        for day in range(self.length):
            self.sums.append(self.sums[-1] + ((self.first + timedelta(days=day)).weekday() < WORKDAYS))

    def workdays(self, start: date, end: date | None) -> int:
        """The working days of the quarter from start to end."""
        begin = max(0, (start - self.first).days)
        stop = self.length if end is None else min(self.length, (end - self.first).days + 1)
        return self.sums[stop] - self.sums[begin]


def full_time(hours: int) -> Regime:
    """The regime of the reference person."""
    return Regime(FULL_WEEK, hours, hours)


def part_time(hours: int, random: Random) -> Regime:
    """One of the usual part-time regimes."""
    days, thousandths = PART_TIME.draw(random)
    return Regime(days, (hours * thousandths + 500) // 1000, hours)


def absences(
    calendar: Calendar, person: SyntheticPerson, *, manual: bool, idle: float, random: Random
) -> list[tuple[str, int]]:
    """Service codes and full-time days of what kept somebody from ordinary work, paid training included."""
    found: list[tuple[str, int]] = []
    sick, other, length = random.random(), random.random(), random.random()
    if manual:
        low, high = MANUAL_HOLIDAYS[calendar.number]
        found.append(("002", low + int(random.random() * (high - low + 1))))
        if random.random() < idle * 2:
            weather = calendar.number in (1, 4) and other < 0.4
            found.append(("072" if weather else "071", 1 + int(length * length * 25)))
    if sick < 0.09:
        found.append(("050", 1 + int(length * length * length * 60)))
    elif other < 0.02:
        found.append(("030", 1 + int(length * 5)))
    elif other < 0.04:
        found.append(("005", 1 + int(length * 3)))
    elif manual and other < 0.047:
        found.append(("060", 1 + int(length * length * 30)))
    elif person.sex == "f" and other > 0.985 and 24 <= calendar.first.year - person.born.year <= 42:
        found.append(("051", 20 + int(length * 46)))
    return found


def services(workdays: int, regime: Regime, away: list[tuple[str, int]]) -> list[dict[str, int | str | None]]:
    """Working-time lines, days and hours x 100; part-timers count in hours as well (zone 00064)."""
    left = (workdays * regime.days * 2 + WORKDAYS * 50) // (WORKDAYS * 100) * 50
    days: list[tuple[str, int]] = []
    for code, absent in away:
        taken = min(left, (absent * regime.days * 2 + WORKDAYS * 50) // (WORKDAYS * 100) * 50)
        if taken:
            days.append((code, taken))
            left -= taken
    if left:
        days.insert(0, ("001", left))
    return [
        {
            "line": line,
            "code": code,
            "days": taken,
            "hours": (taken * regime.hours * 2 + regime.days) // (regime.days * 2) if regime.part_time else None,
            "flight_minutes": None,
        }
        for line, (code, taken) in enumerate(days, 1)
    ]


def paid_days(lines: list[dict[str, int | str | None]]) -> int:
    """Days x 100 for which the employer pays."""
    return sum(int(line["days"] or 0) for line in lines if line["code"] in PAID)
