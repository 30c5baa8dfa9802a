"""Compares what a deduction rule gives with what the declaration takes: less is a finding, more is an excess."""

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain

from rules.findings.finding import UNKNOWN, Certainty, Doubt, Excess, Finding, Side, TraceStep, doubt_steps, surest
from rules.law.dated_figures import Citation, NoLaw
from rules.law.law import Law, per_law
from rules.law.rounding import euro
from rules.view.situation import Situation
from rules.view.worker_line import Claim, DeclaredLine, DeclaredOccupation
from schemas.identifiers import quarter_days

TOLERANCE = 1
"""A difference of one cent is rounding, not a right."""
DIFFERS = "00089-044"
"""DmfA anomaly: the amount calculated differs from the amount declared."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is due and claimed under a deduction code, in eurocents; `due` None is unknown.

    It is about a whole line, or about one occupation of it.
    """

    code: str
    line: DeclaredLine
    occupation: DeclaredOccupation | None
    label: str
    due: int | None
    claimed: int
    doubts: tuple[Doubt, ...]
    trace: Callable[[], Iterable[TraceStep]]


def missed(
    rule: str, side: Side, situation: Situation, assessments: Iterable[Assessment], day: date, law: Law
) -> Iterator[Finding]:
    """Where less was taken than is due, as seen on `day`; `side` is whose money it is, and who is notified."""
    return (_finding(rule, side, situation, one, day, law) for one in assessments if _is_missed(one))


def excesses(rule: str, assessments: Iterable[Assessment]) -> Iterator[Excess]:
    """Where more was taken than is surely due."""
    for one in assessments:
        if one.due is not None and one.claimed - one.due > TOLERANCE and surest(list(one.doubts)).states_an_amount:
            yield _excess(rule, one, one.due)


def _finding(rule: str, side: Side, situation: Situation, one: Assessment, day: date, law: Law) -> Finding:
    doubts = [*one.doubts, *_too_late(situation.quarter, day, law)]
    claimed = TraceStep("claimed", f"{euro(one.claimed)}", "EUR", "DmfA zone 00089")
    return Finding(
        rule,
        side,
        situation.employer,
        situation.person,
        situation.quarter,
        one.label,
        one.code,
        None if one.due is None else euro(one.due),
        euro(one.claimed),
        None if one.due is None else euro(one.due - one.claimed),
        Certainty.UNDETERMINED if one.due is None else surest(doubts),
        tuple(chain(one.trace(), (claimed,), doubt_steps(doubts))),
        situation.causes,
    )


def _excess(rule: str, one: Assessment, due: int) -> Excess:
    claims: tuple[Claim, ...] = one.occupation.claims if one.occupation else one.line.claims
    return Excess(
        rule,
        DIFFERS,
        one.line.declaration,
        one.line.position,
        one.occupation.position if one.occupation else None,
        next(number for number, claim in enumerate(claims) if claim.code == one.code),
        one.code,
        euro(one.claimed),
        euro(due),
    )


def _is_missed(one: Assessment) -> bool:
    """An unknown amount is reported only where nothing was taken: what was taken may be right."""
    return not one.claimed if one.due is None else one.due - one.claimed > TOLERANCE


@per_law
def _last_day_to_correct(law: Law, quarter: str) -> tuple[date, Citation]:
    """The last day for a correction, and its source."""
    _, last = quarter_days(quarter)
    row = law["deductions"].at("limitation", last)
    first_of_next = last + timedelta(days=1)
    due = first_of_next.replace(day=monthrange(first_of_next.year, first_of_next.month)[1])
    return due.replace(year=due.year + int(row.number("years"))), row.cited


def _too_late(quarter: str, day: date, law: Law) -> list[Doubt]:
    limit, cited = _last_day_to_correct(law, quarter)
    reason = f"on {day} the quarter may be time-barred: {cited}"
    return [Doubt(Certainty.TO_CHECK, reason, UNKNOWN)] if day > limit else []


def undetermined(error: NoLaw) -> tuple[TraceStep, ...]:
    """The trace of a day without law."""
    source = f"{error.reason} ({error.source})" if error.source else error.reason
    return (TraceStep("undetermined", f"no law on {error.day} for {error.series}", None, source, UNKNOWN),)
