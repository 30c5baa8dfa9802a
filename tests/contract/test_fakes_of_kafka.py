"""What stands in for Kafka answers, and refuses, what a broker does."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest
from confluent_kafka import Message, TopicPartition

from backbone import kafka, transactions
from backbone.batches import BatchReader, Fetched
from backbone.offsets import Offsets
from backbone.settings import Settings
from backbone.unpacking import Unpacker
from schemas.topics import LARGEST_CHANGES, changes, delivery
from tests.builders.change_topics import MemoryBatches
from tests.builders.kafka_group import Group

INSTITUTION = "nic"
TOPIC = delivery(INSTITUTION)
VALUES = [b"one", b"two", b"three"]
PATIENCE_S = 30.0


def end_of(servers: Settings, topic: str) -> int:
    with closing(Offsets(servers, "inspector")) as offsets:
        return offsets.ends([topic], servers.partitions)[topic, 0]


@pytest.fixture(params=["fake", "real"])
def group(request: pytest.FixtureRequest) -> Iterator[tuple[Any, int]]:
    """A consumer that has not subscribed, and the offset from which three records lie on the topic."""
    if request.param == "fake":
        yield Group([Message(topic=TOPIC, partition=0, offset=5 + n, value=v) for n, v in enumerate(VALUES)]), 5
        return
    servers: Settings = request.getfixturevalue("servers")
    first = end_of(servers, TOPIC)
    writer = transactions.writer(servers, "exchange", "exchange-fakes")
    with transactions.transaction(writer):
        for value in VALUES:
            transactions.send(writer, TOPIC, value, partition=0)
    with closing(kafka.consumer(servers, INSTITUTION, f"{INSTITUTION}.fakes")) as consumer:
        yield consumer, first


def read(consumer: Any, number: int) -> list[tuple[int, bytes]]:
    """Offsets and values of so many records, polled two at a time."""
    found: list[tuple[int, bytes]] = []
    for _ in range(int(PATIENCE_S)):
        if len(found) >= number:
            break
        polled = consumer.consume(2, 1.0)
        assert len(polled) <= 2
        found += [(message.offset(), message.value()) for message in polled if message.error() is None]
    return found


def test_a_consumer_hears_of_its_partitions_while_it_polls_and_reads_from_where_it_is_put(
    group: tuple[Any, int],
) -> None:
    consumer, first = group
    expected = [(first + number, value) for number, value in enumerate(VALUES)]
    heard = []

    def assigned(reader: Any, places: list[TopicPartition]) -> None:
        assert TOPIC in {place.topic for place in places}
        heard.append("assigned")
        reader.assign([TopicPartition(TOPIC, 0, first)])

    consumer.subscribe([TOPIC], on_assign=assigned, on_revoke=lambda *_: heard.append("revoked"))
    assert (heard, consumer.assignment()) == ([], [])
    assert read(consumer, 3) == expected
    assert heard == ["assigned"]
    assert [(place.topic, place.partition) for place in consumer.assignment()] == [(TOPIC, 0)]
    assert read(consumer, 0) == consumer.consume(1, 0.2) == []
    consumer.seek(TopicPartition(TOPIC, 0, first + 1))
    assert read(consumer, 2) == expected[1:]
    consumer.close()
    with pytest.raises(RuntimeError, match="closed"):
        consumer.consume(1, 0.2)


@pytest.fixture(params=["fake", "real"])
def batches(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Mapping[str, int]]]:
    """A reader of batches, and the offset at which one of three records begins on each of two topics."""
    topics = changes("nic"), changes("fpd")
    if request.param == "fake":
        yield MemoryBatches(VALUES), dict.fromkeys(topics, 0)
        return
    servers: Settings = request.getfixturevalue("servers")
    first = {topic: end_of(servers, topic) for topic in topics}
    for topic, institution in zip(topics, ("nic", "fpd"), strict=True):
        # All of them in one batch.
        writer = kafka.producer(servers, institution, linger_ms=1_000)
        for value in VALUES:
            writer.produce(topic, value, partition=0)
        assert writer.flush(PATIENCE_S) == 0
    with closing(BatchReader.open(servers, "dossiers", topics, largest=LARGEST_CHANGES)) as reader:
        yield reader, first


def told(fetched: Fetched, first: int) -> tuple[list[tuple[int, bytes]], int, bool]:
    """Records, end and loss, counted from where the batch begins."""
    records = [record for one in fetched.batches for record in one.records(Unpacker(2**20))]
    return [(offset - first, value) for offset, value in records], fetched.end - first, fetched.lost


def test_batches_are_whole_end_where_the_topic_ends_and_are_lost_beyond_it(
    batches: tuple[Any, Mapping[str, int]],
) -> None:
    reader, first = batches
    whole = list(enumerate(VALUES))
    for inside, expected in ((0, whole), (2, whole), (3, [])):
        answer = reader.fetch({topic: offset + inside for topic, offset in first.items()}, 0)
        assert answer.keys() == first.keys()
        assert [told(answer[topic], offset) for topic, offset in first.items()] == [(expected, 3, False)] * 2
    here, beyond = first
    answer = reader.fetch({here: first[here], beyond: first[beyond] + 4}, 0)
    assert told(answer[here], first[here]) == (whole, 3, False)
    assert (answer[beyond].batches, answer[beyond].end, answer[beyond].lost) == ([], -1, True)
