"""A worker line with its occupations: plain frozen values, amounts in eurocents, times x 100."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Shortening:
    """A reduction of working time: the day it began, and weekly hours x 100 (zones 00143, 00147, 00148)."""

    on: date | None
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    """A deduction the declaration takes; amount in eurocents, 0 where none is given (zones 00086, 00089).

    `start` is the day from which the right holds (zone 00090), where the deduction asks for one.
    """

    code: str
    amount: int
    start: date | None = None
    shortening: Shortening | None = None


@dataclass(frozen=True, slots=True)
class ServiceTime:
    """Working time under one code: days and hours x 100; hours are None where not declared (zones 00062-00064)."""

    code: str
    days: int
    hours: int | None


@dataclass(frozen=True, slots=True)
class DeclaredOccupation:
    """One occupation. Wages in eurocents by remuneration code; times x 100; None is unknown."""

    number: int
    position: int
    start: date | None
    end: date | None
    joint_committee: str
    days_per_week: int
    part_time: bool
    mean_hours: int | None
    reference_hours: int | None
    wages: Mapping[str, int]
    services: tuple[ServiceTime, ...]
    claims: tuple[Claim, ...]

    def wage(self, codes: frozenset[str]) -> int:
        """The wage under these remuneration codes, in eurocents."""
        return sum(amount for code, amount in self.wages.items() if code in codes)

    def days(self, codes: frozenset[str]) -> int:
        """The days x 100 under these service codes."""
        return sum(service.days for service in self.services if service.code in codes)

    def hours(self, codes: frozenset[str]) -> int | None:
        """The hours x 100 under these service codes; None when one of them has none."""
        total = 0
        for service in self.services:
            if service.code in codes:
                if service.hours is None:
                    return None
                total += service.hours
        return total

    def claimed(self, code: str) -> int:
        """What is taken under a deduction code, in eurocents."""
        return sum(claim.amount for claim in self.claims if claim.code == code)


@dataclass(frozen=True, slots=True)
class DeclaredLine:
    """One worker line of one declaration; `position` counts from 0 in it, `contributions` are codes (zone 00082).

    `unread` is true where the declaration contains something about the person that its tables did not know.
    """

    declaration: str
    position: int
    employer_class: str
    worker_code: str
    occupations: tuple[DeclaredOccupation, ...]
    claims: tuple[Claim, ...]
    contributions: frozenset[str] = frozenset()
    unread: bool = False

    def claimed(self, code: str) -> int:
        """What is taken under a deduction code of the line, in eurocents."""
        return sum(claim.amount for claim in self.claims if claim.code == code)
