"""A reader goes on exactly where it stopped: it neither repeats, nor overlaps, nor passes over what is gone unread."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from confluent_kafka import KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource

from backbone import instance_number, kafka, logs, positions, postgres, transactions
from backbone.errors import Retry, Stop
from backbone.offsets import Offsets, PartitionOffsets
from backbone.postgres_consumer import PostgresConsumer, TopicSubscription
from backbone.process import with_retry
from backbone.settings import Settings
from consumers.exchange.run import Exchange
from notifier import findings
from schemas.registry import SchemaBook
from schemas.topics import DECLARATIONS, FINDINGS, delivery
from tests.builders.kafka_group import Group, polled

INSTITUTION = "nic"
SCHEMA = "store"
TOPIC = "a topic of this test"
GROUP = "exchange"


class Kept:
    """What keepers of this test wrote down."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self._settings = settings
        self.topic = topic
        self.offsets: list[int] = []
        self._keepers: list[PostgresConsumer] = []

    def keeper(self, reader: Any) -> PostgresConsumer:
        connection = postgres.connect(self._settings, INSTITUTION, INSTITUTION, autocommit=True)
        subscription = TopicSubscription(INSTITUTION, GROUP, (self.topic,), INSTITUTION, SCHEMA, batch=50)
        made = PostgresConsumer(connection, reader, kafka.LoginWatch(), subscription, self._write)
        self._keepers.append(made)
        return made

    def close(self) -> None:
        for keeper in self._keepers:
            keeper.close()

    def _write(self, _cursor: Any, messages: list[Any]) -> None:
        self.offsets += [message.offset() for message in messages]

    def position(self) -> int | None:
        with postgres.connect(self._settings, INSTITUTION, INSTITUTION) as connection, connection.cursor() as cursor:
            return positions.load(cursor, SCHEMA).get((self.topic, 0))


@pytest.fixture
def kept(servers: Settings) -> Iterator[Kept]:
    topic = f"{TOPIC} {time.time_ns()}"
    made = Kept(servers, topic)
    yield made
    made.close()
    with postgres.connect(servers, INSTITUTION, INSTITUTION) as connection:
        connection.execute("delete from store.position where topic = %s", (topic,))


def records(kept: Kept, first: int, last: int) -> list[Message]:
    return [polled(0, offset, kept.topic) for offset in range(first, last + 1)]


def test_a_reader_that_was_paused_keeps_nothing_of_what_another_kept_meanwhile(kept: Kept) -> None:
    # A has its position and is paused; B keeps 10 to 14; A goes on with 10 to 19.
    first = kept.keeper(Group(records(kept, 0, 9)))
    assert first.handle_batch() == 10
    paused = Group([])
    a, b = kept.keeper(paused), kept.keeper(Group(records(kept, 10, 14)))
    assert (a.handle_batch(), b.handle_batch()) == (0, 5)
    paused.records = records(kept, 10, 19)
    with pytest.raises(Retry, match="Another process is further"):
        a.handle_batch()
    assert kept.position() == 15


def test_a_first_batch_is_kept_by_one_reader_only(kept: Kept) -> None:
    paused = Group([])
    a, b = kept.keeper(paused), kept.keeper(Group(records(kept, 0, 4)))
    assert (a.handle_batch(), b.handle_batch()) == (0, 5)
    paused.records = records(kept, 0, 9)
    with pytest.raises(Retry, match="Another process is further"):
        a.handle_batch()
    assert kept.position() == 5


def test_gaps_between_the_records_of_transactions_are_no_gaps(kept: Kept) -> None:
    reader = Group(records(kept, 0, 1))
    keeper = kept.keeper(reader)
    assert keeper.handle_batch() == 2
    reader.records = [polled(0, 3, kept.topic), polled(0, 7, kept.topic)]
    assert keeper.handle_batch() == 2
    assert kept.position() == 8


def test_what_was_read_while_partitions_changed_hands_is_thrown_away_and_read_again(kept: Kept) -> None:
    reader = Group(records(kept, 0, 4))
    keeper = kept.keeper(reader)
    assert keeper.handle_batch() == 5
    reader.records = records(kept, 0, 9)
    reader.change_hands()
    assert keeper.handle_batch() == 0
    assert kept.offsets == [0, 1, 2, 3, 4]
    assert reader.sought == [(kept.topic, 0, 5)]
    assert keeper.handle_batch() == 5
    assert kept.offsets == list(range(10))


def test_what_comes_with_the_first_assignment_is_kept_and_not_read_again(kept: Kept) -> None:
    reader = Group(records(kept, 0, 4))
    assert kept.keeper(reader).handle_batch() == 5
    assert reader.sought == []
    assert kept.position() == 5


def test_a_notifier_that_was_paused_keeps_nothing_of_what_another_kept_meanwhile(servers: Settings) -> None:
    number = 900 + time.time_ns() % 1_000_000
    pepper, book = servers.pepper(), SchemaBook()

    def batch(first: int, last: int) -> findings.FindingBatch:
        read = findings.read(
            [
                Message(topic=FINDINGS, partition=0, offset=offset, value=b"?", timestamp=(1, 0))
                for offset in range(first, last + 1)
            ],
            pepper,
            book,
        )
        return read._replace(dead=[], positions={(FINDINGS, number): last + 1})

    with postgres.connect(servers, "notifier") as connection, connection.cursor() as cursor:
        since: positions.Positions = {}
        findings.store(cursor, batch(0, 9), since)
        paused = findings.positions_of(cursor, [number])
        findings.store(cursor, batch(10, 14), paused)
        with pytest.raises(Retry, match="Another process is further"):
            findings.store(cursor, batch(10, 19), paused)
        connection.rollback()


def test_a_reader_whose_next_record_is_gone_stops_and_says_so(servers: Settings) -> None:
    topic = delivery(INSTITUTION)
    writer = transactions.writer(servers, "exchange", "exchange-gap")
    kept = Kept(servers, topic)
    config = {"session_timeout_ms": 6_000}
    before = kept.position() or 0
    with postgres.connect(servers, INSTITUTION, INSTITUTION) as connection:
        connection.execute("delete from store.position where topic = %s", (topic,))
    with transactions.transaction(writer):
        for number in range(10):
            transactions.send(writer, topic, str(number).encode(), partition=0)
    reader = kafka.consumer(servers, INSTITUTION, f"{INSTITUTION}.gap", **config)
    keeper = kept.keeper(reader)
    read_until(keeper, lambda: len(kept.offsets) >= 10)
    kept.close()
    position = kept.position()
    assert position is not None
    with transactions.transaction(writer):
        for number in range(10):
            transactions.send(writer, topic, str(number).encode(), partition=0)
    client = kafka.admin(servers)
    with closing(Offsets(servers, "inspector")) as offsets:
        end = offsets.ends([topic], servers.partitions)[topic, 0]
    client.delete_records([TopicPartition(topic, 0, end)])[TopicPartition(topic, 0, end)].result(30)
    again = kept.keeper(kafka.consumer(servers, INSTITUTION, f"{INSTITUTION}.gap", **config))
    with pytest.raises(Stop, match=rf"The position of this reader in {topic}\[0\] is lost"):
        read_until(again, lambda: False)
    kept.close()
    assert kept.position() == position
    with postgres.connect(servers, INSTITUTION, INSTITUTION) as connection:
        connection.execute("delete from store.position where topic = %s", (topic,))
        if before:
            connection.execute("insert into store.position values (%s, 0, %s)", (topic, end))


def read_until(keeper: PostgresConsumer, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline, "nothing comes"
        keeper.handle_batch()


def forget(client: AdminClient) -> None:
    """Delete the group of the exchange, once the broker has given up a member that an earlier test killed."""

    def delete() -> None:
        try:
            client.delete_consumer_groups([GROUP])[GROUP].result(30)
        except KafkaException as error:
            raise Retry(str(error)) from error

    with_retry(delete, 60)


def restore(servers: Settings, before: PartitionOffsets) -> None:
    """Put the places of the exchange back; the broker holds its number for a moment after it left."""

    def commit() -> None:
        try:
            member.commit(offsets=[TopicPartition(*place, at) for place, at in before.items()], asynchronous=False)
        except KafkaException as error:
            raise Retry(str(error)) from error

    with closing(kafka.consumer(servers, "admin", GROUP)) as member:
        with_retry(commit, 60)


def exchange_often(exchange: Exchange) -> None:
    for _ in range(100):
        exchange.handle_batch()


def test_an_exchange_that_had_a_place_and_finds_none_stops_instead_of_delivering_everything_again(
    servers: Settings,
) -> None:
    client = kafka.admin(servers)
    with closing(Offsets(servers, "admin")) as offsets:
        before = offsets.positions(GROUP, DECLARATIONS, servers.partitions)
    wanted = {(name, number) for name in DECLARATIONS for number in range(servers.partitions)}
    assert before.keys() == wanted, "provisioning gives every partition its first place"
    writer = transactions.writer(servers, "relay", "relay-forgotten")
    with transactions.transaction(writer):
        transactions.send(writer, DECLARATIONS[0], b"no event", b"k" * 16, 0)
    forget(client)
    exchange = Exchange.open(servers, logs.configure("test", "error"))
    try:
        with pytest.raises(Stop, match="The position of this reader in declarations"):
            exchange_often(exchange)
    finally:
        exchange.close()
        restore(servers, before)


def test_a_first_place_is_given_only_where_nothing_was_ever_written(servers: Settings) -> None:
    group = f"exchange.begins.{time.time_ns()}"
    used = DECLARATIONS[0]
    writer = transactions.writer(servers, "relay", "relay-begins")
    with transactions.transaction(writer):
        transactions.send(writer, used, b"no event", b"k" * 16, 0)
    with closing(Offsets(servers, "admin")) as offsets:
        offsets.begin(group, [used], servers.partitions)
        known = offsets.positions(group, [used], servers.partitions)
        assert (used, 0) not in known
        assert set(known.values()) <= {0}


def test_the_broker_never_forgets_a_place(servers: Settings) -> None:
    client = kafka.admin(servers)
    asked = client.describe_configs([ConfigResource(ConfigResource.Type.BROKER, "1")])
    (found,) = asked.values()
    assert int(found.result(30)["offsets.retention.minutes"].value) == 2**31 - 1


def test_a_reader_with_nothing_to_do_sees_that_its_position_was_put_back(
    servers: Settings, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = kept.keeper(Group(records(kept, 0, 9)))
    assert reader.handle_batch() == 10
    monkeypatch.setattr("backbone.postgres_consumer.LOOK_S", 0.0)
    assert reader.handle_batch() == 0
    with postgres.connect(servers, INSTITUTION, INSTITUTION) as connection:
        connection.execute("update store.position set next = 4 where topic = %s", (kept.topic,))
    with pytest.raises(Retry, match="put back to an earlier moment"):
        reader.handle_batch()


def test_a_number_is_free_as_soon_as_its_process_let_go(servers: Settings) -> None:
    # Left to PostgreSQL it is free a moment later: the next session would be another member, beside its own old one.
    for _ in range(50):
        connection = postgres.connect(servers, "audit", autocommit=True)
        assert instance_number.take(connection, postgres.Lock.CONSUMER) == 0
        postgres.close(connection)
