"""What stands in for Kafka answers, and refuses, what a broker does."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest
from confluent_kafka import Message, TopicPartition

from backbone import kafka, transactions
from backbone.batches import BatchReader, Fetched
from backbone.errors import Stop
from backbone.offsets import Offsets
from backbone.settings import Settings
from backbone.unpacking import Unpacker
from schemas.topics import LARGEST_CHANGES, changes, delivery
from tests.builders.change_topics import MemoryBatches
from tests.builders.kafka_group import Group, MemoryTopics

INSTITUTION = "nic"
TOPIC = delivery(INSTITUTION)
VALUES = [b"one", b"two", b"three"]
PATIENCE_S = 30.0


def end_of(servers: Settings, topic: str) -> int:
    with closing(Offsets(servers, "inspector")) as offsets:
        return offsets.ends([topic], servers.partitions)[topic, 0]


def records(first: int) -> list[Message]:
    return [Message(topic=TOPIC, partition=0, offset=first + n, value=value) for n, value in enumerate(VALUES)]


def written(servers: Settings) -> int:
    """Writes three records on the topic; returns the offset of the first."""
    first = end_of(servers, TOPIC)
    writer = transactions.writer(servers, "exchange", "exchange-fakes")
    with transactions.transaction(writer):
        for value in VALUES:
            transactions.send(writer, TOPIC, value, partition=0)
    return first


@pytest.fixture(params=["fake", "real"])
def group(request: pytest.FixtureRequest) -> Iterator[tuple[Any, int]]:
    """A consumer that has not subscribed, and the offset from which three records lie on the topic."""
    if request.param == "fake":
        yield Group(records(5)), 5
        return
    servers: Settings = request.getfixturevalue("servers")
    first = written(servers)
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


@pytest.fixture(params=["fake", "real"])
def read_on(request: pytest.FixtureRequest) -> Iterator[tuple[Callable[[TopicPartition], Iterator[Message]], int]]:
    """Reads to the end from a place, and the offset from which three records lie there."""
    if request.param == "fake":
        topics = MemoryTopics()
        for record in records(5):
            topics.put(record)
        yield lambda place: topics.read_on(None, [place], batch=1), 5
        return
    servers: Settings = request.getfixturevalue("servers")
    first = written(servers)
    with closing(kafka.end_reader(servers, INSTITUTION)) as reader:
        yield lambda place: kafka.read_on(reader, [place], batch=1), first


def test_a_topic_is_read_from_a_place_to_its_end_and_a_place_that_is_not_there_is_lost(
    read_on: tuple[Callable[[TopicPartition], Iterator[Message]], int],
) -> None:
    read, first = read_on
    for inside in range(3):
        found = read(TopicPartition(TOPIC, 0, first + inside))
        assert [(message.offset(), message.value()) for message in found] == [
            (first + number, VALUES[number]) for number in range(inside, 3)
        ]
    with pytest.raises(Stop, match=rf"The position of this reader in {TOPIC}\[0\] is lost"):
        list(read(TopicPartition(TOPIC, 0, first + 1_000_000)))
