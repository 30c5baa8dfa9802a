"""Generates the declaration of one employer after another, so that memory holds one employer at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from population.decisions import Decisions
from population.dmfa_xml import write_person
from population.dossiers import SyntheticDossier, dossiers
from population.employers import MOST_EMPLOYERS, Employer, created_on, employer
from population.jobs import main_job, second_job
from population.output_folder import OutputFolder
from population.persons import Population, SyntheticPerson, SyntheticProfile, profile
from population.reductions import ComputeDue, claim
from population.worker_lines import PersonEvents, SyntheticLine, envelope, owed, shape
from population.working_time import Calendar
from population.workplace import Workplace

SECOND_JOB = 0.06
"""Share of hires after which somebody who already works elsewhere is hired too."""

HOUR = 9
ADULT_YEARS = 18


@dataclass(slots=True)
class Summary:
    """What was generated. `jobs` includes second jobs; `planted` counts the rights and reductions left unclaimed."""

    persons: int = 0
    jobs: int = 0
    employers: int = 0
    files: int = 0
    decisions: int = 0
    dossiers: int = 0
    planted: int = 0


@dataclass(slots=True)
class Generation:
    """One run: what is being made, from what, and how far it is."""

    persons: int
    calendar: Calendar
    population: Population
    due: ComputeDue | None
    unclaimed: float
    summary: Summary

    def employers(self, seed: int) -> Iterator[tuple[Employer, Random]]:
        """Employers until everybody has work."""
        for index in range(MOST_EMPLOYERS):
            if self.summary.persons >= self.persons:
                return
            random = Random(f"{seed} employer {index}")  # noqa: S311 - repetition is the purpose
            yield employer(index, random, self.persons), random

    def hire(self, one: Employer, random: Random) -> Iterator[tuple[SyntheticPerson, bool]]:
        """The people who work there: new ones by main job, and a few who already work elsewhere."""
        start = self.summary.persons
        seen: set[int] = set()
        for index in range(start, min(start + one.size, self.persons)):
            yield self.population.person(index), True
            if random.random() < SECOND_JOB and start:
                other = int(random.random() * start)
                person = self.population.person(other)
                if other not in seen and self.calendar.first.year - person.born.year > ADULT_YEARS:
                    seen.add(other)
                    yield person, False

    def declare(self, one: Employer, random: Random, folder: OutputFolder) -> None:
        """Write one employer's declaration and everything known about its people."""
        calendar = self.calendar
        place = Workplace(one, calendar, random)
        day = created_on(calendar.last + timedelta(days=1), random)
        begun = datetime(day.year, day.month, day.day, HOUR, tzinfo=UTC)
        decisions = Decisions(calendar.quarter, calendar.first, random, f"{calendar.quarter}-{one.index:06d}")
        written = SyntheticDeclaration()
        for person, main in self.hire(one, random):
            lines = main_job(place, person) if main else second_job(place, person)
            if main:
                self._introduce(person, lines, place, decisions, written)
            events = self._events(one, person, lines, begun)
            if self.due:
                written.truth += claim(events, self.due, random, self.unclaimed)
            written.net += owed(events)
            written.persons.append(write_person(events, len(written.persons) + 1))
        folder.write_declaration(_header(one, calendar.quarter, day, written.net), written.persons)
        folder.write_lines("persons", written.profiles)
        folder.write_lines("employers", [one.profile])
        folder.write_lines("directory", written.dossiers)
        folder.write_lines("entitlements", decisions.made)
        folder.write_lines("truth", written.truth + decisions.planted)
        self._count(written, decisions)

    def _introduce(
        self,
        person: SyntheticPerson,
        lines: list[SyntheticLine],
        place: Workplace,
        decisions: Decisions,
        written: "SyntheticDeclaration",
    ) -> None:
        found = profile(person, place.employer.town, place.random)
        made = len(decisions.made)
        decisions.about(person, place.employer.number, lines)
        kinds = [decision["kind"] for decision in decisions.made[made:]]
        written.profiles.append(found)
        written.dossiers += dossiers(person, lines, kinds)
        for line in lines:
            line.frontier = found["address"]["country"] != "BE"

    def _events(self, one: Employer, person: SyntheticPerson, lines: list[SyntheticLine], at: datetime) -> PersonEvents:
        begin = envelope(one.number, person.number, self.calendar.quarter, at)
        return shape(lines, begin, (self.calendar.first, self.calendar.last))

    def _count(self, written: "SyntheticDeclaration", decisions: Decisions) -> None:
        self.summary.persons += len(written.profiles)
        self.summary.jobs += len(written.persons)
        self.summary.employers += 1
        self.summary.decisions += len(decisions.made)
        self.summary.dossiers += len(written.dossiers)
        self.summary.planted += len(written.truth) + len(decisions.planted)


@dataclass(slots=True)
class SyntheticDeclaration:
    """What one employer's declaration is made of, and what goes into the files beside it."""

    net: int = 0
    persons: list[str] = field(default_factory=list)
    profiles: list[SyntheticProfile] = field(default_factory=list)
    dossiers: list[SyntheticDossier] = field(default_factory=list)
    truth: list[dict[str, Any]] = field(default_factory=list)


def _header(one: Employer, quarter: str, day: date, net: int) -> dict[str, Any]:
    return {
        "form": "DMFA",
        "created_on": day,
        "created_at": f"{HOUR:02d}:00:00.000",
        "attestation_status": 0,
        "form_type": "SU",
        "quarter": quarter,
        "nsso_number": one.nsso,
        "trusteeship": False,
        "enterprise_number": one.number,
        "net_owed": net,
    }
