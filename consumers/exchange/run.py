"""Exchanges each event exactly once: records written and offsets of events read are one Kafka transaction."""

import gc
from datetime import UTC, date, datetime
from typing import Any, Self

from confluent_kafka import Producer
from psycopg import Connection, Cursor
from structlog.typing import FilteringBoundLogger

from backbone import consumer_loop, instance_number, kafka, marks, postgres, transactions
from backbone.group_reader import BrokerOffsets
from backbone.settings import Settings
from consumers.deliberations.store import current, revision
from consumers.directory import look_up
from consumers.exchange.batch import concerned, opened, received
from consumers.exchange.published import check_published
from consumers.exchange.records import exchanged
from consumers.narrowing.access import Access
from consumers.narrowing.projection import Projection, in_force, projections
from schemas.legal_day import legal_day
from schemas.locks import StageLock
from schemas.registry import SchemaBook
from schemas.roles import Role
from schemas.topics import DEAD_LETTERS, DECLARATIONS

BATCH = 5_000


class Exchange:
    """A session that exchanges its share of the partitions."""

    def __init__(
        self,
        settings: Settings,
        connection: Connection[Any],
        reader: BrokerOffsets,
        target: Producer,
        log: FilteringBoundLogger,
    ) -> None:
        self._settings = settings
        self._log = log
        self._connection = connection
        self._reader = reader
        self._target = target
        self._schemas = SchemaBook()
        self._revision = 0
        self._projections: tuple[Projection, ...] = ()
        self._access = Access(())
        self._day = date.min

    @classmethod
    def open(cls, settings: Settings, log: FilteringBoundLogger) -> Self:
        """Take an instance number, abort the open transaction of its last process, and join the group.

        Raises Retry, Stop.
        """
        connection = postgres.connect(settings, Role.EXCHANGE, autocommit=True)
        try:
            # A restored database cannot be trusted to say who is on file, and who is entitled to what.
            marks.guard(settings, connection, Role.EXCHANGE)
            name = f"{Role.EXCHANGE}-{instance_number.take(connection, StageLock.EXCHANGE)}"
            target = transactions.writer(settings, Role.EXCHANGE, name)
            reader = kafka.consumer(settings, Role.EXCHANGE, Role.EXCHANGE, group_instance_id=name)
            return cls(settings, connection, BrokerOffsets(reader, DECLARATIONS), target, log)
        except BaseException:
            postgres.close(connection)
            raise

    def handle_batch(self) -> int:
        """Exchange one batch; returns how many messages were read.

        Raises Retry when the session must be opened again, Stop when another process has taken its number.
        """
        # 1. Poll what the broker has committed.
        messages = self._reader.poll(BATCH)
        if not messages:
            return 0
        # 2. Look up the persons of the batch, all at once.
        batch = opened(list(received(messages)), self._schemas)
        with self._connection.cursor() as cursor:
            self._follow_deliberations(cursor)
            dossiers = look_up(cursor, concerned(batch))
        # 3. Narrow, 4. write, 5. add the offsets, 6. commit: all of it or nothing.
        now, dead = datetime.now(UTC), 0
        access = self._access_on(legal_day(now))
        with transactions.transaction(self._target):
            for topic, partition, key, value in exchanged(batch, access, dossiers, now, self._revision):
                transactions.send(self._target, topic, value, key, partition)
                dead += topic == DEAD_LETTERS
            self._reader.commit(messages, self._target)
        if dead:
            self._log.warning("messages that are not events became dead letters", number=dead)
        # See `run`.
        gc.collect()
        return len(messages)

    def finish(self) -> None:
        """Nothing is left to do: each batch is complete."""

    def close(self) -> None:
        """Leave the group, free the number."""
        self._reader.close()
        postgres.close(self._connection)

    def _follow_deliberations(self, cursor: Cursor[Any]) -> None:
        """Use the deliberations that are stored now.

        Raises Retry, and Stop when the schema of one of them is not published.
        """
        if revision(cursor) == self._revision:
            return
        kept = current(cursor)
        wanted = projections(kept.usable)
        check_published(self._settings, wanted)
        self._projections, self._revision, self._day = wanted, kept.revision, date.min
        self._log.info("judging by deliberations", revision=kept.revision)

    def _access_on(self, day: date) -> Access:
        if day != self._day:
            self._access, self._day = Access(in_force(self._projections, day)), day
        return self._access


def run(settings: Settings) -> None:
    """Exchange until asked to stop."""
    # Collecting garbage in the middle of a batch costs a tenth of the time; between two batches little is left to scan.
    gc.disable()
    gc.freeze()
    consumer_loop.run(settings, Role.EXCHANGE, lambda log, _drain: Exchange.open(settings, log))
