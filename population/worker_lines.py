"""Builds a worker line as its three events hold it, with every field of the contracts present."""

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any

from population.working_time import Regime
from schemas.contracts import contract
from schemas.fields import defaults, inner

RecordPart = dict[str, Any]
PersonEvents = tuple[RecordPart, RecordPart, RecordPart]
"""Wages, working time, contributions of one person at one employer."""


@cache
def _fields(kind: str, *path: str) -> RecordPart:
    """A record of a contract in which everything that may be absent is absent."""
    schema = contract(f"declarations.{kind}").schema
    for step in path:
        schema = inner(next(field["type"] for field in schema["fields"] if field["name"] == step)) or {"fields": ()}
    return defaults(schema)


@dataclass(slots=True)
class SyntheticOccupation:
    """One occupation (block 90015): a stretch of work under unchanged conditions."""

    number: int
    start: date
    end: date | None
    committee: str
    regime: Regime
    establishment: str
    services: list[RecordPart]
    remunerations: list[RecordPart]
    retired: bool = False
    public_service: list[RecordPart] = field(default_factory=list)

    @property
    def gross(self) -> int:
        """Everything paid, in cents."""
        return sum(line["amount"] for line in self.remunerations)

    def parts(self) -> PersonEvents:
        """This occupation in each of the three events."""
        common = {"number": self.number, "start": self.start, "end": self.end, "joint_committee": self.committee}
        inside = ("lines", "occupations")
        wages = {**_fields("wages", *inside), **common, "remunerations": self.remunerations}
        time = {
            **_fields("working-time", *inside),
            **common,
            "days_per_week": self.regime.days,
            "contract_type": int(self.regime.part_time),
            "reference_hours": self.regime.full_hours,
            "mean_hours": self.regime.hours,
            "retired": self.retired,
            "establishment": self.establishment,
            "services": self.services,
            "public_service": self.public_service,
        }
        return wages, time, {**_fields("contributions", *inside), **common, "deductions": []}


@dataclass(slots=True)
class SyntheticLine:
    """A worker line (block 90012): occupations of one worker code, or the work of a student."""

    employer_class: str
    worker_code: str
    stints: list[SyntheticOccupation] = field(default_factory=list)
    contributions: list[RecordPart] = field(default_factory=list)
    student: tuple[int, int, int, str] | None = None
    frontier: bool = False

    def parts(self, first: date, last: date) -> PersonEvents:
        """This line in each of the three events, for a quarter from first to last day."""
        common = {"employer_class": self.employer_class, "worker_code": self.worker_code}
        occupations = [stint.parts() for stint in self.stints]
        wages = {**_fields("wages", "lines"), **common, "occupations": [one[0] for one in occupations]}
        time = {
            **_fields("working-time", "lines"),
            **common,
            "quarter_start": first,
            "quarter_end": last,
            "frontier_worker": self.frontier,
            "occupations": [one[1] for one in occupations],
        }
        owed = {
            **_fields("contributions", "lines"),
            **common,
            "occupations": [one[2] for one in occupations],
            "contributions": self.contributions,
            "deductions": [],
        }
        if self.student:
            gross, contribution, hours, establishment = self.student
            wages["student"] = {"remuneration": gross}
            time["student"] = {"days": None, "hours": hours, "establishment": establishment}
            owed["student"] = {"contribution": contribution}
        return wages, time, owed


def shape(lines: list[SyntheticLine], envelope: RecordPart, quarter_days: tuple[date, date]) -> PersonEvents:
    """The three events of a person, not yet registered: their ids are given when the declaration is accepted."""
    parts = [line.parts(*quarter_days) for line in lines]
    wages = {**_fields("wages"), **envelope, "lines": [one[0] for one in parts]}
    time = {**_fields("working-time"), **envelope, "lines": [one[1] for one in parts]}
    return wages, time, {**_fields("contributions"), **envelope, "lines": [one[2] for one in parts]}


def envelope(employer: str, person: str, quarter: str, at: datetime) -> RecordPart:
    """What every event begins with, as far as it is known before a declaration is accepted."""
    return {
        "event": "",
        "declaration": "",
        "version": 1,
        "status": "original",
        "quarter": quarter,
        "employer": employer,
        "person": person,
        "occurred_at": at,
        "trace_parent": "",
    }


def owed(events: PersonEvents) -> int:
    """What the employer owes for this person: contributions less reductions, in cents."""
    total = 0
    for line in events[2]["lines"]:
        total += sum(one["amount"] for one in line["contributions"])
        total -= sum(one["amount"] for one in line["deductions"])
        total -= sum(one["amount"] for occupation in line["occupations"] for one in occupation["deductions"])
        if line["student"]:
            total += line["student"]["contribution"]
    return total
