"""Writes what a replay gives an institution: copies marked as such, and their disclosures.

Pure: no clock, no broker, no database.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from typing import NamedTuple

from confluent_kafka import murmur2

from consumers.directory import Dossiers
from consumers.exchange.account import Account
from consumers.exchange.batch import EventBatch, Received, opened
from consumers.exchange.records import OutgoingRecord, deliveries, disclosures
from consumers.narrowing.narrow import Narrowed, NarrowedCopy, narrow
from consumers.replay.due import Disclosed, EarlierEvent
from consumers.replay.look_back import LookBack
from schemas.legal_day import legal_day
from schemas.registry import SchemaBook

REGISTER = "register"


class Past(NamedTuple):
    """What was published about persons, by whom they are on file now, and what was disclosed of it already."""

    events: Sequence[EarlierEvent]
    dossiers: Dossiers
    disclosed: Disclosed


class Moment(NamedTuple):
    """When a replay is made, by which revision, and over how many partitions persons are spread."""

    at: datetime
    revision: int
    partitions: int


def replayed(
    past: Past, persons: Mapping[str, AbstractSet[bytes]], look_back: LookBack, schemas: SchemaBook, moment: Moment
) -> Iterator[OutgoingRecord]:
    """Copies and disclosures for the institutions (`persons`: by institution, the pseudonyms of its new dossiers)."""
    batch = opened(
        [
            Received(REGISTER, murmur2(key, moment.partitions), number, key, value)
            for number, (key, value, _) in enumerate(past.events)
        ],
        schemas,
    )
    days = {message.offset: legal_day(past.events[message.offset].at) for message in batch.sources}
    copies = [
        copy
        for institution, keys in persons.items()
        for copy in _copies(batch, days, institution, keys, past.dossiers, look_back)
        if (institution, copy.event, copy.projection.deliberation.partition("@")[0]) not in past.disclosed
    ]
    narrowed = Narrowed(copies=sorted(copies, key=lambda copy: copy.source))
    made = EventBatch(batch.sources, batch.events, [], [])
    account = Account(made, narrowed)
    yield from deliveries(made, narrowed, account)
    yield from disclosures(made, narrowed, account, moment.at, moment.revision, replay=True)


def _copies(
    batch: EventBatch,
    days: Mapping[int, date],
    institution: str,
    keys: AbstractSet[bytes],
    dossiers: Dossiers,
    look_back: LookBack,
) -> Iterable[NarrowedCopy]:
    """What one institution may have; `source` of each copy is its place in the whole batch."""
    by_day: dict[date, list[int]] = {}
    for index, message in enumerate(batch.sources):
        if message.key in keys:
            by_day.setdefault(days[message.offset], []).append(index)
    own = {
        person: [dossier for dossier in lines if dossier.institution == institution]
        for person, lines in dossiers.items()
    }
    for day, places in by_day.items():
        access = look_back.access(institution, day)
        narrowed = narrow([batch.events[index] for index in places], access, own, replay=True)
        for copy in narrowed.copies:
            yield copy._replace(source=places[copy.source])
