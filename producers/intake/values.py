"""Turns the text of a zone into its value, or says what is wrong: type, length, domain, check digits, code list."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from producers.intake.anomalies import shown
from schemas.dmfa.codes import CodeList, code_list
from schemas.dmfa.tables import Zone
from schemas.identifiers import from_dmfa, is_enterprise, is_establishment, is_inss, is_nsso

Convert = Callable[[str], Any]
INTEGER = re.compile(r"[+-]?[0-9]+")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
ZERO = "0"
NOT_NUMERIC, INVALID, CHECK_DIGITS, OUTSIDE, LENGTH, NOT_IN_QUARTER = "002", "003", "004", "008", "093", "034"
QUARTER_CODE = {"00020": "035", "00037": "035", "00046": "035", "00082": "035", "00051": OUTSIDE, "00062": OUTSIDE,
                "00067": OUTSIDE}  # fmt: skip
"""What NSSO calls a code that exists but not in the quarter, where that is not 034."""


class Wrong(Exception):
    """The anomaly of a value. `value` is kept when it can still be read; without it the anomaly blocks."""

    def __init__(self, code: str, message: str, value: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.value = value


def _integer(zone: Zone) -> Callable[[str], int]:
    pattern = re.compile(zone.pattern, re.ASCII) if zone.pattern else INTEGER
    numbers = frozenset(map(int, zone.values))
    low = int(zone.low) if zone.low else None
    high = int(zone.high) if zone.high else None

    def read(text: str) -> int:
        text = text.strip()
        if not INTEGER.fullmatch(text):
            raise Wrong(NOT_NUMERIC, f"{shown(text)} is not a whole number. Write digits only.")
        if not pattern.fullmatch(text):
            raise Wrong(LENGTH, f"{shown(text)} has not the form {zone.pattern}. Write all its digits.")
        if len(text) > SAFE_DIGITS:
            raise Wrong(LENGTH, f"{shown(text)} has too many digits.")
        value = int(text)
        if zone.length and len(str(abs(value))) > zone.length:
            raise Wrong(LENGTH, f"{shown(text)} has more than {zone.length} digits.")
        if numbers and value not in numbers:
            raise Wrong(OUTSIDE, f"{shown(text)} is not one of {', '.join(zone.values)}.")
        if (low is not None and value < low) or (high is not None and value > high) or value < 0:
            most = f" and not more than {zone.high}" if zone.high else ""
            raise Wrong(OUTSIDE, f"{shown(text)} is outside what is possible: at least {zone.low or 0}{most}.")
        return value

    return read


SAFE_DIGITS = 64


def _text(zone: Zone) -> Callable[[str], str | None]:
    pattern = re.compile(zone.pattern, re.ASCII) if zone.pattern else None

    def read(text: str) -> str | None:
        if not text and not (zone.values or pattern):
            if zone.least:
                raise Wrong("001", "It is empty. Fill it in.", "")
            return None
        if zone.length and len(text) > zone.length:
            raise Wrong(LENGTH, f"{shown(text)} is longer than {zone.length} characters.")
        if zone.values and text not in zone.values:
            raise Wrong(OUTSIDE, f"{shown(text)} is not one of {', '.join(zone.values)}.")
        if pattern and not pattern.fullmatch(text):
            raise Wrong(INVALID, f"{shown(text)} has not the form {zone.pattern}.")
        return text

    return read


def _date(zone: Zone) -> Callable[[str], date]:
    lowest = date.fromisoformat(zone.low) if zone.low else date.min

    def read(text: str) -> date:
        text = text.strip()
        try:
            day = date.fromisoformat(text) if DAY.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None:
            raise Wrong(INVALID, f"{shown(text)} is not a date. Write it as 2026-09-30.")
        if day < lowest:
            raise Wrong(OUTSIDE, f"{day} lies before {lowest}.")
        return day

    return read


def _month(zone: Zone) -> Callable[[str], str | None]:
    read_text = _text(zone)

    def read(text: str) -> str | None:
        value = read_text(text.strip())
        if value and not 1 <= int(value[5:]) <= 12:
            raise Wrong(INVALID, f"{shown(value)} is not a month. Write it as 2026-09.")
        return value

    return read


def _time(zone: Zone) -> Callable[[str], str | None]:
    read_text = _text(zone)

    def read(text: str) -> str | None:
        value = read_text(text.strip())
        if value and (value[8] != "." or value[:2] > "23" or value[3:5] > "59" or value[6:8] > "59"):
            raise Wrong(INVALID, f"{shown(value)} is not a time of day. Write it as 13:45:00.000.")
        return value

    return read


def _checked(zone: Zone, digits: int, check: Callable[[str], bool], what: str) -> Callable[[str], str]:
    """A number with check digits, padded; `0` where the zone lets it stand for unknown."""
    integer = _integer(zone)
    zero = zone.type in ("nsso", "enterprise", "inss0")

    def read(text: str) -> str:
        value = integer(text)
        if zero and not value:
            return ZERO
        number = f"{value:0{digits}d}"
        if not check(number):
            raise Wrong(CHECK_DIGITS, f"{shown(number)} is no {what}: its check digits do not fit. Correct the number.")
        return number

    return read


def _person(zone: Zone) -> Callable[[str], str | None]:
    """A person who may be unknown (0)."""
    checked = _checked(zone, 11, is_inss, "national number")

    def read(text: str) -> str | None:
        number = checked(text)
        return None if number == ZERO else number

    return read


def _percent(zone: Zone) -> Callable[[str], int]:
    read_text = _text(zone)
    return lambda text: int(str(read_text(text)).replace(",", ""))


def _quarter(zone: Zone) -> Callable[[str], str]:
    integer = _integer(zone)
    return lambda text: from_dmfa(str(integer(text)))


def _flag(zone: Zone) -> Callable[[str], bool]:
    integer = _integer(zone)
    return lambda text: bool(integer(text))


def _code(zone: Zone, digits: int) -> Callable[[str], str]:
    integer = _integer(zone)
    return lambda text: f"{integer(text):0{digits}d}"


def _listed(zone: Zone, read: Convert, codes: CodeList, quarter: str) -> Convert:
    """The same, held against its code list."""
    what = zone.label.split(" (")[0].split(":")[0]

    def check(text: str) -> Any:
        value = read(text)
        code = str(value)
        if codes.holds(code, quarter):
            return value
        if not codes.knows(code):
            raise Wrong(OUTSIDE, f"{shown(code)} does not exist as code for: {what}. Put a code of the list.", value)
        late = QUARTER_CODE.get(zone.number, NOT_IN_QUARTER)
        raise Wrong(late, f"{shown(code)} may not be declared for {quarter}. Put a code that held then.", value)

    return check


MAKERS: dict[str, Callable[[Zone], Convert]] = {
    "string": _text,
    "int": _integer,
    "long": _integer,
    "bool": _flag,
    "date": _date,
    "quarter": _quarter,
    "nsso": lambda zone: _checked(zone, 9, is_nsso, "NSSO number"),
    "enterprise": lambda zone: _checked(zone, 10, is_enterprise, "enterprise number"),
    "establishment": lambda zone: _checked(zone, 10, is_establishment, "establishment unit number"),
    "inss": lambda zone: _checked(zone, 11, is_inss, "national number"),
    "inss0": _person,
    "code3": lambda zone: _code(zone, 3),
    "code4": lambda zone: _code(zone, 4),
    "percent": _percent,
}
SPECIAL: dict[str, Callable[[Zone], Convert]] = {"00972": _month, "00299": _time}


def converter(zone: Zone, quarter: str) -> Convert:
    """What reads this zone in a declaration for `quarter` (`2022Q3`; empty when it could not be read).

    It raises Wrong.
    """
    read = SPECIAL.get(zone.number, MAKERS[zone.type])(zone)
    return _listed(zone, read, code_list(zone.codes), quarter) if zone.codes else read
