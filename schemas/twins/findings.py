"""The typed twin of `findings`; derived from its contract, never edited."""

from datetime import date, datetime
from typing import Literal, TypedDict


class Step(TypedDict):
    """One step of the reasoning."""

    step: str
    value: str
    unit: str | None
    source: str
    parameters: list[int]
    outcome: Literal["held", "did_not_hold", "unknown"] | None


class Evidence(TypedDict):
    """One event that was seen when it was decided."""

    event: str
    sha256: str


class LawChange(TypedDict):
    """Law that changed backwards, or a figure that was corrected."""

    known: date
    parameters: list[str]


class Finding(TypedDict):
    """A right or reduction that a rule sees and nobody took up, or the withdrawal of one."""

    finding: str
    version: int
    status: Literal["found", "replaced", "withdrawn"]
    rule: str
    side: Literal["employer", "citizen"]
    employer: str
    person: str
    quarter: str
    occupation: str | None
    deduction_code: str | None
    amount: int | None
    claimed: int
    missing: int | None
    certainty: Literal["certain", "likely", "to_check", "undetermined"]
    trace: list[Step]
    causes: list[str]
    found_at: datetime
    parameters: list[str]
    evidence: list[Evidence]
    law_known_on: date | None
    law_change: LawChange | None
