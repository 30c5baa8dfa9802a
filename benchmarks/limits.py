"""Measures what this machine's own parts can do with nothing of ours around them, in the same run."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import psycopg
from confluent_kafka import OFFSET_BEGINNING, TopicPartition
from confluent_kafka.admin import NewTopic
from fastavro import schemaless_reader, schemaless_writer

from backbone import kafka, postgres
from backbone.settings import Settings
from schemas.codec import encode
from schemas.contracts import contract
from schemas.samples import sample

TOPIC = "bench"
RECORDS = 200_000
BATCH = 10_000
ADMIN = "admin"
SECONDS = 300.0
"""Longer than anything takes: what has not come by then does not come."""
KIND = "declarations.working-time"


@dataclass(frozen=True, slots=True)
class Limit:
    """How many records a bare part handles in a second."""

    name: str
    per_second: float


def _timed(count: int, work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


@contextmanager
def _topic(settings: Settings) -> Iterator[None]:
    admin = kafka.admin(settings)
    for answer in admin.create_topics([NewTopic(TOPIC, settings.partitions, 1)]).values():
        answer.result(SECONDS)
    try:
        yield
    finally:
        for answer in admin.delete_topics([TOPIC]).values():
            answer.result(SECONDS)


def _produce(settings: Settings, value: bytes) -> None:
    writer = kafka.producer(settings, ADMIN)
    for number in range(RECORDS):
        writer.produce(TOPIC, value=value, key=number.to_bytes(16, "big"))
    writer.flush(SECONDS)


def _consume(settings: Settings) -> None:
    places = [TopicPartition(TOPIC, number, OFFSET_BEGINNING) for number in range(settings.partitions)]
    for _ in kafka.read_to_end(settings, ADMIN, places):
        pass


def _transact(settings: Settings, value: bytes) -> None:
    """Write in transactions of the size the exchange uses."""
    writer = kafka.producer(settings, ADMIN, "bench")
    writer.init_transactions(SECONDS)
    for start in range(0, RECORDS, BATCH):
        writer.begin_transaction()
        for number in range(start, start + BATCH):
            writer.produce(TOPIC, value=value, key=number.to_bytes(16, "big"))
        writer.commit_transaction(SECONDS)


def _copy(settings: Settings, value: bytes) -> float:
    with postgres.connect(settings, "owner") as connection:
        connection.execute("create temp table bench (key bytea, value bytea)")

        def work() -> None:
            with connection.cursor().copy("copy bench (key, value) from stdin (format binary)") as copy:
                copy.set_types(["bytea", "bytea"])
                for number in range(RECORDS):
                    copy.write_row((number.to_bytes(16, "big"), value))
            connection.commit()

        try:
            return _timed(RECORDS, work)
        finally:
            _drop(connection)


def _drop(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    connection.rollback()
    connection.execute("drop table if exists bench")
    connection.commit()


def _encode(count: int) -> None:
    parsed, record = contract(KIND).parsed, sample(KIND)
    for _ in range(count):
        schemaless_writer(BytesIO(), parsed, record)


def _decode(count: int) -> None:
    parsed, body = contract(KIND).parsed, encode(contract(KIND), sample(KIND))[5:]
    for _ in range(count):
        schemaless_reader(BytesIO(body), parsed, None)


def measure(settings: Settings) -> dict[str, Limit]:
    """Every bare limit, by name."""
    value = encode(contract(KIND), sample(KIND))
    few = RECORDS // 4
    with _topic(settings):
        found = [
            Limit("produce", _timed(RECORDS, lambda: _produce(settings, value))),
            Limit("transaction", _timed(RECORDS, lambda: _transact(settings, value))),
            Limit("consume", _timed(2 * RECORDS, lambda: _consume(settings))),
            Limit("copy", _copy(settings, value)),
            Limit("encode", _timed(few, lambda: _encode(few))),
            Limit("decode", _timed(few, lambda: _decode(few))),
        ]
    return {limit.name: limit for limit in found}
