"""Takes topics into a database: rows and position are one transaction, so that each record is kept once."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition
from psycopg import Connection, Cursor

from backbone import kafka, logs, positions, postgres
from backbone.errors import Retry, Stop
from backbone.process import PATIENCE_S, Drain
from backbone.settings import Settings
from consumers import number

IDLE_S = 0.2
FILL_S = 0.2
"""How long to wait for company once there is a record: ten records cost a transaction as much as ten thousand."""
AGAIN_S = 0.5

Write = Callable[[Cursor[Any], list[Message]], None]


def gather(reader: Consumer, size: int) -> list[Message]:
    """Up to `size` records: none when nothing comes, few when little comes, without waiting long."""
    found = reader.consume(1, IDLE_S)
    if found and size > 1:
        found += reader.consume(size - 1, FILL_S)
    # Not by its truth: a record without a value is false, and would be passed over without a word.
    return [message for message in found if kafka.alive(message) is not None]


class Keeper:
    """Keeps some topics in one schema of one database."""

    def __init__(self, connection: Connection[Any], reader: Consumer, schema: str, write: Write, batch: int) -> None:
        self._connection = connection
        self._reader = reader
        self._schema = schema
        self._write = write
        self._batch = batch

    def follow(self, topics: Sequence[str]) -> None:
        """Begin wherever the database is, each time partitions are assigned."""

        def place(reader: Consumer, given: list[TopicPartition]) -> None:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                at = positions.load(cursor, self._schema)
            reader.assign(
                [
                    TopicPartition(one.topic, one.partition, at.get((one.topic, one.partition), OFFSET_BEGINNING))
                    for one in given
                ]
            )

        self._reader.subscribe(list(topics), on_assign=place)

    def keep(self) -> int:
        """Keep one batch; gives how many records.

        Raises Retry when somebody else was faster or something passing is in the way, Stop when the rows do not fit.
        """
        # 1. Read what the broker has committed.
        messages = gather(self._reader, self._batch)
        if not messages:
            return 0
        following = {
            (str(message.topic()), int(message.partition() or 0)): int(message.offset() or 0) + 1
            for message in messages
        }
        # 2. Write rows and positions in one transaction; a key that is there already means another was faster.
        try:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                self._write(cursor, messages)
                if not positions.store(cursor, self._schema, following):
                    raise Retry("Another process is further.")
        except psycopg.errors.UniqueViolation as error:
            raise Retry("Another process was faster.") from error
        except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError) as error:
            # What PostgreSQL says about a row may quote it.
            raise Stop(
                f"PostgreSQL refuses the rows ({error.sqlstate}).", "Is its schema that of this version?"
            ) from None
        return len(messages)

    def close(self) -> None:
        """Leave the group and the database."""
        with suppress(KafkaException, RuntimeError):
            self._reader.close()
        with suppress(psycopg.Error):
            self._connection.close()


def run(
    settings: Settings,
    *,
    user: str,
    topics: Sequence[str],
    group: str,
    database: str,
    schema: str,
    write: Write,
    batch: int,
    lock: postgres.Lock = postgres.Lock.KEEPER,
) -> None:
    """Keep until asked to stop; begin again where something passing got in the way.

    `lock` guards the numbers of equal keepers: those of one kind in one database share it.
    """
    process = group if group == user else f"sink-{user}"
    log = logs.configure(process, settings.log_level)
    trouble_since: float | None = None
    with Drain() as drain:
        while not drain.wanted:
            keeper: Keeper | None = None
            try:
                connection = postgres.connect(settings, user, database, autocommit=True)
                name = f"{group}-{number.take(connection, lock)}"
                reader = kafka.consumer(settings, user, group, group_instance_id=name)
                keeper = Keeper(connection, reader, schema, write, batch)
                keeper.follow(topics)
                while not drain.wanted:
                    if keeper.keep():
                        trouble_since = None
            except (Retry, psycopg.OperationalError) as error:
                reason = str(error) if isinstance(error, Retry) else "PostgreSQL is gone."
                log.warning("beginning again", reason=reason)
                trouble_since = trouble_since or time.monotonic()
                if time.monotonic() - trouble_since > PATIENCE_S:
                    raise Retry(reason) from error
                time.sleep(AGAIN_S)
            finally:
                if keeper:
                    keeper.close()
