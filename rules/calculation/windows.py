"""Counts work in the months before a day from quarterly declarations: what is surely in them, and what may be."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from rules.findings.entitlement import DAY, months_later
from rules.view.history import PersonHistory, Worked, quarters_between

Count = Callable[[Worked], int]
"""What an occupation in a quarter counts for."""


@dataclass(frozen=True, slots=True)
class WorkWindow:
    """What a window holds at least and at most, and the quarters in it about which nothing is known."""

    surely: int
    most: int
    unseen: tuple[str, ...]

    def reaches(self, needed: int) -> bool | None:
        """Whether it holds this much; None when that is unknown."""
        if self.surely >= needed:
            return True
        return None if self.most >= needed or self.unseen else False


def window(
    history: PersonHistory, worked: Sequence[Worked], end: date, months: int, count: Count, most: int
) -> WorkWindow:
    """The `months` before `end`, that day not included; a quarter counts for `most` at most.

    An occupation that lies in the window with all its days of a quarter is surely in it; one that crosses its edge may
    be.
    """
    first, last = months_later(end, -months), end - DAY
    surely: dict[str, int] = {}
    perhaps: dict[str, int] = {}
    for one in worked:
        if one.last < first or one.first > last:
            continue
        perhaps[one.quarter] = perhaps.get(one.quarter, 0) + count(one)
        if first <= one.first and one.last <= last:
            surely[one.quarter] = surely.get(one.quarter, 0) + count(one)
    return WorkWindow(
        _capped(surely.values(), most), _capped(perhaps.values(), most), tuple(_unseen(history, first, last))
    )


def _capped(counts: Iterable[int], most: int) -> int:
    return sum(min(count, most) for count in counts)


def _unseen(history: PersonHistory, first: date, last: date) -> list[str]:
    """Quarters before the first that was declared here; later ones without a declaration are quarters without work."""
    since = min(history.quarters, default="9999Q9")
    return [
        name
        for name in quarters_between(first, last)
        if name not in history.quarters and (not history.whole or name < since)
    ]
