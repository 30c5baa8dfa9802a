"""What was polled while partitions changed hands is given to nobody; those that are still ours are read again."""

from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from backbone.errors import Retry
from backbone.group_reader import BrokerOffsets, next_offsets

TOPIC = "some topic"


class Polled:
    """As much of a Kafka message as a reader looks at; it has no value."""

    def __init__(self, partition: int, offset: int) -> None:
        self._partition, self._offset = partition, offset

    def topic(self) -> str:
        return TOPIC

    def partition(self) -> int:
        return self._partition

    def offset(self) -> int:
        return self._offset

    def error(self) -> None:
        return None

    def __len__(self) -> int:
        return 0


class Group:
    """A consumer whose partitions may be revoked while it polls."""

    def __init__(self, messages: list[Polled], left: list[int]) -> None:
        self.messages = messages
        self.revoking = False
        self.sought: list[tuple[int, int]] = []
        self.fails = False
        self._left = left

    def subscribe(self, topics: list[str], on_revoke: Callable[..., None]) -> None:
        assert topics == [TOPIC]
        self._on_revoke = on_revoke

    def consume(self, number: int, _timeout: float) -> list[Polled]:
        given, self.messages = self.messages[:number], self.messages[number:]
        if self.revoking and not self.messages:
            self._on_revoke(self, [])
        return given

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition(TOPIC, number) for number in self._left]

    def seek(self, place: TopicPartition) -> None:
        if self.fails:
            raise KafkaException(KafkaError(KafkaError._STATE))
        self.sought.append((place.partition, place.offset))


def reader_of(group: Any) -> BrokerOffsets:
    return BrokerOffsets(group, [TOPIC])


def test_a_batch_holds_records_without_a_value_and_says_where_the_next_one_begins() -> None:
    messages = reader_of(Group([Polled(0, 4), Polled(0, 5), Polled(1, 9)], [0, 1])).poll(10)
    assert [(message.partition(), message.offset()) for message in messages] == [(0, 4), (0, 5), (1, 9)]
    assert next_offsets(messages) == {(TOPIC, 0): 6, (TOPIC, 1): 10}


def test_what_was_polled_while_partitions_were_revoked_is_read_again_where_they_are_still_ours() -> None:
    group = Group([Polled(0, 4), Polled(0, 5), Polled(1, 9)], left=[0])
    group.revoking = True
    reader = reader_of(group)
    assert reader.poll(10) == []
    assert group.sought == [(0, 4)]
    group.revoking, group.messages = False, [Polled(0, 4)]
    assert len(reader.poll(10)) == 1


def test_a_reader_that_cannot_seek_back_is_opened_again() -> None:
    group = Group([Polled(0, 4)], left=[0])
    group.revoking = group.fails = True
    with pytest.raises(Retry, match="changed hands"):
        reader_of(group).poll(10)
