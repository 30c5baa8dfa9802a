"""Answers how old somebody is where the birth date is not known whole: by its first and its last possible day."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from schemas.identifiers import birth_days, quarter_days, quarter_of

DAY = timedelta(days=1)
FEBRUARY, LEAP = 2, 29
"""The day of February that is not there each year."""


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
    """The age somebody has at least and at most; they differ where the birthday is not known."""

    least: int
    most: int

    def __str__(self) -> str:
        return f"{self.least}" if self.least == self.most else f"{self.least}-{self.most}"


ANY_AGE = Ages(0, 199)
"""Of somebody whose birth date is wholly unknown."""


class Birth(NamedTuple):
    """The first and the last day on which somebody can have been born; both lie in one year."""

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
        """Days of birth that stand for all possible ones, when ages are asked for at ends of quarters and `asked`.

        Between two of them no such age changes, so what is the same for each of them holds whichever day it was.
        """
        if self.exact:
            return (self.earliest,)
        return tuple(sorted(day for day in {*self, *self._turns(asked)} if self.earliest <= day <= self.latest))

    def _turns(self, asked: tuple[date, ...]) -> Iterator[date]:
        """The last day of birth with which an age is reached on a day, and the day after it."""
        quarters = (quarter_days(quarter_of(date(self.year, month, 1)))[1] for month in (1, 4, 7, 10))
        for turn in (*quarters, *(birthday(day, self.year - day.year) for day in asked)):
            yield from (turn - DAY, turn, turn + DAY)

    @property
    def doubt(self) -> str:
        """Why what hangs on the day is to check."""
        return f"which day of {self.year} somebody was born is not known, and it makes a difference"


@lru_cache(maxsize=4096)
def birth(person: str) -> Birth | None:
    """When the person with a national number was born, None where not even the year is known."""
    days = birth_days(person)
    return Birth(*days) if days else None
