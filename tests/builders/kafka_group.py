"""A consumer of a group and its messages, as much of them as a reader uses; a contract test holds them to real ones."""

from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException, TopicPartition

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
            raise KafkaException(KafkaError(KafkaError._UNKNOWN_PARTITION))
        self.sought.append((place.partition, place.offset))
