"""Writes what the exchange makes of a batch: copies, bundles for the rules, disclosures, dead letters.

Pure: no clock, no broker, no database.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from consumers.access import NOT_AUTHORISED, Access
from consumers.deliberations import RULES
from consumers.directory import Dossier
from consumers.exchange.batch import Batch, Received
from consumers.narrow import Narrowed, narrow
from schemas.codec import Record, encode
from schemas.contracts import contract
from schemas.dead_letter import Origin, dead_letter, lies_under
from schemas.institutions import INSTITUTIONS
from schemas.topics import DEAD_LETTERS, DISCLOSURES, FACTS, delivery

STAGE = "exchange"
UNREADABLE = "unreadable"
RECORD_BYTES = 800_000
"""Larger ones are split: brokers and clients take a megabyte unless told otherwise."""
BUNDLE_FACTS = 1_500
"""The facts of about five hundred persons: what one step of the rules takes in."""
ENTRIES = 7_000
"""Disclosures and refusals in one record, at most a hundred bytes each."""


class Outgoing(NamedTuple):
    """A record to write; partition -1 lets the key decide."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes


def exchanged(
    batch: Batch, access: Access, dossiers: Mapping[str, Sequence[Dossier]], at: datetime, revision: int = 0
) -> Iterator[Outgoing]:
    """Copies for institutions, bundles for the rules, disclosures, dead letters.

    `revision` says by which deliberations `access` judges.
    """
    narrowed = narrow(batch.events, access, dossiers)
    failed = [*batch.failed, *((batch.sources[one.source], one.reason) for one in narrowed.failures)]
    yield from deliveries(batch, narrowed)
    yield from bundles(batch, narrowed, at)
    yield from disclosures(batch, narrowed, at, revision)
    yield from (_dead(message, reason, at) for message, reason in failed)


def deliveries(batch: Batch, narrowed: Narrowed) -> Iterator[Outgoing]:
    """Each copy in the partition of its event, so that the order of a person is kept."""
    for source, _, projection, body in narrowed.copies:
        if projection.recipient != RULES:
            message = batch.sources[source]
            value = projection.contract.prefix + body
            yield Outgoing(delivery(projection.recipient), message.partition, message.key, value)


def _by_partition(batch: Batch, found: list[tuple[int, Record]]) -> Iterator[tuple[int, list[Record]]]:
    def partition(one: tuple[int, Record]) -> int:
        return batch.sources[one[0]].partition

    for number, group in groupby(sorted(found, key=partition), partition):
        yield number, [record for _, record in group]


def bundles(batch: Batch, narrowed: Narrowed, at: datetime) -> Iterator[Outgoing]:
    """The copies for the rules, many in one record."""
    facts: list[tuple[int, Record]] = [
        (
            source,
            {"person": batch.sources[source].key, "contract": projection.contract.id, "body": body},
        )
        for source, _, projection, body in narrowed.copies
        if projection.recipient == RULES
    ]
    for partition, records in _by_partition(batch, facts):
        for part in _parts(records):
            yield Outgoing(FACTS, partition, None, encode(contract(FACTS), {"at": at, "facts": part}))


def _parts(facts: list[Record]) -> Iterator[list[Record]]:
    """Facts in bundles that stay below the limits."""
    part: list[Record] = []
    size = 0
    for fact in facts:
        if part and (len(part) == BUNDLE_FACTS or size + len(fact["body"]) > RECORD_BYTES):
            yield part
            part, size = [], 0
        part.append(fact)
        size += len(fact["body"]) + 32
    if part:
        yield part


def disclosures(
    batch: Batch, narrowed: Narrowed, at: datetime, revision: int, *, replay: bool = False
) -> Iterator[Outgoing]:
    """What was done with every message of each partition, unreadable ones included in the count.

    A replay counts nothing: its events were counted where they were first exchanged.
    """
    copies: list[tuple[int, Record]] = [
        (
            source,
            {
                "event": event,
                "person": batch.sources[source].key,
                "recipient": projection.recipient,
                "deliberation": projection.deliberation,
                "contract": projection.contract.id,
            },
        )
        for source, event, projection, _ in narrowed.copies
    ]
    refusals: list[tuple[int, Record]] = [
        (
            source,
            {"event": event, "person": batch.sources[source].key, "recipient": recipient, "reason": reason},
        )
        for source, event, recipient, reason in narrowed.refusals
    ]
    made, refused = dict(_by_partition(batch, copies)), dict(_by_partition(batch, refusals))
    counted = {} if replay else _counted(batch, narrowed)
    counts: dict[int, int] = dict.fromkeys(made, 0)
    for message in batch.received:
        counts[message.partition] = counts.get(message.partition, 0) + 1
    for partition, count in counts.items():
        left, right = made.get(partition, []), refused.get(partition, [])
        left_count = count
        while left_count or left or right:
            some, left = left[:ENTRIES], left[ENTRIES:]
            room = ENTRIES - len(some)
            others, right = right[:room], right[room:]
            record = {
                "at": at,
                "exchanged": left_count,
                "disclosures": some,
                "refusals": others,
                "replay": replay,
                "revision": revision,
                "counted": counted.pop(partition, []),
            }
            yield Outgoing(DISCLOSURES, partition, None, encode(contract(DISCLOSURES), record))
            left_count = 0


def _counted(batch: Batch, narrowed: Narrowed) -> dict[int, list[Record]]:
    """By partition, how many events concern an institution so little that only their number says something.

    Every readable event is delivered to an institution, refused for a reason about the person, or counted here.
    """
    readable: Counter[int] = Counter(message.partition for message in batch.sources)
    readable.subtract(batch.sources[one.source].partition for one in narrowed.failures)
    told = {(copy.source, copy.projection.recipient) for copy in narrowed.copies}
    told.update((refusal.source, refusal.recipient) for refusal in narrowed.refusals)
    accounted = Counter((batch.sources[source].partition, recipient) for source, recipient in told)
    return {
        partition: [
            {"recipient": name, "reason": NOT_AUTHORISED, "events": left}
            for name in INSTITUTIONS
            if (left := events - accounted[partition, name])
        ]
        for partition, events in readable.items()
    }


def _dead(message: Received, reason: str, at: datetime) -> Outgoing:
    origin = Origin(message.topic, message.partition, message.offset)
    letter = dead_letter(origin, STAGE, UNREADABLE, reason, message.key, message.value, at)
    return Outgoing(DEAD_LETTERS, -1, lies_under(message.key), letter)
