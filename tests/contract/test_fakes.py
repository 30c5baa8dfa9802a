"""What stands in for a library in unit tests does as the library does."""

from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import psycopg
import pytest
from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from backbone.batches import BatchReader
from tests.builders.change_topics import MemoryBatches
from tests.builders.databases import IdleDatabase
from tests.builders.kafka_group import TOPIC, Group, SilentAdmin

NOBODY = "127.0.0.1:9"
"""No broker: what a consumer answers before it has been given a partition."""


@pytest.fixture(params=["fake", "real"])
def group(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A consumer that has subscribed, and has no partition."""
    if request.param == "fake":
        consumer: Any = Group([], [])
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


@pytest.mark.parametrize(
    "admin", [SilentAdmin(), AdminClient({"bootstrap.servers": NOBODY, "log_level": 0})], ids=["fake", "real"]
)
def test_a_broker_that_is_silent_is_asked_about_each_place_and_answers_nothing_in_time(admin: Any) -> None:
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the stub lacks it
    places = {TopicPartition(TOPIC, number): latest for number in range(2)}
    asked = admin.list_offsets(places, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=10.0)
    assert list(asked) == list(places)
    for answer in asked.values():
        assert isinstance(answer, Future)
        with pytest.raises(TimeoutError):
            answer.result(0.05)


@pytest.mark.parametrize(
    ("fake", "real"),
    [
        (Group, Consumer),
        (SilentAdmin, AdminClient),
        (MemoryBatches, BatchReader),
        (IdleDatabase, psycopg.Connection),
    ],
)
def test_a_fake_has_no_method_that_the_real_one_lacks(fake: type, real: type) -> None:
    methods = {name for name, value in vars(fake).items() if callable(value) and not name.startswith("_")}
    assert methods
    assert methods - {"change_hands"} <= set(dir(real)), "but for what a test says to it"
