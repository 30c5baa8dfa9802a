"""Consumers, topics and an administrator, as much of them as is used; contract tests hold them to real ones."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from backbone.errors import Stop

TOPIC = "some topic"
Rebalanced = Callable[[Any, list[TopicPartition]], None]


def polled(partition: int, offset: int, topic: str = TOPIC) -> Message:
    """A message that has no value."""
    return Message(topic=topic, partition=partition, offset=offset)


class Group:
    """A consumer over records of one topic in memory, whose partitions change hands when a test says so.

    As a real one it hears of its partitions while it polls, and reads from where it was assigned or last sought.
    """

    def __init__(self, records: Iterable[Message], partitions: Sequence[int] = (0,)) -> None:
        self.records = list(records)
        self.sought: list[tuple[str, int, int]] = []
        self.fails = False
        self._partitions: Sequence[int] = partitions
        self._assigned: dict[int, int] | None = None
        self._left: Sequence[int] | None = None
        self._closed = False

    def subscribe(
        self,
        topics: list[str],
        on_assign: Rebalanced | None = None,
        on_revoke: Rebalanced | None = None,
        **_others: Rebalanced,
    ) -> None:
        [self._topic] = topics
        self._on_assign, self._on_revoke = on_assign, on_revoke

    def change_hands(self, left: Sequence[int] = (0,)) -> None:
        """All partitions are revoked once more while the next records are polled, and these are given back."""
        self._left = left

    def consume(self, number: int, _timeout: float) -> list[Message]:
        if self._closed:
            raise RuntimeError("Consumer closed")
        if self._assigned is None:
            self._give(self._partitions)
        given = self._waiting()[:number]
        for message in given:
            self._at[int(message.partition() or 0)] = int(message.offset() or 0) + 1
        if self._left is not None and not self._waiting():
            left, self._left = self._left, None
            if self._on_revoke:
                self._on_revoke(self, self.assignment())
            self._give(left)
        return given

    @property
    def _at(self) -> dict[int, int]:
        return self._assigned or {}

    def _waiting(self) -> list[Message]:
        at = self._at
        return [
            message
            for message in self.records
            if (partition := int(message.partition() or 0)) in at and int(message.offset() or 0) >= at[partition]
        ]

    def _give(self, partitions: Sequence[int]) -> None:
        places = [TopicPartition(self._topic, number, self._at.get(number, 0)) for number in partitions]
        self.assign(places)
        if self._on_assign:
            self._on_assign(self, places)

    def assign(self, places: list[TopicPartition]) -> None:
        self._assigned = {place.partition: place.offset for place in places}

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition(self._topic, number) for number in self._at]

    def seek(self, place: TopicPartition) -> None:
        if self.fails or place.partition not in self._at:
            raise KafkaException(KafkaError(KafkaError._UNKNOWN_PARTITION))
        self.sought.append((place.topic, place.partition, place.offset))
        self._at[place.partition] = place.offset

    def close(self) -> None:
        self._closed = True


class SilentAdmin:
    """An administrator whose broker never answers."""

    def list_offsets(self, places: Iterable[TopicPartition], **_options: Any) -> dict[TopicPartition, Future[Any]]:
        return {place: Future() for place in places}


class MemoryTopics:
    """Records by where they are; what lies before the first or behind the last of a partition is lost."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, int], dict[int, Message]] = {}

    def put(self, record: Message) -> None:
        """Keep a record at its place."""
        place = str(record.topic()), int(record.partition() or 0)
        self._records.setdefault(place, {})[int(record.offset() or 0)] = record

    def clear(self) -> None:
        """Lose everything."""
        self._records.clear()

    def read_on(self, _reader: object, positions: list[TopicPartition], **_options: Any) -> Iterator[Message]:
        """As `kafka.read_on`."""
        for place in positions:
            records = self._records.get((place.topic, place.partition), {})
            begin, end = min(records, default=0), max(records, default=-1) + 1
            if not begin <= place.offset <= end:
                raise Stop(f"The position of this reader in {place.topic}[{place.partition}] is lost: out of range.")
            yield from (records[offset] for offset in sorted(records) if offset >= place.offset)
