"""Decides the same situations and histories by two laws, and counts who would gain and who would lose.

What the law grants is compared, not what is left: what was claimed or taken up is removed first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from rules.catalogue import HISTORY_RULES, decide_all
from rules.findings.finding import Finding
from rules.law.law import Law
from rules.law.rounding import cents
from rules.questions.counterfactual import as_if_not_taken_up
from rules.stream.finding_changes import finding_id
from rules.view.history import PersonHistory
from rules.view.situation import Situation

Asked = tuple[Situation | PersonHistory, date]
"""A situation or the history of a person, and the day it is judged on."""


class ImpactVerdict(StrEnum):
    """What other figures do to a finding."""

    GAINING = "gaining"
    LOSING = "losing"
    OTHERWISE = "otherwise"
    UNKNOWN = "unknown"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Changed:
    """A finding and what it becomes; None where nothing is found."""

    before: Finding | None
    after: Finding | None

    @property
    def gain(self) -> int | None:
        """What more would be due, in eurocents, negative where less; None where one of them cannot be calculated."""
        old, new = _due(self.before), _due(self.after)
        return None if old is None or new is None else new - old

    @property
    def verdict(self) -> ImpactVerdict:
        """Whether somebody gains or loses: by the amount, or, for a right without one, by having it."""
        one = self.before or self.after
        return self._by_right() if one is not None and one.rule in HISTORY_RULES else self._by_amount()

    def _by_amount(self) -> ImpactVerdict:
        gain = self.gain
        if gain:
            return ImpactVerdict.GAINING if gain > 0 else ImpactVerdict.LOSING
        if self.before is None or self.after is None or self.before.certainty is not self.after.certainty:
            return ImpactVerdict.OTHERWISE
        return ImpactVerdict.UNKNOWN if gain is None else ImpactVerdict.SAME

    def _by_right(self) -> ImpactVerdict:
        if self.before is None or self.after is None:
            return ImpactVerdict.GAINING if self.before is None else ImpactVerdict.LOSING
        return ImpactVerdict.SAME if _said(self.before) == _said(self.after) else ImpactVerdict.OTHERWISE


@dataclass(slots=True)
class ImpactTally:
    """The findings of one rule under two laws, compared; amounts in eurocents."""

    same: int = 0
    gaining: int = 0
    losing: int = 0
    otherwise: int = 0
    """As much money, but found or not, or of another certainty; a right in another quarter or with other figures."""
    unknown: int = 0
    """One of the two has no law, or an amount cannot be calculated."""
    gained: int = 0
    lost: int = 0
    changed: list[Changed] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        """Whether anything would change."""
        return bool(self.gaining or self.losing or self.otherwise)

    def count(self, change: Changed, *, keep: bool) -> None:
        """Count a pair of findings; `keep` keeps one that changes."""
        verdict = change.verdict
        setattr(self, verdict.value, getattr(self, verdict.value) + 1)
        gain = change.gain or 0
        self.gained += max(gain, 0)
        self.lost += max(-gain, 0)
        if keep and verdict not in (ImpactVerdict.SAME, ImpactVerdict.UNKNOWN):
            self.changed.append(change)


def unclaimed(situation: Situation) -> Situation:
    """The situation as if nothing had been claimed."""
    lines = tuple(
        replace(line, claims=(), occupations=tuple(replace(one, claims=()) for one in line.occupations))
        for line in situation.lines
    )
    return replace(situation, lines=lines)


def decide_by(law: Law, asked: Iterable[Asked]) -> list[list[Finding]]:
    """What every rule finds by this law, for each situation or history."""
    return [
        _of_history(about, day, law) if isinstance(about, PersonHistory) else decide_all(about, day, law)
        for about, day in asked
    ]


def _of_history(history: PersonHistory, day: date, law: Law) -> list[Finding]:
    """What every rule over a history finds, each as if what it grants had not been taken up."""
    return [
        finding
        for name, rule in HISTORY_RULES.items()
        for finding in rule.decide(as_if_not_taken_up(name, history, law), day, law)
    ]


def compare(
    tallies: dict[str, ImpactTally], before: Law, after: Law, asked: Sequence[Asked], *, keep: bool = False
) -> None:
    """Add the changes to the tallies by rule; `keep` keeps who they are about."""
    bare: list[Asked] = [(one if isinstance(one, PersonHistory) else unclaimed(one), day) for one, day in asked]
    for old, new in zip(decide_by(before, bare), decide_by(after, bare), strict=True):
        for change in _pairs(old, new):
            one = change.before or change.after
            if one is not None:
                tallies.setdefault(one.rule, ImpactTally()).count(change, keep=keep)


def _pairs(old: list[Finding], new: list[Finding]) -> Iterator[Changed]:
    """Each finding with what it becomes; a right of a person that arises in another quarter is still the same right."""
    before, after = ({finding_id(one): one for one in some} for some in (old, new))
    gone = [one for identifier, one in before.items() if identifier not in after]
    come = [one for identifier, one in after.items() if identifier not in before]
    yield from (Changed(one, after[identifier]) for identifier, one in before.items() if identifier in after)
    for one in gone:
        moved = next((other for other in come if one.rule == other.rule and one.rule in HISTORY_RULES), None)
        if moved is not None:
            come.remove(moved)
        yield Changed(one, moved)
    yield from (Changed(None, one) for one in come)


def _said(finding: Finding) -> tuple[object, ...]:
    """What a finding without an amount says: its figures, without its sources."""
    return finding.quarter, finding.certainty, [(step.step, step.value) for step in finding.trace]


def _due(finding: Finding | None) -> int | None:
    """What the law grants, in eurocents: 0 where nothing is found."""
    if finding is None:
        return 0
    return None if finding.amount is None else cents(finding.amount)
