"""Validates the numbers of persons and employers, and derives ids that are the same for the same fact."""

import hashlib
import hmac
from calendar import monthrange
from datetime import date
from functools import lru_cache

from schemas.legal_day import legal_today

QUARTER_MONTHS = 3
MOD = 97
GROUP = 5
NSSO_LOWEST = 100006
NSSO_HIGHEST = 199999934
CENTURY_PREFIX = 2_000_000_000
"""Put before the nine digits of somebody born from 2000 on, before the remainder is taken."""


BIS_STEP = 20
MONTHS = frozenset(month + step for step in (0, BIS_STEP, 2 * BIS_STEP) for month in range(13))
"""What the digits of the month may be: 00 to 12; in a BIS number 20 or 40 more."""


def _check(number: int) -> int:
    return MOD - number % MOD


def inss_fault(number: str, on: date | None = None) -> str:
    """Why this is not a national or BIS number (zone 00024); empty when it can be one.

    Two digits each of year, month and day of birth (00 where unknown), a counter of three, two check digits. BIS adds
    20 or 40 to the month. Where the month is unknown the counter runs on into the day, also past 31. `on` is the last
    day on which the person can have been born, by default today.
    """
    if len(number) != 11 or not number.isascii() or not number.isdigit():
        return "it does not have 11 digits"
    head, check = int(number[:9]), int(number[9:])
    years = [
        century + int(number[:2])
        for century, start in ((1900, head), (2000, CENTURY_PREFIX + head))
        if check == _check(start)
    ]
    if not years:
        return "its check digits do not fit"
    (year,) = years
    month, day = int(number[2:4]), int(number[4:6])
    if month not in MONTHS:
        return f"{month:02d} is not a month: 00 to 12, or 20 to 32 and 40 to 52 in a BIS number"
    month %= BIS_STEP
    if month and day > monthrange(year, month)[1]:
        return f"{year}-{month:02d} has no day {day:02d}"
    if (year, month, day if month else 0) > _as_born(on or legal_today()):
        return f"its check digits only fit a birth in {year}"
    return ""


def _as_born(day: date) -> tuple[int, int, int]:
    return day.year, day.month, day.day


def is_inss(number: str, on: date | None = None) -> bool:
    """Whether this can be a national or BIS number of somebody born by `on`, by default today (zone 00024)."""
    return not inss_fault(number, on)


def inss(head: int, *, after_2000: bool) -> str:
    """The full number for nine leading digits."""
    return f"{head:09d}{_check(head + (CENTURY_PREFIX if after_2000 else 0)):02d}"


def birth_days(number: str) -> tuple[date, date] | None:
    """The first and the last day on which a person can have been born; None where not even the year is known.

    The check digits tell the century. Where month or day are unknown (00, or a counter that ran on), the whole year or
    month is possible. `00 00 01`, and what follows when its counter runs out, stands for a date wholly unknown.
    """
    year = int(number[:2]) + (2000 if int(number[9:]) == _check(CENTURY_PREFIX + int(number[:9])) else 1900)
    month, day = int(number[2:4]) % 20, int(number[4:6])
    if not 1 <= month <= 12:
        return None if day and number[:2] == "00" else (date(year, 1, 1), date(year, 12, 31))
    last = monthrange(year, month)[1]
    known = 1 <= day <= last
    return date(year, month, day if known else 1), date(year, month, day if known else last)


def birth_date(number: str) -> date | None:
    """The birth date in a national number, None where it does not hold a whole one."""
    days = birth_days(number)
    return days[0] if days and days[0] == days[1] else None


def is_enterprise(number: str) -> bool:
    """Whether an enterprise number (CBE) of nine or ten digits fits its check digits (zone 00014)."""
    if len(number) not in (9, 10) or not number.isascii() or not number.isdigit():
        return False
    padded = number.zfill(10)
    return padded[0] in "01" and int(padded[8:]) == _check(int(padded[:8]))


def is_establishment(number: str) -> bool:
    """Whether an establishment unit number begins with 2 to 8 and fits its check digits (zone 00042)."""
    if len(number) != 10 or not number.isascii() or not number.isdigit():
        return False
    return number[0] in "2345678" and int(number[8:]) == _check(int(number[:8]))


def is_nsso(number: str) -> bool:
    """Whether an NSSO number lies in its domain and fits its check digits (zone 00011)."""
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        return False
    value = int(number)
    return NSSO_LOWEST <= value <= NSSO_HIGHEST and (value + 1) % MOD == 0


EVENT_AT, EVENT_BYTES = 6, 32
"""Where the id of an event lies in a framed value: it is the first field, behind the frame and its own length."""


def event_of(value: bytes) -> str:
    """The id of a framed event, without opening it."""
    return value[EVENT_AT : EVENT_AT + EVENT_BYTES].decode("ascii", "replace")


def submission_of(trace_parent: str) -> str:
    """The submission that an event came with."""
    return trace_parent.partition("-")[2].partition("-")[0]


def derive(*parts: str) -> str:
    """The id of what these parts name: 32 hexadecimal characters, the same for the same parts."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def grouped(identifier: str) -> str:
    """An identifier as people read it, in groups of five: never a run of digits like a national number."""
    return "-".join(identifier[start : start + GROUP] for start in range(0, len(identifier), GROUP))


def ungrouped(identifier: str) -> str:
    """The identifier behind a grouped one."""
    return identifier.replace("-", "")


def pseudonym(pepper: bytes, number: str) -> bytes:
    """16 bytes that replace a number in keys and counts; without the pepper they cannot be traced back."""
    return hmac.digest(pepper, number.encode(), "sha256")[:16]


def from_dmfa(quarter: str) -> str:
    """`20263`, as in zone 00013, to `2026Q3`."""
    return f"{quarter[:4]}Q{quarter[4]}"


def to_dmfa(quarter: str) -> str:
    """`2026Q3` to `20263`."""
    return quarter[:4] + quarter[5]


@lru_cache(maxsize=1024)
def quarter_days(quarter: str) -> tuple[date, date]:
    """First and last day of a quarter written `2026Q3`."""
    year, number = int(quarter[:4]), int(quarter[5])
    last_month = number * QUARTER_MONTHS
    return date(year, last_month - QUARTER_MONTHS + 1, 1), date(year, last_month, monthrange(year, last_month)[1])


def quarter_of(day: date) -> str:
    """The quarter of a day."""
    return f"{day.year}Q{(day.month - 1) // QUARTER_MONTHS + 1}"
