"""Polls batches as a member of a consumer group, and returns nothing that was polled while partitions changed hands."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, Producer, TopicPartition
from psycopg import Connection

from backbone import kafka, positions, transactions
from backbone.errors import Retry
from backbone.positions import Positions

IDLE_S = 0.2
FILL_S = 0.2
"""How long to wait for a batch to fill once there is a record: ten records cost a transaction as much as 10,000."""

Partitions = Sequence[TopicPartition]


def poll(reader: Consumer, size: int, idle: float = IDLE_S, fill: float = FILL_S) -> list[Message]:
    """Up to `size` records: none when nothing comes, few when little comes, without waiting long.

    Raises Retry, AccessRefused, Stop.
    """
    polled = reader.consume(1, idle)
    if polled and size > 1:
        polled += reader.consume(size - 1, fill)
    # `is not None`, because a record without a value is falsy and would be dropped silently.
    return [message for message in polled if kafka.alive(message) is not None]


def next_offsets(messages: Iterable[Message]) -> dict[tuple[str, int], int]:
    """By topic and partition, the offset after the last of these messages."""
    return {
        (str(message.topic()), int(message.partition() or 0)): int(message.offset() or 0) + 1 for message in messages
    }


def _nothing(_partitions: Partitions) -> None:
    """What most processes do when partitions are assigned or revoked."""


def close(reader: Consumer) -> None:
    """Leave the group."""
    with suppress(KafkaException, RuntimeError):
        reader.close()


class BrokerOffsets:
    """Reads from the offsets that the broker keeps; they are committed in the Kafka transaction of what is written."""

    def __init__(self, reader: Consumer, topics: Sequence[str]) -> None:
        self._reader = reader
        self._revoked = False
        reader.subscribe(list(topics), on_revoke=self._revoke)

    def _revoke(self, _reader: Consumer, _partitions: list[TopicPartition]) -> None:
        self._revoked = True

    def poll(self, size: int) -> list[Message]:
        """The next batch.

        Raises Retry, AccessRefused, Stop.
        """
        self._revoked = False
        messages = poll(self._reader, size)
        if not self._revoked:
            return messages
        self._seek_back(messages)
        return []

    def commit(self, messages: Iterable[Message], target: Producer) -> None:
        """Put the offsets after these messages into the open transaction of `target`."""
        target.send_offsets_to_transaction(
            [TopicPartition(*partition, offset) for partition, offset in next_offsets(messages).items()],
            self._reader.consumer_group_metadata(),
            transactions.TIMEOUT_S,
        )

    def _seek_back(self, messages: Iterable[Message]) -> None:
        """Read these again, as far as their partitions are still ours."""
        first: dict[tuple[str, int], int] = {}
        for message in messages:
            partition, offset = (str(message.topic()), int(message.partition() or 0)), int(message.offset() or 0)
            first[partition] = min(first.get(partition, offset), offset)
        ours = {(assigned.topic, assigned.partition) for assigned in self._reader.assignment()}
        try:
            for partition, offset in first.items():
                if partition in ours:
                    self._reader.seek(TopicPartition(*partition, offset))
        except KafkaException as error:
            raise Retry("The partitions changed hands.") from error

    def close(self) -> None:
        """Leave the group."""
        close(self._reader)


class StoredPositions:
    """Reads from the positions that a schema of PostgreSQL keeps; they are stored in the transaction of the rows."""

    def __init__(self, reader: Consumer, connection: Connection[Any], schema: str) -> None:
        self._reader = reader
        self._connection = connection
        self._schema = schema
        self._reassigned = False
        self._has_polled = False
        self.since: Positions = {}
        """Where this reader found or last left each position."""

    def subscribe(
        self,
        topics: Sequence[str],
        assigned: Callable[[Partitions], None] = _nothing,
        revoked: Callable[[Partitions], None] = _nothing,
    ) -> None:
        """Join the group. `assigned` and `revoked` hear which partitions were given or taken, between two batches."""

        def assign(reader: Consumer, partitions: list[TopicPartition]) -> None:
            held = self.stored()
            given = [(partition.topic, partition.partition) for partition in partitions]
            self.since = {partition: held[partition] for partition in given if partition in held}
            # Before the first assignment there is nothing to poll, so what comes with it need not be read again.
            self._reassigned = self._reassigned or self._has_polled
            reader.assign([self._start(*partition) for partition in given])
            assigned(partitions)

        def revoke(_reader: Consumer, partitions: list[TopicPartition]) -> None:
            self._reassigned = True
            revoked(partitions)

        self._reader.subscribe(list(topics), on_assign=assign, on_revoke=revoke, on_lost=revoke)

    def stored(self) -> Positions:
        """The positions that the database has now."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            return positions.load(cursor, self._schema)

    def poll(self, size: int, idle: float = IDLE_S, fill: float = FILL_S) -> list[Message]:
        """The next batch.

        Raises Retry, AccessRefused, Stop.
        """
        self._reassigned = False
        messages = poll(self._reader, size, idle, fill)
        self._has_polled = self._has_polled or bool(messages)
        if not messages or not self._reassigned:
            return messages
        try:
            for assigned in self._reader.assignment():
                self._reader.seek(self._start(assigned.topic, assigned.partition))
        except KafkaException as error:
            raise Retry("The partitions changed hands.") from error
        return []

    def _start(self, topic: str, partition: int) -> TopicPartition:
        return TopicPartition(topic, partition, self.since.get((topic, partition), OFFSET_BEGINNING))

    def stored_up_to(self, following: Mapping[tuple[str, int], int]) -> None:
        """Remember what the database has since its transaction was committed."""
        self.since |= following

    def close(self) -> None:
        """Leave the group."""
        close(self._reader)
