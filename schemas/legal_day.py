"""Gives the legal day of a moment: the day it is in Belgium. No other code turns a moment into a day.

The rules of summer time come from the operating system, or from the package tzdata where it has none.
"""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

BELGIUM = ZoneInfo("Europe/Brussels")


def in_belgium(moment: datetime) -> datetime:
    """A moment as the clocks there show it.

    Raises ValueError when the moment has no time zone: nobody knows which one it is.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(BELGIUM)


def legal_day(moment: datetime) -> date:
    """The day that a moment is.

    Raises ValueError when the moment has no time zone.
    """
    return in_belgium(moment).date()


def legal_today() -> date:
    """The day it is now."""
    return legal_day(datetime.now(UTC))


def first_moment(day: date) -> datetime:
    """The moment at which a day begins, in UTC."""
    return datetime.combine(day, time.min, BELGIUM).astimezone(UTC)
