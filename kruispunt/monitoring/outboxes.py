"""Compares an outbox with its topics, by what each message says rather than by its position."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, LiteralString

from confluent_kafka import Message, TopicPartition
from psycopg import Connection, sql

from backbone import horizon, kafka, postgres
from backbone.marks import StoredMark
from backbone.outbox import OutboxRow, OutboxSource
from backbone.progress import Progress
from backbone.settings import Settings
from backbone.trouble import translated
from schemas.codec import decode_body, split
from schemas.contracts import contract
from schemas.identifiers import event_of
from schemas.registry import SchemaBook
from schemas.roles import Role
from schemas.topics import ANSWERS, DEAD_LETTERS, DECLARATIONS, FINDINGS, topic

Identity = tuple[Any, ...]
MessagePlace = tuple[str, int, int]
ROWS: LiteralString = """
select tx::text::bigint, id, topic, key, value, {} from {}.outbox
where (tx, id) > (%s::text::xid8, %s) and tx < %s::text::xid8 order by tx, id
"""
FETCH = 1_000
SINCE: LiteralString = "select exists (select from dead.outbox where (tx, id) > (%s::text::xid8, %s))"
PUT_BACK: LiteralString = """select topic, partition, "offset" from dead.closing where state = 'replayed'"""
REGISTER = "register"
ONCE = frozenset({REGISTER, "rules"})
"""Outboxes in which no two messages have the same identity."""
PASSING = ("occurred_at", "trace_parent")
"""What differs when the same fact is accepted again."""


class IdentityReader:
    """Identifies messages, so that one that was created again is recognised."""

    def __init__(self) -> None:
        self._schemas = SchemaBook()

    def identity(self, name: str, key: bytes, value: bytes) -> Identity:
        """What a message is about: equal for a message that was created again later."""
        if name in DECLARATIONS:
            return name, event_of(value)
        number, body = split(value)
        if name == FINDINGS:
            finding = decode_body(self._schemas.get(number), body)
            return name, finding["finding"], finding["version"]
        if name == DEAD_LETTERS:
            letter = decode_body(self._schemas.get(number), body)
            return name, letter["stage"], letter["topic"], letter["partition"], letter["offset"], key
        if number == contract(ANSWERS).id:
            answer = decode_body(contract(ANSWERS), body)
            return name, answer["change"], answer["code"]
        return name, key, value

    def content(self, value: bytes) -> dict[str, Any]:
        """The content of an event without its moment."""
        number, body = split(value)
        return {
            name: field_value
            for name, field_value in decode_body(self._schemas.get(number), body).items()
            if name not in PASSING
        }


@dataclass
class Comparison:
    """What an outbox and its topics differ in, since the last moment both certainly agreed.

    `only_published` has what the outbox lacks; `altered` what it has, under the same name, with other bytes.
    """

    source: str
    last: Progress
    missing: int = 0
    only_published: Counter[Identity] = field(default_factory=Counter)
    altered: dict[Identity, bytes] = field(default_factory=dict)


def published(config: Settings, source: OutboxSource, kept: StoredMark) -> Iterator[Message]:
    """The messages on the topics of an outbox that were published after that moment.

    Raises Stop when some of it is not there any more.
    """
    put_back_from = _put_back_from(config, kept) if source.placed else frozenset()
    if put_back_from is None:
        return
    places = [
        TopicPartition(name, number, kept.ends.get((name, number), 0))
        for name in source.topics
        for number in range(topic(name).partitions(config.partitions))
    ]
    for message in kafka.read_to_end(config, Role.OPERATOR, places):
        # Other stages write dead letters to the same topic; a replayed message is on its topic twice.
        if (message.topic() != DEAD_LETTERS or _stage(message) == source.name) and _position(
            message
        ) not in put_back_from:
            yield message


def _put_back_from(config: Settings, kept: StoredMark) -> frozenset[MessagePlace] | None:
    """Where the messages were that were put back; None when none was since that moment."""
    with postgres.connect(config, Role.INSPECTOR, autocommit=True) as connection, translated():
        since = connection.execute(SINCE, (str(kept.reached.tx), kept.reached.id)).fetchone()
        if not since or not since[0]:
            return None
        return frozenset(connection.execute(PUT_BACK).fetchall())


def _position(message: Message) -> MessagePlace:
    return str(message.topic()), int(message.partition() or 0), int(message.offset() or 0)


def _stage(message: Message) -> str:
    number, body = split(message.value() or b"")
    return str(decode_body(SchemaBook().get(number), body)["stage"])


class Outbox:
    """One outbox beside its topics; compare it under its lock, so that nothing is published meanwhile."""

    def __init__(self, source: OutboxSource, kept: StoredMark, messages: Iterable[Message]) -> None:
        self._source = source
        self._kept = kept
        self._reader = IdentityReader()
        self._there: Counter[Identity] = Counter()
        self._bytes: dict[Identity, int] = {}
        for message in messages:
            name, key, value = str(message.topic()), bytes(message.key() or b""), bytes(message.value() or b"")
            identity = self._identity(name, int(message.partition() or 0), key, value)
            # An event or a finding is published once; a second one is a dead letter that was replayed.
            self._there[identity] = 1 if self._source.name in ONCE else self._there[identity] + 1
            if self._source.name == REGISTER:
                self._bytes[identity] = hash(value)

    def compare(self, connection: Connection[Any]) -> Comparison:
        """What differs."""
        comparison = Comparison(self._source.name, self._kept.reached)
        for _ in self.unpublished(connection, comparison):
            comparison.missing += 1
        return comparison

    def unpublished(self, connection: Connection[Any], comparison: Comparison) -> Iterator[OutboxRow]:
        """The rows that are on no topic, in their order; `found` has the rest once all are taken."""
        left = self._there.copy()
        query = sql.SQL(ROWS).format(self._source.partition, sql.Identifier(self._source.name))
        with (
            horizon.settled(connection, self._source.table) as end,
            connection.cursor(name="compared", binary=True) as cursor,
        ):
            cursor.itersize = FETCH
            cursor.execute(query, (str(self._kept.reached.tx), self._kept.reached.id, str(end)))
            for values in cursor:
                row = OutboxRow(*values)
                comparison.last = Progress(row.tx, row.id)
                identity = self._identity(row.topic, row.partition, row.key or b"", row.value)
                if left[identity] > 0:
                    left[identity] -= 1
                    if self._bytes.get(identity, hash(row.value)) != hash(row.value):
                        comparison.altered[identity] = row.value
                else:
                    yield row
        if not self._source.placed:
            comparison.only_published = +left

    def _identity(self, name: str, partition: int, key: bytes, value: bytes) -> Identity:
        if self._source.placed:
            return name, partition, key, value
        return self._reader.identity(name, key, value)


def otherwise(altered: Mapping[Identity, bytes], messages: Iterable[Message]) -> list[str]:
    """The declarations that say something else in the register than what was published under the same event."""
    reader, different = IdentityReader(), set()
    for message in messages:
        value = bytes(message.value() or b"")
        row = altered.get(reader.identity(str(message.topic()), b"", value))
        if row is not None and (said := reader.content(row)) != reader.content(value):
            different.add(str(said["declaration"]))
    return sorted(different)
