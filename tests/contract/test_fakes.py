"""What stands in for a library in unit tests does as the library does."""

from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from tests.builders.kafka_group import TOPIC, Group, Polled

NOBODY = "127.0.0.1:9"
"""No broker: what a consumer answers before it has been given a partition."""


@pytest.fixture(params=["fake", "real"])
def group(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A consumer that has subscribed, and has no partition."""
    if request.param == "fake":
        consumer: Any = Group([], [])
        consumer.fails = True
        consumer.subscribe([TOPIC], on_revoke=lambda *_: None)
        yield consumer
        return
    consumer = Consumer({"bootstrap.servers": NOBODY, "group.id": "nobody", "log_level": 0})
    consumer.subscribe([TOPIC], on_revoke=lambda *_: None)
    yield consumer
    consumer.close()


def test_a_consumer_without_a_partition_has_nothing_and_can_go_nowhere(group: Any) -> None:
    assert group.consume(10, 0.0) == []
    assert group.assignment() == []
    with pytest.raises(KafkaException) as refused:
        group.seek(TopicPartition(TOPIC, 0, 5))
    assert refused.value.args[0].code() == KafkaError._UNKNOWN_PARTITION


def test_a_message_with_no_value_has_no_length_and_no_error() -> None:
    for message in (Polled(2, 7), Message(topic=TOPIC, partition=2, offset=7)):
        assert (message.topic(), message.partition(), message.offset()) == (TOPIC, 2, 7)
        assert message.error() is None
        assert len(message) == 0


@pytest.mark.parametrize(("fake", "real"), [(Group, Consumer), (Polled, Message)])
def test_a_fake_has_no_method_that_the_real_one_lacks(fake: type, real: type) -> None:
    methods = {name for name, value in vars(fake).items() if callable(value) and not name.startswith("_")}
    assert methods
    assert methods <= set(dir(real))
