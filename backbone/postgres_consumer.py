"""Stores the records of topics in a database: rows and positions are one transaction, so each record is stored once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, Self

import psycopg
from confluent_kafka import Consumer, Message
from psycopg import Connection, Cursor

from backbone import instance_number, kafka, positions, postgres
from backbone.errors import Retry
from backbone.group_reader import StoredPositions, next_offsets
from backbone.kafka import LoginWatch
from backbone.settings import Settings
from backbone.trouble import of_postgres

LOOK_S = 5.0
"""How often an idle process checks whether the database was restored to an earlier state."""

StoreBatch = Callable[[Cursor[Any], list[Message]], None]
"""Writes the rows of a batch in the open transaction."""


class Chore(Protocol):
    """What a process does now and then on its connection: between batches, and once when it ends."""

    def __call__(self, connection: Connection[Any], *, ending: bool) -> None:
        """Do it, if it is time.

        Raises Retry, Stop.
        """


def no_chore(connection: Connection[Any], *, ending: bool) -> None:
    """What most processes do between batches."""


@dataclass(frozen=True, slots=True)
class TopicSubscription:
    """Which topics are stored, by whom, and in which schema of which database."""

    user: str
    group: str
    topics: tuple[str, ...]
    database: str
    schema: str
    batch: int
    """How many records at most are stored in one transaction."""


class PostgresConsumer:
    """A session that stores some topics in one schema of one database."""

    def __init__(
        self,
        connection: Connection[Any],
        reader: Consumer,
        logins: LoginWatch,
        subscription: TopicSubscription,
        store: StoreBatch,
        chore: Chore = no_chore,
    ) -> None:
        self._connection = connection
        self._logins = logins
        self._subscription = subscription
        self._store = store
        self._chore = chore
        self._looked = time.monotonic()
        self._reader = StoredPositions(reader, connection, subscription.schema)
        self._reader.subscribe(subscription.topics)

    @classmethod
    def open(
        cls, settings: Settings, subscription: TopicSubscription, store: StoreBatch, chore: Chore = no_chore
    ) -> Self:
        """Take a number, and join the group.

        Raises Retry, Stop.
        """
        connection = postgres.connect(settings, subscription.user, subscription.database, autocommit=True)
        try:
            name = f"{subscription.group}-{instance_number.take(connection, postgres.Lock.CONSUMER)}"
            logins = LoginWatch()
            reader = kafka.consumer(
                settings, subscription.user, subscription.group, group_instance_id=name, error_cb=logins
            )
            return cls(connection, reader, logins, subscription, store, chore)
        except BaseException:
            postgres.close(connection)
            raise

    def handle_batch(self) -> int:
        """Store one batch; gives how many records.

        Raises Retry when another process was faster or trouble may pass, AccessRefused when the broker refuses the user
        or its right, Stop when the rows do not fit.
        """
        # 1. Poll what was committed.
        messages = self._reader.poll(self._subscription.batch)
        if messages:
            following = next_offsets(messages)
            # 2. Write rows and positions in one transaction. A key that exists already: another process was faster.
            try:
                with self._connection.transaction(), self._connection.cursor() as cursor:
                    self._store(cursor, messages)
                    if not positions.store(cursor, self._subscription.schema, self._reader.since, following):
                        raise Retry("Another process is further.")
            except psycopg.errors.UniqueViolation as error:
                raise Retry("Another process was faster.") from error
            except psycopg.Error as error:
                raise of_postgres(error) from None
            self._reader.stored_up_to(following)
        else:
            self._logins.check()
            self._check_positions()
        self._chore(self._connection, ending=False)
        return len(messages)

    def _check_positions(self) -> None:
        """Check, now and then, that the positions are where they were left; otherwise what follows is read again.

        Raises Retry.
        """
        if time.monotonic() - self._looked < LOOK_S:
            return
        self._looked = time.monotonic()
        try:
            held = self._reader.stored()
        except psycopg.Error as error:
            raise of_postgres(error) from None
        if any(held.get(partition, 0) < following for partition, following in self._reader.since.items()):
            raise Retry("The database was put back to an earlier moment.")

    def finish(self) -> None:
        """Do the chore for the last time."""
        self._chore(self._connection, ending=True)

    def close(self) -> None:
        """Leave the group and the database."""
        self._reader.close()
        postgres.close(self._connection)
