"""Decides whether a change of a dossier is accepted, or reports everything that is wrong with it.

Pure: changes and stored dossiers in, verdicts and dossiers to write out; no clock, no database.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from consumers.directory.return_codes import ChangeFault, ReturnCode
from schemas.identifiers import is_inss
from schemas.qualities import everywhere, filed, gives_right

INTEGRATE, CHANGE, END = "integrate", "change", "end"
FIRST = 1
"""The version of a dossier that is new."""
OF_THE_KEY = {ReturnCode.WRONG_NUMBER, ReturnCode.UNKNOWN_QUALITY, ReturnCode.NOT_YOUR_QUALITY}
"""With a wrong key there are no dossiers to compare the change with."""


class DossierKey(NamedTuple):
    """Who is on file where in which quality; its dossiers may not overlap."""

    person: str
    institution: str
    quality: str


class DossierChange(NamedTuple):
    """A change an institution makes to one of its dossiers; version None means the next version."""

    id: str
    action: str
    key: DossierKey
    since: date
    until: date | None
    version: int | None


@dataclass(slots=True)
class StoredDossier:
    """A dossier as it is stored, or will be; `fresh` while it is not stored yet."""

    since: date
    until: date | None
    version: int
    ended: datetime | None = None
    fresh: bool = False


class ChangeVerdict(NamedTuple):
    """The faults of a change, and the version of its dossier in the directory now; 0 where there is none."""

    faults: tuple[ChangeFault, ...]
    version: int


class IntegratedPeriod(NamedTuple):
    """The period of a dossier that is new, or lasts longer than before."""

    key: DossierKey
    since: date
    until: date | None


def overlap(first: date, last: date | None, since: date, until: date | None) -> bool:
    """Whether two periods, both days included, have a day in common."""
    return (until is None or first <= until) and (last is None or since <= last)


def grew(before: date | None, after: date | None) -> bool:
    """Whether a period lasts longer than before."""
    return before is not None and (after is None or after > before)


def wrong(key: DossierKey, since: date, until: date | None) -> Iterator[ChangeFault]:
    """The faults of a dossier by itself; never quotes the given values, which may be anything."""
    if not is_inss(key.person):
        yield ChangeFault(ReturnCode.WRONG_NUMBER, "person")
    if key.quality not in filed(key.institution):
        code = ReturnCode.NOT_YOUR_QUALITY if key.quality in everywhere() else ReturnCode.UNKNOWN_QUALITY
        yield ChangeFault(code, f"quality; {key.institution} has {', '.join(sorted(filed(key.institution)))}")
    if until is not None and until < since:
        yield ChangeFault(ReturnCode.PERIOD_REVERSED, f"until {until}, from {since}")


class OpenDossiers:
    """The open dossiers of some keys, updated by changes in order."""

    def __init__(self, kept: Mapping[DossierKey, Iterable[StoredDossier]]) -> None:
        self._live = {key: list(dossiers) for key, dossiers in kept.items()}
        self._touched: dict[int, tuple[DossierKey, StoredDossier]] = {}
        self.integrations: list[IntegratedPeriod] = []

    @property
    def touched(self) -> list[tuple[DossierKey, StoredDossier]]:
        """Every dossier that is new or changed."""
        return list(self._touched.values())

    def version(self, change: DossierChange) -> int:
        """The version of the dossier a change is about; 0 where there is none."""
        kept = self._kept(change)
        return kept.version if kept else 0

    def take_in(self, change: DossierChange, at: datetime, faults: Iterable[ChangeFault] = ()) -> ChangeVerdict:
        """Take a change in unless something is wrong with it; `faults` are those found before."""
        ends = change.action == END
        all_faults = [*faults, *wrong(change.key, change.since, None if ends else change.until)]
        sound = OF_THE_KEY.isdisjoint(fault.code for fault in all_faults)
        kept = self._kept(change) if sound else None
        if sound:
            all_faults += self._against(change, kept)
        if all_faults:
            return ChangeVerdict(tuple(all_faults), kept.version if kept else 0)
        return ChangeVerdict((), self._do(change, kept, at))

    def _kept(self, change: DossierChange) -> StoredDossier | None:
        return next((dossier for dossier in self._live.get(change.key, ()) if dossier.since == change.since), None)

    def _against(self, change: DossierChange, kept: StoredDossier | None) -> Iterator[ChangeFault]:
        """What contradicts the stored dossiers."""
        if change.action != INTEGRATE and kept is None:
            yield ChangeFault(ReturnCode.NOT_INTEGRATED)
            return
        expected = FIRST if change.action == INTEGRATE or kept is None else kept.version + 1
        if change.version not in {None, expected}:
            yield ChangeFault(ReturnCode.VERSION_CONFLICT, f"version {change.version}, expected {expected}")
        if change.action == END or (change.until is not None and change.until < change.since):
            return
        others = (
            dossier for dossier in self._live.get(change.key, ()) if change.action == INTEGRATE or dossier is not kept
        )
        if any(overlap(dossier.since, dossier.until, change.since, change.until) for dossier in others):
            yield ChangeFault(ReturnCode.PERIOD_CONFLICT)

    def _do(self, change: DossierChange, kept: StoredDossier | None, at: datetime) -> int:
        if kept is None:
            kept = StoredDossier(change.since, change.until, FIRST, fresh=True)
            self._live.setdefault(change.key, []).append(kept)
            self._integrated(change)
        else:
            kept.version += 1
            if change.action == END:
                kept.ended = at
                self._live[change.key].remove(kept)
            else:
                if grew(kept.until, change.until):
                    self._integrated(change)
                kept.until = change.until
        self._touched[id(kept)] = change.key, kept
        return kept.version

    def _integrated(self, change: DossierChange) -> None:
        if gives_right(change.key.quality):
            self.integrations.append(IntegratedPeriod(change.key, change.since, change.until))
