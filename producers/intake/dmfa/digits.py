"""Parses the zones written in digits: amounts, codes, flags, quarters, and numbers with check digits."""

import re
from collections.abc import Callable

from producers.intake.anomalies import shown
from producers.intake.dmfa.value_faults import CHECK_DIGITS, LENGTH, NOT_NUMERIC, OUTSIDE, SPACE, ValueFault
from schemas.dmfa.tables import Zone
from schemas.identifiers import from_dmfa, inss_fault, quarter_days

INTEGER = re.compile(r"[+-]?[0-9]+")
SAFE_DIGITS = 64
"""More are not even converted."""
ZERO = "0"


def integer(zone: Zone) -> Callable[[str], int]:
    """A whole number that is not negative, within its limits and its number of digits."""
    pattern = re.compile(zone.pattern, re.ASCII) if zone.pattern else INTEGER
    numbers = frozenset(map(int, zone.values))
    low = int(zone.low) if zone.low else None
    high = int(zone.high) if zone.high else None

    def read(text: str) -> int:
        text = text.strip(SPACE)
        if not INTEGER.fullmatch(text):
            raise ValueFault(NOT_NUMERIC, f"{shown(text)} is not a whole number. Write digits only.")
        if not pattern.fullmatch(text):
            raise ValueFault(LENGTH, f"{shown(text)} has not the form {zone.pattern}. Write all its digits.")
        if len(text) > SAFE_DIGITS:
            raise ValueFault(LENGTH, f"{shown(text)} has too many digits.")
        value = int(text)
        if zone.length and len(str(abs(value))) > zone.length:
            raise ValueFault(LENGTH, f"{shown(text)} has more than {zone.length} digits.")
        if numbers and value not in numbers:
            raise ValueFault(OUTSIDE, f"{shown(text)} is not one of {', '.join(zone.values)}.")
        if (low is not None and value < low) or (high is not None and value > high) or value < 0:
            most = f" and not more than {zone.high}" if zone.high else ""
            raise ValueFault(OUTSIDE, f"{shown(text)} is outside what is possible: at least {zone.low or 0}{most}.")
        return value

    return read


def checked(zone: Zone, digits: int, check: Callable[[str], bool], what: str) -> Callable[[str], str]:
    """A number with check digits, padded; `0` where the zone allows it to mean unknown."""
    number_of = integer(zone)
    zero = zone.type in ("nsso", "enterprise")

    def read(text: str) -> str:
        value = number_of(text)
        if zero and not value:
            return ZERO
        number = f"{value:0{digits}d}"
        if not check(number):
            raise ValueFault(
                CHECK_DIGITS, f"{shown(number)} is no {what}: its check digits do not fit. Correct the number."
            )
        return number

    return read


def person(zone: Zone, quarter: str) -> Callable[[str], str | None]:
    """The number of a person born by the end of the quarter; None where the zone allows 0 to mean unknown."""
    number_of = integer(zone)
    zero = zone.type == "inss0"
    last = quarter_days(quarter)[1] if quarter else None

    def read(text: str) -> str | None:
        value = number_of(text)
        if zero and not value:
            return None
        number = f"{value:011d}"
        if fault := inss_fault(number, last):
            raise ValueFault(CHECK_DIGITS, f"{shown(number)} is not a national number: {fault}. Correct the number.")
        return number

    return read


def quarter(zone: Zone) -> Callable[[str], str]:
    """A quarter, written 20263, as 2026Q3."""
    number_of = integer(zone)
    return lambda text: from_dmfa(str(number_of(text)))


def flag(zone: Zone) -> Callable[[str], bool]:
    """0 or 1."""
    number_of = integer(zone)
    return lambda text: bool(number_of(text))


def code(zone: Zone, digits: int) -> Callable[[str], str]:
    """A code with all its leading zeros."""
    number_of = integer(zone)
    return lambda text: f"{number_of(text):0{digits}d}"
