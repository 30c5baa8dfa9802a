"""Decides the same situations by two sources of figures, and counts who would gain and who would lose.

What the law gives is compared, not what was left unclaimed: claims are taken out of the situations first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from rules.catalogue import decide_all
from rules.decide import finding_id
from rules.exact import cents
from rules.finding import Finding
from rules.situation import Situation
from rules.sources import Source, using

Asked = tuple[Situation, date]
"""A situation and the day it is judged on."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A finding that would be another one; None where nothing is found."""

    before: Finding | None
    after: Finding | None

    @property
    def gain(self) -> int | None:
        """What more would be due, in eurocents, negative where less; None where one of them cannot be reckoned."""
        old, new = _due(self.before), _due(self.after)
        return None if old is None or new is None else new - old


@dataclass(slots=True)
class Tally:
    """What two sources make of one rule, in findings; amounts in eurocents."""

    same: int = 0
    gaining: int = 0
    losing: int = 0
    otherwise: int = 0
    """As much money, but found or not, surer or less sure."""
    unknown: int = 0
    """One of the two has no law, or an amount cannot be reckoned."""
    gained: int = 0
    lost: int = 0
    changed: list[Changed] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        """Whether anything would be otherwise."""
        return bool(self.gaining or self.losing or self.otherwise)


def unclaimed(situation: Situation) -> Situation:
    """The situation as if nothing had been claimed."""
    lines = tuple(
        replace(line, claims=(), occupations=tuple(replace(one, claims=()) for one in line.occupations))
        for line in situation.lines
    )
    return replace(situation, lines=lines)


def decide_by(source: Source, asked: Iterable[Asked]) -> dict[str, Finding]:
    """What every rule finds by these figures, by the identifier of the finding."""
    with using(source):
        return {finding_id(one): one for situation, day in asked for one in decide_all(situation, day)}


def compare(
    tallies: dict[str, Tally], before: Source, after: Source, asked: Sequence[Asked], *, keep: bool = False
) -> None:
    """Add to the tallies, by rule, what is otherwise for these situations; `keep` keeps who it is about."""
    bare = [(unclaimed(situation), day) for situation, day in asked]
    old, new = decide_by(before, bare), decide_by(after, bare)
    for identifier in {**old, **new}:
        change = Changed(old.get(identifier), new.get(identifier))
        one = change.before or change.after
        if one is not None and _count(tallies.setdefault(one.rule, Tally()), change) and keep:
            tallies[one.rule].changed.append(change)


def _count(tally: Tally, change: Changed) -> bool:
    """Count a pair; whether anything is otherwise."""
    gain = change.gain
    if gain is not None and gain > 0:
        tally.gaining += 1
        tally.gained += gain
    elif gain is not None and gain < 0:
        tally.losing += 1
        tally.lost -= gain
    elif change.before is None or change.after is None or change.before.certainty is not change.after.certainty:
        tally.otherwise += 1
    elif gain is None:
        tally.unknown += 1
        return False
    else:
        tally.same += 1
        return False
    return True


def _due(finding: Finding | None) -> int | None:
    """What the law gives, in eurocents: nothing where nothing is found."""
    if finding is None:
        return 0
    return None if finding.amount is None else cents(finding.amount)
