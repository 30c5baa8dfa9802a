"""Turns a batch into the records that the exchange writes: copies, bundles for the rules, disclosures, dead letters.

Pure: no clock, no broker, no database.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple, TypeVar

from consumers.deliberations import RULES
from consumers.directory import Dossier
from consumers.exchange.account import Account
from consumers.exchange.batch import EventBatch, Received
from consumers.narrowing.access import NOT_AUTHORISED, Access
from consumers.narrowing.narrow import Narrowed, NarrowedCopy, narrow
from schemas.codec import encode
from schemas.contracts import contract
from schemas.dead_letter import Origin, dead_letter, lies_under
from schemas.topics import DEAD_LETTERS, DISCLOSURES, FACTS, delivery
from schemas.twins.audit_disclosures import Counted, Disclosure, Disclosures, Refusal
from schemas.twins.rules_facts import Bundle, Fact

Thing = TypeVar("Thing")
STAGE = "exchange"
UNREADABLE = "unreadable"
RECORD_BYTES = 800_000
"""Larger ones are split: brokers and clients take a megabyte unless told otherwise."""
BUNDLE_FACTS = 1_500
"""The facts of about five hundred persons: what one step of the rules takes in."""
ENTRIES = 7_000
"""Disclosures and refusals in one record, at most a hundred bytes each."""


class OutgoingRecord(NamedTuple):
    """A record to write; partition -1 lets the key decide."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes


def exchanged(
    batch: EventBatch, access: Access, dossiers: Mapping[str, Sequence[Dossier]], at: datetime, revision: int = 0
) -> Iterator[OutgoingRecord]:
    """Copies for institutions, bundles for the rules, disclosures, dead letters.

    `revision` is that of the deliberations behind `access`.
    """
    narrowed = narrow(batch.events, access, dossiers)
    account = Account(batch, narrowed)
    failed = [*batch.failed, *((batch.sources[failure.source], failure.reason) for failure in narrowed.failures)]
    yield from deliveries(batch, narrowed, account)
    yield from bundles(batch, narrowed, at, account)
    yield from disclosures(batch, narrowed, account, at, revision)
    yield from (_dead(message, reason, at) for message, reason in failed)


def deliveries(batch: EventBatch, narrowed: Narrowed, account: Account) -> Iterator[OutgoingRecord]:
    """Each copy in the partition of its event, so that the order of a person is kept; counted as it is written."""
    for source, event, day, projection, body in narrowed.copies:
        if projection.recipient != RULES:
            message = batch.sources[source]
            value = projection.contract.prefix + body
            account.leaves(message.partition, event, day, projection)
            yield OutgoingRecord(delivery(projection.recipient), message.partition, message.key, value)


def _by_partition(batch: EventBatch, rows: list[tuple[int, Thing]]) -> Iterator[tuple[int, list[Thing]]]:
    def partition(row: tuple[int, Thing]) -> int:
        return batch.sources[row[0]].partition

    for number, group in groupby(sorted(rows, key=partition), partition):
        yield number, [record for _, record in group]


def bundles(batch: EventBatch, narrowed: Narrowed, at: datetime, account: Account) -> Iterator[OutgoingRecord]:
    """The copies for the rules, many in one record; counted as they are written."""
    facts = [(copy.source, copy) for copy in narrowed.copies if copy.projection.recipient == RULES]
    for partition, copies in _by_partition(batch, facts):
        for part in _parts(copies):
            records: list[Fact] = []
            for source, event, day, projection, body in part:
                records.append({"person": batch.sources[source].key, "contract": projection.contract.id, "body": body})
                account.leaves(partition, event, day, projection)
            bundle: Bundle = {"at": at, "facts": records}
            yield OutgoingRecord(FACTS, partition, None, encode(contract(FACTS), bundle))


def _parts(facts: list[NarrowedCopy]) -> Iterator[list[NarrowedCopy]]:
    """Facts in bundles that stay below the limits."""
    part: list[NarrowedCopy] = []
    size = 0
    for fact in facts:
        if part and (len(part) == BUNDLE_FACTS or size + len(fact.body) > RECORD_BYTES):
            yield part
            part, size = [], 0
        part.append(fact)
        size += len(fact.body) + 32
    if part:
        yield part


def disclosures(
    batch: EventBatch, narrowed: Narrowed, account: Account, at: datetime, revision: int, *, replay: bool = False
) -> Iterator[OutgoingRecord]:
    """What became of every message of each partition; unreadable messages are in the count.

    Sums are in the first record of each partition. A replay sums up its copies only: its events were counted when they
    were first exchanged.
    """
    copies: list[tuple[int, Disclosure]] = [
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
        for source, event, _, projection, _ in narrowed.copies
    ]
    refusals: list[tuple[int, Refusal]] = [
        (
            source,
            {"event": event, "person": batch.sources[source].key, "recipient": recipient, "reason": reason},
        )
        for source, event, recipient, reason in narrowed.refusals
    ]
    made, refused = dict(_by_partition(batch, copies)), dict(_by_partition(batch, refusals))
    counted = {} if replay else _counted(batch, narrowed)
    if not replay:
        account.settle()
    counts: dict[int, int] = dict.fromkeys(made, 0)
    for message in batch.received:
        counts[message.partition] = counts.get(message.partition, 0) + 1
    for partition, count in counts.items():
        copies_left, refusals_left = made.get(partition, []), refused.get(partition, [])
        exchanged_count = count
        while exchanged_count or copies_left or refusals_left:
            copies_now, copies_left = copies_left[:ENTRIES], copies_left[ENTRIES:]
            room = ENTRIES - len(copies_now)
            refusals_now, refusals_left = refusals_left[:room], refusals_left[room:]
            record: Disclosures = {
                "at": at,
                "exchanged": exchanged_count,
                "disclosures": copies_now,
                "refusals": refusals_now,
                "replay": replay,
                "revision": revision,
                "counted": counted.pop(partition, []),
                **account.sums(partition),
            }
            yield OutgoingRecord(DISCLOSURES, partition, None, encode(contract(DISCLOSURES), record))
            exchanged_count = 0


def _counted(batch: EventBatch, narrowed: Narrowed) -> dict[int, list[Counted]]:
    """By partition, for how many events an institution is neither entitled nor has the person on file."""
    kept: Counter[tuple[int, tuple[str, ...]]] = Counter(
        (batch.sources[source].partition, unconcerned) for source, _, unconcerned in narrowed.read
    )
    events: dict[int, Counter[str]] = defaultdict(Counter)
    for (partition, unconcerned), number in kept.items():
        for name in unconcerned:
            events[partition][name] += number
    return {
        partition: [{"recipient": name, "reason": NOT_AUTHORISED, "events": number} for name, number in numbers.items()]
        for partition, numbers in events.items()
    }


def _dead(message: Received, reason: str, at: datetime) -> OutgoingRecord:
    origin = Origin(message.topic, message.partition, message.offset)
    letter = dead_letter(origin, STAGE, UNREADABLE, reason, message.key, message.value, at)
    return OutgoingRecord(DEAD_LETTERS, -1, lies_under(message.key), letter)
