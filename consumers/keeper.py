"""Takes topics into a database: rows and position are one transaction, so that each record is kept once."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

import psycopg
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition
from psycopg import Connection, Cursor

from backbone import instance_number as number
from backbone import kafka, logs, positions, postgres
from backbone.errors import Retry
from backbone.kafka import Doorkeeper
from backbone.process import Drain, persevere
from backbone.settings import Settings
from backbone.trouble import of_postgres

IDLE_S = 0.2
FILL_S = 0.2
"""How long to wait for company once there is a record: ten records cost a transaction as much as ten thousand."""
LOOK_S = 5.0
"""So often somebody who has nothing to do sees whether the database was put back to an earlier moment."""
CALM_S = 30.0
"""A door that stays closed is knocked at more often than this; whoever hears nothing for so long got in."""

Write = Callable[[Cursor[Any], list[Message]], None]


class Aside(Protocol):
    """What a process does now and then on the connection it keeps with: between batches, and once when it is ending."""

    def __call__(self, connection: Connection[Any], *, ending: bool) -> None:
        """Do it, if it is time.

        Raises Retry, Stop.
        """


def nothing(connection: Connection[Any], *, ending: bool) -> None:
    """What most processes do aside."""


def gather(reader: Consumer, size: int) -> list[Message]:
    """Up to `size` records: none when nothing comes, few when little comes, without waiting long."""
    found = reader.consume(1, IDLE_S)
    if found and size > 1:
        found += reader.consume(size - 1, FILL_S)
    # Not by its truth: a record without a value is false, and would be passed over without a word.
    return [message for message in found if kafka.alive(message) is not None]


class Keeper:
    """Keeps some topics in one schema of one database."""

    def __init__(
        self,
        connection: Connection[Any],
        reader: Consumer,
        doorkeeper: Doorkeeper,
        *,
        schema: str,
        write: Write,
        batch: int,
    ) -> None:
        self._connection = connection
        self._reader = reader
        self._doorkeeper = doorkeeper
        self._schema = schema
        self._write = write
        self._batch = batch
        self._since: positions.Positions = {}
        self._shared_anew = False
        self._looked = time.monotonic()

    def follow(self, topics: Sequence[str]) -> None:
        """Begin wherever the database is, each time partitions are assigned."""

        def place(reader: Consumer, given: list[TopicPartition]) -> None:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                at = positions.load(cursor, self._schema)
            self._since = {place: at[place] for one in given if (place := (one.topic, one.partition)) in at}
            self._shared_anew = True
            reader.assign([self._place(one.topic, one.partition) for one in given])

        def taken(_reader: Consumer, _given: list[TopicPartition]) -> None:
            self._shared_anew = True

        self._reader.subscribe(list(topics), on_assign=place, on_revoke=taken, on_lost=taken)

    def _place(self, topic: str, partition: int) -> TopicPartition:
        return TopicPartition(topic, partition, self._since.get((topic, partition), OFFSET_BEGINNING))

    def _begin_again(self) -> None:
        """Read on from the positions: what was read while partitions changed hands may be another's."""
        try:
            for one in self._reader.assignment():
                self._reader.seek(self._place(one.topic, one.partition))
        except KafkaException as error:
            raise Retry("The partitions changed hands.") from error

    def keep(self) -> int:
        """Keep one batch; gives how many records.

        Raises Retry when somebody else was faster or something passing is in the way, Closed when the broker refuses
        the user or its right, Stop when the rows do not fit.
        """
        # 1. Read what the broker has committed; nothing that was read across a change of hands.
        self._shared_anew = False
        messages = gather(self._reader, self._batch)
        if messages and self._shared_anew:
            self._begin_again()
            return 0
        if not messages:
            self._doorkeeper.check()
            self._look()
            return 0
        following = {
            (str(message.topic()), int(message.partition() or 0)): int(message.offset() or 0) + 1
            for message in messages
        }
        # 2. Write rows and positions in one transaction; a key that is there already means another was faster.
        try:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                self._write(cursor, messages)
                if not positions.store(cursor, self._schema, self._since, following):
                    raise Retry("Another process is further.")
        except psycopg.errors.UniqueViolation as error:
            raise Retry("Another process was faster.") from error
        except psycopg.Error as error:
            raise of_postgres(error) from None
        self._since |= following
        return len(messages)

    def _look(self) -> None:
        """See, now and then, that the positions are where they were left; otherwise what follows them is read again.

        Raises Retry.
        """
        if time.monotonic() - self._looked < LOOK_S:
            return
        self._looked = time.monotonic()
        try:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                at = positions.load(cursor, self._schema)
        except psycopg.Error as error:
            raise of_postgres(error) from None
        if any(at.get(place, 0) < following for place, following in self._since.items()):
            raise Retry("The database was put back to an earlier moment.")

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
    aside: Aside = nothing,
) -> None:
    """Keep until asked to stop; begin again where something passing got in the way.

    A refused login begins again, too, with the password that is in the file by then; so does a right that was taken
    away. Whoever is not let in within the patience of a process ends, and whoever watches it hears of that.
    """
    process = group if group == user else f"sink-{user}"
    log = logs.configure(process, settings.log_level)
    with Drain() as drain:

        def work(well: Callable[[], None]) -> None:
            connection = postgres.connect(settings, user, database, autocommit=True)
            name = f"{group}-{number.take(connection, postgres.Lock.KEEPER)}"
            doorkeeper = Doorkeeper()
            reader = kafka.consumer(settings, user, group, group_instance_id=name, error_cb=doorkeeper)
            keeper = Keeper(connection, reader, doorkeeper, schema=schema, write=write, batch=batch)
            try:
                keeper.follow(topics)
                opened, ending = time.monotonic(), False
                while not ending:
                    ending = drain.wanted
                    if not ending and (keeper.keep() or time.monotonic() - opened > CALM_S):
                        well()
                    aside(connection, ending=ending)
            finally:
                keeper.close()

        persevere(drain, log, work)
