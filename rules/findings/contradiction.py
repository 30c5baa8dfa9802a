"""Detects what cannot be true as declared, or was not read: what rests on it is at most "to check"."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import combinations
from typing import Protocol

from rules.findings.finding import Certainty, Doubt, Finding, doubt_steps
from rules.view.history import PersonHistory
from rules.view.situation import InstitutionDecision, Situation
from rules.view.worker_line import ServiceTime
from schemas.identifiers import quarter_days

X100 = 100
"""Days are kept x 100."""
FAR = date.max
UNREAD = "the declaration also says something that the tables of the form do not know (it was left out)"


class Contradiction(ValueError):
    """Facts that cannot belong together; the message names their events and no person."""


class WorkPeriod(Protocol):
    """A period of work, in a situation or a history."""

    @property
    def start(self) -> date | None:
        """The first day, None where it is not declared."""

    @property
    def end(self) -> date | None:
        """The last day, None while it is open."""

    @property
    def services(self) -> Sequence[ServiceTime]:
        """What was worked."""


def doubt_situation(situation: Situation, found: Sequence[Finding]) -> list[Finding]:
    """The findings in a situation, at most "to check" where the declaration contradicts itself."""
    if not found:
        return []
    reasons = [*map(_impossible, [*_of_situation(situation), *_of_decisions(situation.decisions or ())])]
    if any(line.unread for line in situation.lines):
        reasons.append(UNREAD)
    return [_doubted(finding, reasons) for finding in found] if reasons else list(found)


def doubt_history(history: PersonHistory, found: Sequence[Finding]) -> list[Finding]:
    """The findings over a history, at most "to check" where what they rest on contradicts itself."""
    return [_doubted(finding, list(_reasons(history, frozenset(finding.causes)))) for finding in found]


def _reasons(history: PersonHistory, causes: frozenset[str]) -> Iterator[str]:
    yield from map(_impossible, _of_history(history, causes))
    if any(one.unread and not causes.isdisjoint(one.events) for one in history.worked):
        yield UNREAD


def _impossible(reason: str) -> str:
    return f"it cannot be as declared: {reason}"


def _of_history(history: PersonHistory, causes: frozenset[str]) -> Iterator[str]:
    for one in history.worked:
        if not causes.isdisjoint(one.events):
            yield from _of_stint(one, one.quarter)
    yield from _of_decisions(history.decisions or (), causes)


def _of_situation(situation: Situation) -> Iterator[str]:
    for line in situation.lines:
        for occupation in line.occupations:
            yield from _of_stint(occupation, situation.quarter)
            if any(amount < 0 for amount in occupation.wages.values()):
                yield "a wage is negative (zone 00070)"


def _of_stint(stint: WorkPeriod, quarter: str) -> Iterator[str]:
    first, last = quarter_days(quarter)
    begin, end = stint.start or first, stint.end or last
    if end < begin:
        yield "an occupation ends before it begins (zones 00044, 00045)"
    elif begin > last or end < first:
        yield f"an occupation lies outside {quarter} (zones 00044, 00045)"
    elif sum(service.days for service in stint.services) > ((last - first).days + 1) * X100:
        yield f"an occupation has more days than {quarter} (zone 00063)"
    if any(service.days < 0 or (service.hours or 0) < 0 for service in stint.services):
        yield "working time is negative (zones 00063, 00064)"


def _of_decisions(decisions: Sequence[InstitutionDecision], causes: frozenset[str] | None = None) -> Iterator[str]:
    """Contradictions between decisions that involve one of `causes`."""
    for one in decisions:
        if one.until is not None and one.until < one.start and (causes is None or one.event in causes):
            yield f"a decision ends before it begins (event {one.event})"
    for one, other in combinations(decisions, 2):
        if one.kind != other.kind or one.nature == other.nature or not one.covers(other.start, other.until or FAR):
            continue
        if causes is None or not causes.isdisjoint((one.event, other.event)):
            yield f"decisions of two natures hold on the same days (events {one.event}, {other.event})"


def _doubted(finding: Finding, reasons: Iterable[str]) -> Finding:
    doubts = [Doubt(Certainty.TO_CHECK, reason) for reason in dict.fromkeys(reasons)]
    if not doubts:
        return finding
    certainty = max(finding.certainty, Certainty.TO_CHECK, key=lambda one: one.rank)
    return replace(finding, certainty=certainty, trace=(*finding.trace, *doubt_steps(doubts)))
