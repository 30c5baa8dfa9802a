"""Derives what each institution should hold from what was accepted, who was on file when, and who could have what when.

It reads the register, all changes of the directory and of the deliberations, person by person and never all at once, as
the role `replay`. Of the exchange's own work it uses one thing: the moment at which an event was judged. The judgement
itself is the same pure code (`consumers.narrowing.access`, `consumers.replay.look_back`). Which dossiers and
deliberations existed at a moment is worked out here.

Where something changed within seconds of a judgement, or a period was shortened later, more than one outcome is right:
then whichever is on record counts.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from confluent_kafka import murmur2
from psycopg import Connection, Cursor

from backbone import postgres
from backbone.settings import Settings
from backbone.tally import Sums, Tally, digest_of
from consumers.deliberations import RULES
from consumers.deliberations.store import StoredDeliberation, current
from consumers.directory import Dossier
from consumers.narrowing.access import Access, Standings
from consumers.narrowing.event_codec import OpenedEvent, UnreadableBody, shape
from consumers.narrowing.projection import in_force, projections
from consumers.replay.look_back import LookBack
from schemas.codec import BadFrame, split
from schemas.contracts import Contract
from schemas.legal_day import legal_day
from schemas.registry import SchemaBook, UnknownSchema
from schemas.roles import Role

AT_ONCE = 2_000
"""Events looked at together, and those of the last person whole."""
CLOSE = timedelta(seconds=5)
"""So near to a judgement a change may or may not have been seen."""
REPLAYED = timedelta(seconds=60)
"""So long after a person came on file a replay may have judged."""
EVER = datetime(1970, 1, 1, tzinfo=UTC)

ACCEPTED = "select key, value, at from register.outbox order by key, tx, id"
COMINGS = "select person, institution, quality, since, until, at from directory.integration where person = any(%s)"
DOSSIERS = "select person, institution, quality, since, until, ended from directory.dossier where person = any(%s)"
JUDGED = """
select event, min(at) from audit.disclosure join audit.segment using (partition, number)
where person = any(%s) and not replay group by event
"""
MADE = "select recipient, event, deliberation from audit.disclosure where person = any(%s)"

DeliveryCell = tuple[str, str, int]
"""Recipient, deliberation and partition."""
Basis = tuple[str, str]
"""Recipient and deliberation."""


class AcceptedEvent(NamedTuple):
    """An accepted event, opened."""

    key: bytes
    opened: OpenedEvent
    contract: Contract
    at: datetime


@dataclass(slots=True)
class DossierTimeline:
    """A dossier through time: when it came on file with which end, when it ended, and the end it has now."""

    comings: list[tuple[datetime, date | None]]
    endings: list[datetime]
    until: date | None

    def stood(self, moment: datetime, *, as_now: bool) -> tuple[bool, date | None]:
        """Whether it was on file at a moment, and until when; `as_now`: by the end it has today."""
        come = [coming for coming in self.comings if coming[0] <= moment]
        if not come:
            return False, None
        last, until = max(come, key=lambda coming: coming[0])
        over = any(last < ended <= moment for ended in self.endings)
        return not over, self.until if as_now else until


DossierTimelines = Mapping[tuple[str, str, date], DossierTimeline]
"""The files of a person, by institution, quality and first day."""


class Bases:
    """Who could have what at a moment, as the deliberations stood then."""

    def __init__(self, held: Sequence[StoredDeliberation]) -> None:
        self._held = held
        self.changes = sorted(
            moment for version in held for moment in (version.loaded, version.withdrawn) if moment is not None
        )
        self._access: dict[tuple[int, date], Access] = {}
        self._look_backs: dict[tuple[int, date], LookBack] = {}

    def _at(self, moment: datetime) -> tuple[StoredDeliberation, ...]:
        return tuple(
            version if version.withdrawn is None or version.withdrawn <= moment else replace(version, withdrawn=None)
            for version in self._held
            if version.loaded <= moment
        )

    def access(self, moment: datetime) -> Access:
        """What could be had of an event judged at a moment."""
        day = legal_day(moment)
        state = bisect_right(self.changes, moment), day
        access = self._access.get(state)
        if access is None:
            usable = [version.deliberation for version in self._at(moment) if version.withdrawn is None]
            access = self._access[state] = Access(in_force(projections(usable), day))
        return access

    def look_back(self, moment: datetime) -> LookBack:
        """What could be had of the past at a moment."""
        day = legal_day(moment)
        state = bisect_right(self.changes, moment), day
        look_back = self._look_backs.get(state)
        if look_back is None:
            look_back = self._look_backs[state] = LookBack(self._at(moment), day)
        return look_back


@dataclass(slots=True)
class DueCopies:
    """What is due of an event: what certainly is, and what may be."""

    certain: set[Basis]
    possible: set[Basis]


def standing(files: DossierTimelines, moment: datetime, *, as_now: bool, only: str | None = None) -> list[Dossier]:
    """The dossiers of a person as they stood at a moment, at every institution or at one."""
    dossiers = []
    for (institution, quality, since), file in files.items():
        there, until = file.stood(moment, as_now=as_now)
        if there and only in {None, institution}:
            dossiers.append(Dossier(institution, quality, since, until))
    return dossiers


def _granted(fact: AcceptedEvent, access: Access, dossiers: list[Dossier]) -> set[Basis]:
    opened = fact.opened
    standings = Standings({opened.person: dossiers}).of(opened)
    judged = access.judge(fact.contract.name, standings, opened.decision and opened.decision.kind)
    return {(projection.recipient, projection.deliberation) for projection in judged.granted}


def _moments(moment: datetime, later: timedelta, changes: Sequence[datetime]) -> list[datetime]:
    """The moment, and those around it between which something changed."""
    first, last = moment - CLOSE, moment + later
    near = any(first <= change <= last for change in changes)
    return [first, moment, last] if near else [moment]


def derive(fact: AcceptedEvent, files: DossierTimelines, bases: Bases, judged: datetime) -> DueCopies:
    """What is due of an event that was judged at a moment: pure."""
    changes = [
        *bases.changes,
        *(moment for file in files.values() for moment, _ in file.comings),
        *(moment for file in files.values() for moment in file.endings),
    ]
    outcomes = [
        _granted(fact, bases.access(moment), standing(files, moment, as_now=as_now))
        for moment in _moments(judged, CLOSE, changes)
        for as_now in (False, True)
    ]
    certain, possible = set.intersection(*outcomes), set.union(*outcomes)
    comings = sorted({(moment, key[0]) for key, file in files.items() for moment, _ in file.comings})
    for came, institution in comings:
        if came < judged - CLOSE:
            continue
        outcomes = [
            _granted(
                fact,
                bases.look_back(moment).access(institution, legal_day(fact.at)),
                standing(files, moment, as_now=as_now, only=institution),
            )
            for moment in _moments(came, REPLAYED, [change for change in changes if change != came])
            for as_now in (False, True)
        ]
        # What was copied on any version of a deliberation is not copied again on another.
        surely = {(recipient, basis.partition("@")[0]) for recipient, basis in certain}
        some = {
            basis for outcome in outcomes for basis in outcome if (basis[0], basis[1].partition("@")[0]) not in surely
        }
        always = set.intersection(*outcomes) & some
        maybe = {(recipient, basis.partition("@")[0]) for recipient, basis in possible - certain}
        certain |= {basis for basis in always if (basis[0], basis[1].partition("@")[0]) not in maybe}
        possible |= some
    return DueCopies(certain, possible | certain)


def _files(cursor: Cursor[Any], persons: list[str]) -> dict[str, dict[tuple[str, str, date], DossierTimeline]]:
    by_person: dict[str, dict[tuple[str, str, date], DossierTimeline]] = defaultdict(dict)
    for person, institution, quality, since, until, ended in cursor.execute(DOSSIERS, (persons,)):
        file = by_person[person].setdefault((institution, quality, since), DossierTimeline([], [], until))
        if ended is None:
            file.until = until
        else:
            file.endings.append(ended)
    for person, institution, quality, since, until, at in cursor.execute(COMINGS, (persons,)):
        known = by_person[person].get((institution, quality, since))
        if known is not None:
            known.comings.append((at, until))
    for files in by_person.values():
        for file in files.values():
            # On file before anybody wrote down when: since ever.
            file.comings = file.comings or [(EVER, file.until)]
    return by_person


def _chunks(connection: Connection[Any], book: SchemaBook) -> Iterator[list[AcceptedEvent]]:
    """Every accepted event that can be read, in the order of persons; a person is never cut in two."""
    with connection.cursor(name="accepted", binary=True) as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(ACCEPTED)
        chunk: list[AcceptedEvent] = []
        for key, value, at in cursor:
            try:
                number, body = split(bytes(value))
                contract = book.get(number)
                fact = AcceptedEvent(bytes(key), shape(contract).open(body), contract, at)
            except (BadFrame, UnknownSchema, UnreadableBody):
                continue
            if len(chunk) >= AT_ONCE and chunk[-1].key != fact.key:
                yield chunk
                chunk = []
            chunk.append(fact)
        if chunk:
            yield chunk


def due(settings: Settings) -> dict[DeliveryCell, Tally]:
    """What every recipient should hold, by deliberation and partition.

    Raises Retry.
    """
    sums: Sums[DeliveryCell] = Sums()
    with (
        postgres.connect(settings, Role.REPLAY) as reading,
        postgres.connect(settings, Role.REPLAY, autocommit=True) as asking,
    ):
        with asking.cursor() as cursor:
            bases = Bases(current(cursor).held)
        for facts in _chunks(reading, SchemaBook()):
            keys = list({fact.key for fact in facts})
            with asking.cursor(binary=True) as cursor:
                files = _files(cursor, list({fact.opened.person for fact in facts}))
                judged: dict[str, datetime] = dict(cursor.execute(JUDGED, (keys,)).fetchall())
                made = set(cursor.execute(MADE, (keys,)).fetchall())
            for fact in facts:
                event = fact.opened.event
                due_copies = derive(fact, files.get(fact.opened.person, {}), bases, judged.get(event, fact.at))
                partition, digest = murmur2(fact.key, settings.partitions), digest_of(event)
                for recipient, basis in due_copies.possible:
                    if (recipient, basis) in due_copies.certain or (recipient, event, basis) in made:
                        sums.add((recipient, basis, partition), digest)
    return sums.tallies()


def of(tallies: Mapping[DeliveryCell, Tally], recipient: str) -> dict[tuple[str, int], Tally]:
    """What is due to one recipient."""
    return {(basis, partition): tally for (name, basis, partition), tally in tallies.items() if name == recipient}


__all__ = ["RULES", "AcceptedEvent", "Bases", "DossierTimeline", "DueCopies", "derive", "due", "of"]
