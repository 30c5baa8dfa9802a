"""The typed twin of `declarations.wages`; derived from its contract, never edited."""

from datetime import date, datetime
from typing import Literal, TypedDict


class OccupationInformation(TypedDict):
    """Occupation information."""

    hourly_wage: int | None
    hourly_wage_thousandths: int | None
    illness_gross: int | None
    mobility_budget: int | None


class SecondPillar(TypedDict):
    """Second pillar."""

    month: str
    scale_salary: int
    additional_salary: int | None
    home_allowance: int | None
    official_language: int | None


class Remuneration(TypedDict):
    """Remuneration."""

    line: int
    code: str
    bonus_months: int | None
    percentage_paid: int | None
    amount: int


class Occupation(TypedDict):
    """Occupation."""

    number: int
    start: date | None
    end: date | None
    joint_committee: str
    information: OccupationInformation | None
    second_pillar: SecondPillar | None
    remunerations: list[Remuneration]


class Student(TypedDict):
    """Student."""

    remuneration: int


class WorkerLine(TypedDict):
    """Worker line."""

    employer_class: str
    worker_code: str
    occupations: list[Occupation]
    student: Student | None


class Wages(TypedDict):
    """What one person earned with one employer in one quarter."""

    event: str
    declaration: str
    version: int
    status: Literal["original", "changed", "cancelled", "reactivated"]
    quarter: str
    employer: str
    person: str
    occurred_at: datetime
    trace_parent: str
    lines: list[WorkerLine]
