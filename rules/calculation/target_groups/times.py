"""Counts the quarters of a right, and finds the day on which the pension age is reached."""

from datetime import date

from rules.findings.finding import Certainty, Doubt
from rules.law.dated_figures import FigureRow
from rules.law.law import Law, per_law
from rules.view.ages import birthday
from schemas.identifiers import quarter_days, quarter_of

RULE = "target_groups"
QUARTERS = 4
"""Quarters in a year."""


def nth_quarter(start: date, quarter: str) -> int:
    """Which quarter this is for a right that begins on `start`: 1 for the quarter of that day, below 1 before it."""
    year, number = int(quarter[:4]), int(quarter[5])
    return (year - start.year) * QUARTERS + number - (start.month - 1) // 3


def end_of_quarter(day: date) -> date:
    """The last day of the quarter a day lies in."""
    return quarter_days(quarter_of(day))[1]


@per_law
def pension(law: Law, born: date) -> tuple[date, FigureRow]:
    """The day on which the legal pension age is reached, and the row that sets it."""
    spans = law[RULE].series["pension age"].timeline
    for start, end, row in spans:
        day = birthday(born, int(row.number("years")))
        if day >= start and (end is None or day <= end):
            return day, row
    last = spans[-1].row
    return birthday(born, int(last.number("years"))), last


def retired(born: date, quarter: str, law: Law) -> tuple[bool, list[Doubt]]:
    """Whether the pension age was reached before the quarter: the quarter of that birthday still counts."""
    first, last = quarter_days(quarter)
    day, row = pension(law, born)
    if row.quality.firm or birthday(born, int(row.number("years"))) > last:
        return day < first, []
    return day < first, [Doubt(Certainty.TO_CHECK, f"the pension age of then is from memory: {row.cited}")]
