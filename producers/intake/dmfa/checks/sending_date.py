"""Checks the moment of sending: the quarter has begun and is not time-barred, the form is recent."""

from collections.abc import Iterator
from datetime import date, timedelta

from producers.intake.dmfa.block_types import AnomalyParts
from schemas.dmfa.update_tables import JUSTIFIED_AFTER
from schemas.identifiers import quarter_days, quarter_of

LIMITATION_YEARS = 3
"""What is owed for a quarter lapses three years after the last day to declare it, the end of the month that follows."""
OLDEST_FORM_YEARS = 1
QUARTERS = 4


def due(quarter: str) -> date:
    """The last day to declare a quarter."""
    first_after = quarter_days(quarter)[1] + timedelta(days=1)
    return (first_after + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def barred_after(quarter: str) -> date:
    """The last day on which the quarter can still be declared."""
    last = due(quarter)
    return last.replace(year=last.year + LIMITATION_YEARS)


def moment(quarter: str, created: date | None, on: date | None = None) -> Iterator[AnomalyParts]:
    """Anomalies of sending a quarter `on` a day, by default the day the form was made."""
    day = on or created
    if day is None:
        return
    if on and created and created > on:
        message = f"{created} lies after {on}, the day of sending. Correct the date of the form."
        yield "00218-008", "FormCreationDate", message
    elif on and created and created.year < on.year - OLDEST_FORM_YEARS:
        message = f"{created} is of more than a year before {on}, the day of sending. Make the form anew."
        yield "00218-008", "FormCreationDate", message
    if quarter_days(quarter)[0] > day:
        yield "00013-008", "Quarter", f"{quarter} has not begun on {day}. Declare a quarter that is over."
    elif day > barred_after(quarter):
        message = f"{quarter} is time-barred since {barred_after(quarter)}. It can no longer be declared."
        yield "00013-313", "Quarter", message


def must_be_justified(quarter: str, sent: date) -> bool:
    """Whether an update of a quarter that is sent on this day must justify lower remuneration (zone 00545)."""
    return _count(quarter_of(sent)) - _count(quarter) > JUSTIFIED_AFTER


def _count(quarter: str) -> int:
    return int(quarter[:4]) * QUARTERS + int(quarter[5])
