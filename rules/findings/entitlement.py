"""Builds findings about rights without an amount, and counts the periods that such rights require."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from rules.findings.finding import UNKNOWN, Certainty, ConditionOutcome, Doubt, Finding, TraceStep, doubt_steps, surest
from rules.law.dated_figures import NoLaw, Parameters
from rules.view.history import Worked
from schemas.identifiers import quarter_days

DAY = timedelta(days=1)
FAR = date(9000, 1, 1)
"""The last day of an open period."""
LONGEST_MONTH = 31
YEAR = 12
NAMED = 4
"""Up to so many quarters are named one by one; of more, only the first and the last."""
NOTHING = Decimal("0.00")

DaySpan = tuple[date, date]
"""First and last day, both included."""


def right(
    rule: str, person: str, quarter: str, *, trace: Sequence[TraceStep], doubts: Sequence[Doubt], causes: Iterable[str]
) -> Finding:
    """A right of a person at whatever employer; it has no amount, which an institution has yet to calculate."""
    return Finding(
        rule, "citizen", "", person, quarter, None, None, None, NOTHING, None,
        surest(list(doubts)), (*trace, *doubt_steps(list(doubts))), tuple(dict.fromkeys(causes)),
    )  # fmt: skip


def not_seen(what: str, holder: str) -> str:
    """What is missing and who has it, in the words of a doubt."""
    return f"not seen here: {what} ({holder})"


def unseen(certainty: Certainty, what: str, holder: str) -> Doubt:
    """A condition that cannot be seen here, and who knows about it."""
    return Doubt(certainty, not_seen(what, holder), UNKNOWN)


def figure(
    name: str,
    parameters: Parameters,
    series: str,
    day: date,
    *,
    unit: str,
    of: str = "amount",
    outcome: ConditionOutcome | None = None,
) -> TraceStep:
    """A figure of the law as a step; "unknown" where none was read for that day, or its row does not have it.

    `outcome` is the outcome of the condition that it limits.
    """
    try:
        row = parameters.at(series, day)
    except NoLaw as error:
        source = f"{error.reason} ({error.source})" if error.source else error.reason
        return TraceStep(name, "unknown", None, source, outcome)
    if not row.quality.firm:
        return TraceStep(name, "unknown", None, f"derived only: {row.cited}", outcome)
    if of not in row.figures:
        return TraceStep(name, "unknown", None, f"not read: {row.cited}", outcome)
    return TraceStep(name, f"{row.number(of)}", unit, row.cited, outcome)


def months_later(day: date, months: int) -> date:
    """The same day of a later month (an earlier one where negative), its last day where it has no such day."""
    number = day.year * YEAR + day.month - 1 + months
    year, month = divmod(number, YEAR)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def merged(spans: Iterable[DaySpan]) -> list[DaySpan]:
    """The spans in order; those that touch or overlap are joined."""
    found: list[DaySpan] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + DAY:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return found


def spans(worked: Iterable[Worked], first: date, last: date) -> list[DaySpan]:
    """When somebody was under contract from `first` to `last`."""
    inside = ((max(one.first, first), min(one.last, last)) for one in worked)
    return merged((begin, end) for begin, end in inside if begin <= end)


def complete(found: Sequence[DaySpan], months: int) -> date | None:
    """The day on which these spans, in order, have lasted that many months; None when they have not.

    One span is counted by the calendar. Several are added up in days, at 31 days a month, so that the day is never
    too early.
    """
    for first, last in found:
        end = months_later(first, months) - DAY
        if end <= last:
            return end
    left = months * LONGEST_MONTH
    for first, last in found:
        length = (last - first).days + 1
        if length >= left:
            return first + (left - 1) * DAY
        left -= length
    return None


def full_months(first: date, last: date, months: int) -> date | None:
    """The last day of as many full calendar months from `first`; None when `last` comes before it."""
    begin = first if first.day == 1 else months_later(first.replace(day=1), 1)
    end = months_later(begin, months) - DAY
    return end if end <= last else None


def over(quarter: str, day: date) -> bool:
    """Whether a quarter has ended on a day."""
    return quarter_days(quarter)[1] < day


def missing(quarters: Sequence[str], holder: str) -> Doubt:
    """A doubt that names the quarters that were not declared here."""
    named = ", ".join(quarters) if len(quarters) <= NAMED else f"{quarters[0]} to {quarters[-1]}"
    return unseen(Certainty.TO_CHECK, f"the work in {named}", holder)
