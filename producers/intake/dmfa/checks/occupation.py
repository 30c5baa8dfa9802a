"""Checks one occupation as a whole: its dates, hours and days against each other and against the quarter."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from producers.intake.dmfa.block_types import UNREAD, AnomalyParts
from schemas.identifiers import quarter_days

THIRD_PAYERS = frozenset({"033", "099", "199", "299", "699"})
NO_START = THIRD_PAYERS | {"898", "405"}
"""Employer classes whose occupations need no start date (zone 00044)."""
NO_ESTABLISHMENT = THIRD_PAYERS | {"027", "028"}
NO_ESTABLISHMENT_WORKERS = frozenset({"876", "877", "879", "883", "885"})
SEVERANCE = frozenset({"003", "009", "028"})
"""Remunerations that cover time after the contract: such an occupation may be outside the quarter."""
UNSPECIFIED = "999"
WITH_FREQUENCY = frozenset({"002", "023", "045", "062"})
"""Bonuses, which say how often they are paid (zone 00068)."""
HOURS_FROM, ESTABLISHMENT_FROM = "2005Q3", "2014Q1"
LONGEST_YEARS = 100
NO_DAYS = frozenset({"080"})
"""Overtime comes on top of days already counted."""
HUNDREDTHS = 100


@dataclass(frozen=True, slots=True)
class CheckedOccupation:
    """An occupation on its worker line, with its working time and wages."""

    line: dict[str, Any]
    worked: dict[str, Any]
    paid: dict[str, Any]
    quarter: str


def _dates(it: CheckedOccupation, free: bool) -> Iterator[AnomalyParts]:
    start, end = it.worked.get("start"), it.worked.get("end")
    opens, closes = it.line.get("quarter_start"), it.line.get("quarter_end")
    if start and end and end < start:
        yield (
            "00045-014",
            "OccupationEndingDate",
            f"It ends on {end}, before it begins on {start}. Correct one of them.",
        )
    elif start and closes and not free and (start > closes or start.year < closes.year - LONGEST_YEARS):
        yield (
            "00044-008",
            "OccupationStartingDate",
            f"{start} is not in the {LONGEST_YEARS} years up to the end of the quarter, {closes}. Correct it.",
        )
    elif end and opens and closes and not free and not opens <= end <= closes:
        message = f"{end} lies outside the quarter, {opens} to {closes}. Leave it out while the occupation goes on."
        yield "00045-008", "OccupationEndingDate", message
    if "start" not in it.worked and it.line.get("employer_class") not in NO_START:
        yield "00044-001", "OccupationStartingDate", "It is missing. Give the first day of the occupation."


def _hours(it: CheckedOccupation) -> Iterator[AnomalyParts]:
    mean = it.worked.get("mean_hours")
    if it.line.get("employer_class") not in THIRD_PAYERS and (
        it.quarter >= HOURS_FROM or it.worked.get("contract_type") == 1
    ):
        if "mean_hours" not in it.worked:
            yield "00048-001", "MeanWorkingHours", "It is missing. Give the mean weekly hours of the worker."
        if "reference_hours" not in it.worked:
            yield "00049-001", "RefMeanWorkingHours", "It is missing. Give the mean weekly hours of a full-time worker."
    days = it.worked.get("days_per_week")
    if mean is not None and days is not None and (not mean) != (not days):
        message = f"{days} days and {mean} hours a week (hundredths): either both are zero or neither. Correct one."
        yield "00047-008", "WorkingDaysSystem", message


def _days(it: CheckedOccupation) -> Iterator[AnomalyParts]:
    """More days than the occupation has in the quarter."""
    if not it.quarter:
        return
    first, last = quarter_days(it.quarter)
    opens: date = min(it.line.get("quarter_start") or first, first)
    closes: date = max(it.line.get("quarter_end") or last, last)
    opens, closes = max(opens, it.worked.get("start") or opens), min(closes, it.worked.get("end") or closes)
    most = ((closes - opens).days + 1) * HUNDREDTHS
    given = sum(
        line.get("days") or 0
        for line in it.worked["services"]
        if line.get("code") not in NO_DAYS and UNREAD not in line
    )
    if given > most > 0:
        message = (
            f"{given / HUNDREDTHS:g} days are declared, but the occupation has {most // HUNDREDTHS} in the quarter. "
            "Correct the days."
        )
        yield "90015-095", "Occupation", message


def occupation(it: CheckedOccupation) -> Iterator[AnomalyParts]:
    """Every anomaly of the occupation as a whole."""
    codes = {line.get("code") for line in it.paid["remunerations"]}
    free = not codes.isdisjoint(SEVERANCE)
    yield from _dates(it, free)
    yield from _hours(it)
    if not free and UNSPECIFIED not in codes:
        yield from _days(it)
    if not codes.isdisjoint(WITH_FREQUENCY) and any(
        line.get("code") in WITH_FREQUENCY and line.get("bonus_months") is None for line in it.paid["remunerations"]
    ):
        message = (
            "A bonus is declared without it. Say every how many months the bonus is paid, 0 when it is not regular."
        )
        yield "00068-001", "BonusPaymentFrequency", message
    if (
        it.quarter >= ESTABLISHMENT_FROM
        and "establishment" not in it.worked
        and "establishment" not in it.line
        and it.line.get("employer_class") not in NO_ESTABLISHMENT
        and it.line.get("worker_code") not in NO_ESTABLISHMENT_WORKERS
    ):
        yield "00042-001", "LocalUnitID", "It is missing. Give the establishment unit where the work is done."
