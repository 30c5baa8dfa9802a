"""The typed twin of `declarations.contributions`; derived from its contract, never edited."""

from datetime import date, datetime
from typing import Literal, TypedDict


class OccupationDeductionDetail(TypedDict):
    """Occupation deduction detail."""

    line: int
    origin_on: date | None
    ends_on: date | None
    hours_before: int | None
    hours_after: int | None


class OccupationDeduction(TypedDict):
    """Occupation deduction."""

    code: str
    basis: int | None
    amount: int | None
    right_start: date | None
    management_months: int | None
    replaced_person: str | None
    opening_person: str | None
    certificate_origin: int | None
    detail: OccupationDeductionDetail | None


class Occupation(TypedDict):
    """Occupation."""

    number: int
    start: date | None
    end: date | None
    joint_committee: str
    deductions: list[OccupationDeduction]


class Contribution(TypedDict):
    """Contribution."""

    code: str
    type: int
    basis: int | None
    amount: int
    first_hired_on: date | None


class DeductionDetail(TypedDict):
    """Deduction detail."""

    line: int
    amount: int | None
    registry_number: str | None
    origin_on: date | None
    hours_before: int | None
    hours_after: int | None


class LineDeduction(TypedDict):
    """Line deduction."""

    code: str
    basis: int | None
    amount: int | None
    right_start: date | None
    management_months: int | None
    replaced_person: str | None
    opening_person: str | None
    certificate_origin: int | None
    details: list[DeductionDetail]


class DismissedStatutory(TypedDict):
    """Dismissed statutory."""

    gross: int
    contribution: int
    days: int
    start: date
    end: date


class Student(TypedDict):
    """Student."""

    contribution: int


class EarlyRetirement(TypedDict):
    """Early retirement."""

    code: int
    months: int | None
    amount: int


class IndemnityContribution(TypedDict):
    """Indemnity contribution."""

    code: str
    type: int
    period: int | None
    adjustment: int
    line: int
    indemnity: int
    capitalised: str | None
    benefit: int | None
    months: int
    month_decimals: int | None
    incomplete_days: int | None
    incomplete_reason: int | None
    floor: int | None
    amount: int


class ComplementaryIndemnity(TypedDict):
    """Complementary indemnity."""

    employer_notion: str
    joint_committee: str
    activity: int
    debtor: str | None
    first_paid_on: date
    agreement: int
    half_time_interruption: str
    service_exemption: str
    replacement: str
    substitute_person: str | None
    resumption: str | None
    parts: int | None
    notice_on: date | None
    company_state: str | None
    recognised_from: date | None
    recognised_until: date | None
    contributions: list[IndemnityContribution]


class AccidentIndemnity(TypedDict):
    """Accident indemnity."""

    nature: int
    incapacity: int
    amount: int


class WorkerLine(TypedDict):
    """Worker line."""

    employer_class: str
    worker_code: str
    occupations: list[Occupation]
    contributions: list[Contribution]
    deductions: list[LineDeduction]
    dismissed_statutory: DismissedStatutory | None
    student: Student | None
    early_retirement: list[EarlyRetirement]
    complementary_indemnities: list[ComplementaryIndemnity]
    accident_indemnities: list[AccidentIndemnity]


class Contributions(TypedDict):
    """The contributions and reductions declared for one person by one employer in one quarter."""

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
