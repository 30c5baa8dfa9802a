"""Compares what a deduction rule gives with what the declaration takes: less is a finding, more is an excess."""

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import chain

from rules.findings.finding import UNKNOWN, Certainty, Doubt, Excess, Finding, Side, Step, doubt_steps, surest
from rules.law.dated_figures import Citation, NoLaw
from rules.law.parameters import in_force, load
from rules.law.rounding import euro
from rules.view.situation import Situation
from rules.view.worker_line import Claim, Line, Occupation
from schemas.identifiers import quarter_days

TOLERANCE = 1
"""A difference of one cent is rounding, not a right."""
DIFFERS = "00089-044"
"""DmfA anomaly: the amount reckoned differs from the amount declared."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is due and claimed for a line, or for one occupation of it, in eurocents; `due` None is unknown.

    `code` is the deduction code where the rule has several.
    """

    line: Line
    occupation: Occupation | None
    label: str
    due: int | None
    claimed: int
    doubts: tuple[Doubt, ...]
    trace: Callable[[], Iterable[Step]]
    code: str = ""


class Once:
    """Assesses a situation once for whoever asks in turn: what is missed, and what is taken beyond what is due."""

    def __init__(self, assess: Callable[[Situation], Iterable[Assessment]]) -> None:
        self._assess = assess
        self._of: tuple[Situation, object] | None = None
        self._found: list[Assessment] = []

    def __call__(self, situation: Situation) -> list[Assessment]:
        """The assessments of a situation, by the figures in force."""
        source = in_force()
        if self._of is None or self._of[0] is not situation or self._of[1] is not source:
            self._of, self._found = None, list(self._assess(situation))
            self._of = situation, source
        return self._found


@dataclass(frozen=True, slots=True)
class Deduction:
    """A rule about one deduction code, or one for each assessment. `side` is whose money it is: who is told."""

    name: str
    code: str
    side: Side

    def findings(self, situation: Situation, assessments: Iterable[Assessment], day: date) -> list[Finding]:
        """What was missed."""
        return [self._finding(situation, one, day) for one in assessments if _missed(one)]

    def excesses(self, assessments: Iterable[Assessment]) -> list[Excess]:
        """What was taken beyond what is due, where the reckoning is sure enough to say so."""
        return [excess for one in assessments for excess in self._excess(one)]

    def _finding(self, situation: Situation, one: Assessment, day: date) -> Finding:
        doubts = [*one.doubts, *_too_late(situation.quarter, day)]
        certainty = Certainty.UNDETERMINED if one.due is None else surest(doubts)
        claimed = Step("claimed", f"{euro(one.claimed)}", "EUR", "DmfA zone 00089")
        return Finding(
            self.name,
            self.side,
            situation.employer,
            situation.person,
            situation.quarter,
            one.label,
            one.code or self.code,
            None if one.due is None else euro(one.due),
            euro(one.claimed),
            None if one.due is None else euro(one.due - one.claimed),
            certainty,
            tuple(chain(one.trace(), (claimed,), doubt_steps(doubts))),
            situation.causes,
        )

    def _excess(self, one: Assessment) -> Iterator[Excess]:
        if one.due is None or one.claimed - one.due <= TOLERANCE:
            return
        if not surest(list(one.doubts)).states_an_amount:
            return
        claims: tuple[Claim, ...] = one.occupation.claims if one.occupation else one.line.claims
        code = one.code or self.code
        place = next(number for number, claim in enumerate(claims) if claim.code == code)
        yield Excess(
            self.name,
            DIFFERS,
            one.line.declaration,
            one.line.position,
            one.occupation.position if one.occupation else None,
            place,
            code,
            euro(one.claimed),
            euro(one.due),
        )


def _missed(one: Assessment) -> bool:
    """Unknown is worth telling only where nothing was taken: what was taken may well be right."""
    return not one.claimed if one.due is None else one.due - one.claimed > TOLERANCE


@cache
def _last_day_to_correct(quarter: str) -> tuple[date, Citation]:
    """The day after which a correction comes too late, and where that stands."""
    _, last = quarter_days(quarter)
    row = load("deductions").at("limitation", last)
    first_of_next = last + timedelta(days=1)
    due = first_of_next.replace(day=monthrange(first_of_next.year, first_of_next.month)[1])
    return due.replace(year=due.year + int(row.number("years"))), row.cited


def _too_late(quarter: str, day: date) -> list[Doubt]:
    limit, cited = _last_day_to_correct(quarter)
    reason = f"on {day} the quarter may be time-barred: {cited}"
    return [Doubt(Certainty.TO_CHECK, reason, UNKNOWN)] if day > limit else []


def undetermined(error: NoLaw) -> tuple[Step, ...]:
    """The trace of a day without law."""
    source = f"{error.reason} ({error.source})" if error.source else error.reason
    return (Step("undetermined", f"no law on {error.day} for {error.series}", None, source, UNKNOWN),)
