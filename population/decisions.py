"""Generates the decisions of institutions, e.g. a benefit that ended just before a part-time job began."""

import sys
from datetime import date, timedelta
from random import Random
from typing import Any

from population.persons import SyntheticPerson
from population.wages import at_quarter
from population.worker_lines import SyntheticLine, SyntheticOccupation
from population.working_time import PAID

FOUR_FIFTHS = 800
LOW_WAGE = 175_000
"""Gross month in cents, in the money of after the last index step, clearly below what the income guarantee asks."""

LAST_START = 65
"""A job that begins later in the quarter has too few days to tell its monthly wage."""

WEEKS_IN_THREE_MONTHS = 13
YOUNGEST, OLDEST = 21, 62
RETURNING = 0.7
"""Share of those who begin a small part-time job who were unemployed until the day before."""

TAKEN_UP = 0.3
"""Share of those who come back from unemployment who have the income guarantee already."""

UNRELATED = 0.04
LONG_SICK_DAYS = 20_00
FAMILIES = ("alone", "cohabitant", "family")
ORDINARY_CODES = frozenset({"015", "495"})

SyntheticDecision = dict[str, Any]


class Decisions:
    """The decisions of institutions about the people of one employer."""

    def __init__(self, quarter: str, first: date, random: Random, prefix: str) -> None:
        self.quarter, self.first, self.random, self.prefix = quarter, first, random, prefix
        self.last_start = first + timedelta(days=LAST_START)
        self.made: list[SyntheticDecision] = []
        self.planted: list[dict[str, Any]] = []

    def about(self, person: SyntheticPerson, employer: str, lines: list[SyntheticLine]) -> None:
        """Decide about somebody whose main job is given."""
        roll, way, place = self.random.random(), self.random.random(), self.random.random()
        starter = self._small_new_job(person, lines)
        if starter and roll < RETURNING:
            self._came_back(person, employer, *starter, way=way)
            return
        if roll > 1 - UNRELATED:
            until = self.first - timedelta(days=400 + int(way * 900))
            self._add(person, "rva", "unemployment_benefit", "01", until - timedelta(days=200), until, self._daily(way))
        self._sickness(person, lines, place)

    def _small_new_job(
        self, person: SyntheticPerson, lines: list[SyntheticLine]
    ) -> tuple[SyntheticLine, SyntheticOccupation] | None:
        age = self.first.year - person.born.year
        if not YOUNGEST <= age <= OLDEST or len(lines) != 1 or len(lines[0].stints) != 1:
            return None
        line, stint = lines[0], lines[0].stints[0]
        small = stint.regime.hours * 1000 <= stint.regime.full_hours * FOUR_FIFTHS
        if line.worker_code not in ORDINARY_CODES or not small or stint.start < self.first or not stint.services:
            return None
        if _month(stint) > at_quarter(LOW_WAGE, self.first) or stint.start > self.last_start:
            return None
        return line, stint

    def _came_back(
        self, person: SyntheticPerson, employer: str, line: SyntheticLine, stint: SyntheticOccupation, *, way: float
    ) -> None:
        until = stint.start - timedelta(days=1)
        since = until - timedelta(days=60 + int(way * 900))
        self._add(person, "rva", "unemployment_benefit", "01", since, until, self._daily(way))
        taken_up = self.random.random() < TAKEN_UP
        if taken_up:
            self._add(person, "rva", "income_guarantee", "05", stint.start, None, None)
        else:
            self.planted.append(
                {
                    "person": person.number,
                    "employer": employer,
                    "quarter": self.quarter,
                    "occupation": f"{line.worker_code}/{stint.number}",
                    "right": "income_guarantee",
                    "planted": "not asked",
                }
            )

    def _sickness(self, person: SyntheticPerson, lines: list[SyntheticLine], place: float) -> None:
        for line in lines:
            for stint in line.stints:
                days = {service["code"]: service["days"] for service in stint.services}
                since = max(stint.start, self.first) + timedelta(days=int(place * 20))
                if days.get("050", 0) >= LONG_SICK_DAYS:
                    self._add(person, "nic", "incapacity", "", since, since + timedelta(days=45), 6_212)
                elif days.get("060", 0) >= LONG_SICK_DAYS // 2:
                    self._add(person, "fedris", "occupational_risk", "", since, since + timedelta(days=25), 8_437)

    def _daily(self, way: float) -> int:
        return at_quarter(4_600 + int(way * 2_900), self.first)

    def _add(
        self,
        person: SyntheticPerson,
        institution: str,
        kind: str,
        nature: str,
        since: date,
        until: date | None,
        cents: int | None,
    ) -> None:
        self.made.append(
            {
                "decision": f"{institution}-{self.prefix}-{len(self.made) + 1:05d}",
                "institution": institution,
                "person": person.number,
                "kind": kind,
                "nature": nature,
                "from": since.isoformat(),
                "until": until.isoformat() if until else None,
                "amount": f"{cents // 100}.{cents % 100:02d}" if cents else None,
                "per": "day" if cents else None,
                "family_situation": FAMILIES[int(self.random.random() * 3)] if institution == "rva" else None,
                "basis": BASES[kind],
            }
        )


BASES = {
    "unemployment_benefit": "Royal decree of 25 November 1991",
    "income_guarantee": "Royal decree of 25 November 1991, article 131bis",
    "incapacity": "Law of 14 July 1994",
    "occupational_risk": "Law of 10 April 1971",
}


def _month(stint: SyntheticOccupation) -> int:
    """What a whole month of this work pays, in cents, bonuses included as if they came every month."""
    paid = sum(service["days"] for service in stint.services if service["code"] in PAID)
    return stint.gross * stint.regime.days * WEEKS_IN_THREE_MONTHS // (paid * 3) if paid else sys.maxsize
