"""Parses the zones written as text: names, dates, months, times, percentages."""

import re
from collections.abc import Callable
from datetime import date

from producers.intake.anomalies import shown
from producers.intake.dmfa.value_faults import INVALID, LENGTH, OUTSIDE, SPACE, ValueFault
from schemas.dmfa.tables import Zone

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def free_text(zone: Zone) -> Callable[[str], str | None]:
    """A text, or None where it is empty."""
    pattern = re.compile(zone.pattern, re.ASCII) if zone.pattern else None

    def read(text: str) -> str | None:
        if not text and not (zone.values or pattern):
            if zone.least:
                raise ValueFault("001", "It is empty. Fill it in.", "")
            return None
        if zone.length and len(text) > zone.length:
            raise ValueFault(LENGTH, f"{shown(text)} is longer than {zone.length} characters.")
        if zone.values and text not in zone.values:
            raise ValueFault(OUTSIDE, f"{shown(text)} is not one of {', '.join(zone.values)}.")
        if pattern and not pattern.fullmatch(text):
            raise ValueFault(INVALID, f"{shown(text)} has not the form {zone.pattern}.")
        return text

    return read


def calendar_day(zone: Zone) -> Callable[[str], date]:
    """A day, written 2026-09-30."""
    lowest = date.fromisoformat(zone.low) if zone.low else date.min

    def read(text: str) -> date:
        text = text.strip(SPACE)
        try:
            day = date.fromisoformat(text) if DAY.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None:
            raise ValueFault(INVALID, f"{shown(text)} is not a date. Write it as 2026-09-30.")
        if day < lowest:
            raise ValueFault(OUTSIDE, f"{day} lies before {lowest}.")
        return day

    return read


def month(zone: Zone) -> Callable[[str], str | None]:
    """A month, written 2026-09."""
    read_text = free_text(zone)

    def read(text: str) -> str | None:
        value = read_text(text.strip(SPACE))
        if value and not 1 <= int(value[5:]) <= 12:
            raise ValueFault(INVALID, f"{shown(value)} is not a month. Write it as 2026-09.")
        return value

    return read


def time_of_day(zone: Zone) -> Callable[[str], str | None]:
    """A time, written 13:45:00.000."""
    read_text = free_text(zone)

    def read(text: str) -> str | None:
        value = read_text(text.strip(SPACE))
        if value and (value[8] != "." or value[:2] > "23" or value[3:5] > "59" or value[6:8] > "59"):
            raise ValueFault(INVALID, f"{shown(value)} is not a time of day. Write it as 13:45:00.000.")
        return value

    return read


def percent(zone: Zone) -> Callable[[str], int]:
    """A percentage with two decimals and a comma, as hundredths."""
    read_text = free_text(zone)
    return lambda text: int(str(read_text(text)).replace(",", ""))
