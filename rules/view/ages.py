"""Calculates ages and birthdays, also where only part of the birth date is known: by its earliest and latest day."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from schemas.identifiers import birth_days, quarter_days, quarter_of

DAY = timedelta(days=1)
FEBRUARY, LEAP = 2, 29
"""29 February, which most years do not have."""


def age_on(born: date, day: date) -> int:
    """Full years on a day; somebody born on 29 February has a birthday on 1 March in other years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def birthday(born: date, years: int) -> date:
    """The day somebody reaches an age; somebody born on 29 February does so on 1 March in other years."""
    year = born.year + years
    if (born.month, born.day) == (FEBRUARY, LEAP) and not _leap(year):
        return date(year, 3, 1)
    return born.replace(year=year)


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


class Ages(NamedTuple):
    """The lowest and the highest possible age; they differ where the birthday is not known."""

    least: int
    most: int

    def __str__(self) -> str:
        return f"{self.least}" if self.least == self.most else f"{self.least}-{self.most}"


ANY_AGE = Ages(0, 199)
"""The age of somebody whose birth date is entirely unknown."""


class Birth(NamedTuple):
    """The first and the last possible day of birth; both are in the same year."""

    earliest: date
    latest: date

    @property
    def exact(self) -> bool:
        """Whether the day is known."""
        return self.earliest == self.latest

    @property
    def year(self) -> int:
        """The year."""
        return self.earliest.year

    def ages(self, day: date) -> Ages:
        """How old somebody is on a day."""
        return Ages(age_on(self.latest, day), age_on(self.earliest, day))

    def days(self, *asked: date) -> tuple[date, ...]:
        """Days of birth that represent all possible ones, for ages at the end of a quarter and on the `asked` days.

        No such age changes between two of them, so what is true for each of them is true for every possible day.
        """
        if self.exact:
            return (self.earliest,)
        return tuple(sorted(day for day in {*self, *self._turns(asked)} if self.earliest <= day <= self.latest))

    def _turns(self, asked: tuple[date, ...]) -> Iterator[date]:
        """The last day of birth with which an age is reached on a day, and the days next to it."""
        quarters = (quarter_days(quarter_of(date(self.year, month, 1)))[1] for month in (1, 4, 7, 10))
        for turn in (*quarters, *(birthday(day, self.year - day.year) for day in asked)):
            yield from (turn - DAY, turn, turn + DAY)

    @property
    def doubt(self) -> str:
        """Why a result that depends on the day has to be checked."""
        return f"which day of {self.year} somebody was born is not known, and it makes a difference"


@lru_cache(maxsize=4096)
def birth(person: str) -> Birth | None:
    """When the person with a national number was born, None where not even the year is known."""
    days = birth_days(person)
    return Birth(*days) if days else None
