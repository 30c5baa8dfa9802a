"""Says what of the past an institution may still have: what a deliberation permits now, as far as it did then.

Pure: the versions that are kept in, projections out.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from consumers.deliberations import Deliberation
from consumers.deliberations.store import StoredDeliberation
from consumers.narrowing.access import Access
from consumers.narrowing.projection import Projection, common


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=max(day.year - years, 1))
    except ValueError:
        return day.replace(year=max(day.year - years, 1), day=28)


def replayable(versions: Iterable[Deliberation]) -> tuple[Projection, ...]:
    """Every projection that a replay can copy by, whatever the days: each version with each of its number."""
    return tuple(projection for projections in _pairs(versions).values() for projection in projections)


def _pairs(versions: Iterable[Deliberation]) -> dict[tuple[str, str], tuple[Projection, ...]]:
    """By the ids of the version then and the version now."""
    deliberations: Sequence[Deliberation] = tuple(versions)
    return {
        (then.id, now.id): common(then, now)
        for now in deliberations
        if now.look_back
        for then in deliberations
        if then.number == now.number
    }


class LookBack:
    """Who may still have what was published on a day, as of another day."""

    def __init__(self, held: Iterable[StoredDeliberation], today: date) -> None:
        self._held = tuple(held)
        self._pairs = _pairs(stored.deliberation for stored in self._held)
        self._today = today
        self._now: dict[str, list[Deliberation]] = {}
        for stored in self._held:
            version = stored.deliberation
            if version.look_back and stored.withdrawn is None and version.holds_on(today):
                self._now.setdefault(version.recipient, []).append(version)
        self._known: dict[tuple[str, date], Access] = {}

    @property
    def recipients(self) -> frozenset[str]:
        """The institutions with a right to anything of the past."""
        return frozenset(self._now)

    @property
    def projections(self) -> tuple[Projection, ...]:
        """All that copies can be made by."""
        return tuple(projection for pair in self._pairs.values() for projection in pair)

    def access(self, recipient: str, published: date) -> Access:
        """What a recipient may still have of what was published on a day."""
        key = recipient, published
        access = self._known.get(key)
        if access is None:
            access = self._known[key] = Access(tuple(self._permitted(recipient, published)))
        return access

    def _permitted(self, recipient: str, published: date) -> Iterable[Projection]:
        for now in self._now.get(recipient, ()):
            if published < _years_before(self._today, now.look_back or 0):
                continue
            for then in self._held:
                if then.deliberation.number == now.number and then.could_be_used_on(published):
                    yield from self._pairs[then.deliberation.id, now.id]
