"""The typed twin of `declarations.working-time`; derived from its contract, never edited."""

from datetime import date, datetime
from typing import Literal, TypedDict


class OccupationInformation(TypedDict):
    """Occupation information."""

    horeca_extra: str | None
    posted_worker: str | None
    social_maribel: int | None
    six_months_illness_on: date | None
    guaranteed_first_week_days: int | None
    career_declaration_exemption: str | None
    supplementary_pension_exemption: str | None
    obligation_control: str | None
    nominated_on: date | None
    maribel_hired_on: date | None
    pension_basis_derogation: str | None
    career_measure: int | None
    service_exemption: str | None
    holiday_days: int | None
    sector_detail: int | None
    flemish_training_hours: int | None
    regional_aid: str | None


class Service(TypedDict):
    """Service."""

    line: int
    code: str
    days: int
    hours: int | None
    flight_minutes: int | None


class Supplement(TypedDict):
    """Supplement."""

    start: date
    end: date | None
    reference: int
    basis: int | None
    percentage: int | None
    quantity: int | None
    amount: int


class ScaleSalary(TypedDict):
    """Scale salary."""

    start: date
    end: date | None
    seniority_start: str
    scale: int
    amount: int
    hours: int | None
    full_hours: int | None
    reduced: str | None
    supplements: list[Supplement]


class PublicService(TypedDict):
    """Public service."""

    start: date
    end: date | None
    institution_type: int
    personnel_category: int
    grade: str
    official_language: int
    assignment: int
    function_nature: int
    end_reason: int | None
    scale_salaries: list[ScaleSalary]


class ReorganisationMeasure(TypedDict):
    """Reorganisation measure."""

    measure: int
    percentage: int


class Occupation(TypedDict):
    """Occupation."""

    number: int
    start: date | None
    end: date | None
    joint_committee: str
    days_per_week: int
    contract_type: int
    reference_hours: int | None
    status_code: str | None
    mean_hours: int | None
    reorganisation_measure: int | None
    employment_promotion: int | None
    retired: bool
    apprenticeship: int | None
    remuneration_method: int | None
    position: int | None
    flying_staff_class: int | None
    education_payment: int | None
    occupation_reference: str | None
    days_justification: str | None
    activity: int | None
    establishment: str | None
    ship: int | None
    staff_code: int | None
    subsidised_mean_hours: int | None
    information: OccupationInformation | None
    services: list[Service]
    public_service: list[PublicService]
    reorganisation_measures: list[ReorganisationMeasure]


class Activation(TypedDict):
    """Activation."""

    exempted_from: date
    training_from: date
    training: int


class Student(TypedDict):
    """Student."""

    days: int | None
    hours: int | None
    establishment: str | None


class WorkerLine(TypedDict):
    """Worker line."""

    employer_class: str
    worker_code: str
    quarter_start: date
    quarter_end: date
    frontier_worker: bool
    risk_activity: int | None
    establishment: str | None
    line_reference: str | None
    occupations: list[Occupation]
    activation: Activation | None
    student: Student | None


class WorkingTime(TypedDict):
    """How, how long and where one person worked for one employer in one quarter, public-service career included."""

    event: str
    declaration: str
    version: int
    status: Literal["original", "changed", "cancelled", "reactivated"]
    quarter: str
    employer: str
    person: str
    occurred_at: datetime
    trace_parent: str
    person_reference: str | None
    lines: list[WorkerLine]
    unread: bool
