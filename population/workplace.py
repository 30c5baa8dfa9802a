"""Generates one occupation at an employer: its days, its wage and its contributions."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from population.contributions import contributions
from population.employers import Employer
from population.persons import SyntheticPerson
from population.tables import Job, pick
from population.wages import YEAR_END_COMMITTEES, of_quarter, year_end_bonus
from population.worker_lines import SyntheticLine, SyntheticOccupation
from population.working_time import Calendar, Regime, absences, paid_days, services

YEARLY = 12
MONTHS_FOR_BONUS = 6
SMALL_BONUS = 0.03
NOT_PERIODIC = 0

PlannedPeriod = tuple[Regime, date, date | None]


def remuneration(line: int, code: str, amount: int, months: int | None = None) -> dict[str, Any]:
    """A remuneration line (block 90019), amount in cents."""
    return {"line": line, "code": code, "bonus_months": months, "percentage_paid": None, "amount": amount}


@dataclass(slots=True)
class Workplace:
    """An employer in a quarter."""

    employer: Employer
    calendar: Calendar
    random: Random

    def site(self) -> str:
        """One of the employer's establishments."""
        return pick(self.employer.establishments, self.random)

    def day(self, share: float = 1.0) -> date:
        """A day in the first `share` of the quarter."""
        return self.calendar.first + timedelta(days=int(self.random.random() * self.calendar.length * share))

    def stint(
        self, person: SyntheticPerson, number: int, job: Job, month: int, period: PlannedPeriod, site: str, manual: bool
    ) -> SyntheticOccupation:
        """An occupation with its days and its wage, for a full-time gross month in cents."""
        regime, start, end = period
        calendar = self.calendar
        workdays = calendar.workdays(start, end)
        away = absences(calendar, person, manual=manual, idle=self.employer.sector.idle, random=self.random)
        time = services(workdays, regime, away if workdays * 2 > calendar.sums[-1] else [])
        base = of_quarter(month, regime, paid_days(time), calendar, manual=manual)
        paid = [remuneration(1, "001", base)] if base else []
        paid += self._bonus(job, month, period, manual=manual) if base else []
        return SyntheticOccupation(number, start, end, job.committee, regime, site, time, paid)

    def _bonus(self, job: Job, month: int, period: PlannedPeriod, *, manual: bool) -> list[dict[str, Any]]:
        regime, start, end = period
        last, roll = self.calendar.last, self.random.random()
        months = (last.year - start.year) * 12 + last.month - start.month + 1
        year_end = self.calendar.number == 4 and not manual and job.committee in YEAR_END_COMMITTEES
        if year_end and months >= MONTHS_FOR_BONUS and not end:
            return [remuneration(2, "002", year_end_bonus(month, regime, months), YEARLY)]
        if roll < SMALL_BONUS:
            return [remuneration(2, "002", 5000 + int(roll / SMALL_BONUS * 60) * 1000, NOT_PERIODIC)]
        return []

    def line(self, worker_code: str, stints: list[SyntheticOccupation], committee: str) -> SyntheticLine:
        """A worker line with what is owed on it."""
        owed = contributions(
            worker_code,
            committee,
            sum(stint.gross for stint in stints),
            size=self.employer.size,
            commercial=self.employer.commercial,
            quarter=self.calendar.quarter,
        )
        return SyntheticLine(self.employer.employer_class, worker_code, stints, owed)
