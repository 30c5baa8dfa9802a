"""Exchanges each event exactly once: what was read, what is written and how far it came are one Kafka transaction."""

import gc
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any, Self

import psycopg
from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition
from psycopg import Connection, Cursor
from structlog.typing import FilteringBoundLogger

from backbone import instance_number as number
from backbone import kafka, logs, marks, postgres, transactions
from backbone.errors import Retry
from backbone.process import Drain, persevere
from backbone.settings import Settings
from consumers.deliberations.store import current, revision
from consumers.directory import look_up
from consumers.exchange.batch import concerned, opened, received
from consumers.exchange.published import check_published
from consumers.exchange.records import exchanged
from consumers.keeper import gather
from consumers.narrowing.access import Access
from consumers.narrowing.projection import Projection, in_force, projections
from schemas.legal_day import legal_day
from schemas.registry import SchemaBook
from schemas.topics import DEAD_LETTERS, DECLARATIONS

EXCHANGE = "exchange"
BATCH = 5_000


class Exchange:
    """Takes its share of the partitions until it is closed."""

    def __init__(
        self,
        settings: Settings,
        connection: Connection[Any],
        reader: Consumer,
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
        self._lost = False

    @classmethod
    def open(cls, settings: Settings, log: FilteringBoundLogger) -> Self:
        """Take a number, end what the last one of that number left open, and join the group.

        Raises Retry, Stop.
        """
        connection = postgres.connect(settings, EXCHANGE, autocommit=True)
        try:
            # Who is on file, and who may have what, is not to be believed of a database that was put back.
            marks.guard(settings, connection, EXCHANGE)
            name = f"{EXCHANGE}-{number.take(connection, postgres.Lock.EXCHANGE)}"
            target = transactions.writer(settings, EXCHANGE, name)
            reader = kafka.consumer(settings, EXCHANGE, EXCHANGE, group_instance_id=name)
            made = cls(settings, connection, reader, target, log)
        except BaseException:
            connection.close()
            raise
        made.join()
        return made

    def join(self) -> None:
        """Ask for partitions; remember when some are taken away."""

        def taken(_reader: Consumer, _partitions: list[TopicPartition]) -> None:
            self._lost = True

        self._reader.subscribe(list(DECLARATIONS), on_revoke=taken)

    def exchange(self) -> int:
        """Exchange one batch; gives how many events.

        Raises Retry when it has to be opened again, Stop when another has taken its place.
        """
        # 1. Read what the broker has committed. What came while partitions were taken away may be another's by now.
        self._lost = False
        messages = gather(self._reader, BATCH)
        if self._lost:
            self._rewind(messages)
            return 0
        if not messages:
            return 0
        # 2. Look up whom it is about, once for all of them.
        batch = opened(list(received(messages)), self._schemas)
        with self._connection.cursor() as cursor:
            self._keep_up(cursor)
            dossiers = look_up(cursor, concerned(batch))
        # 3. Narrow, 4. write, 5. say how far we are, 6. commit: all of it or nothing.
        now, dead = datetime.now(UTC), 0
        with transactions.transaction(self._target):
            for topic, partition, key, value in exchanged(
                batch, self._access_on(legal_day(now)), dossiers, now, self._revision
            ):
                transactions.send(self._target, topic, value, key, partition)
                dead += topic == DEAD_LETTERS
            following = {(one.topic, one.partition): one.offset + 1 for one in batch.received}
            self._target.send_offsets_to_transaction(
                [TopicPartition(*place, offset) for place, offset in following.items()],
                self._reader.consumer_group_metadata(),
                transactions.TIMEOUT_S,
            )
        if dead:
            self._log.warning("messages that are not events became dead letters", number=dead)
        return len(messages)

    def close(self) -> None:
        """Leave the group, free the number."""
        with suppress(KafkaException, RuntimeError):
            self._reader.close()
        with suppress(psycopg.Error):
            self._connection.close()

    def _keep_up(self, cursor: Cursor[Any]) -> None:
        """Judge by the deliberations that are kept now.

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

    def _rewind(self, messages: list[Message]) -> None:
        """Read these again, as far as their partitions are still ours."""
        first: dict[tuple[str, int], int] = {}
        for message in received(messages):
            place = (message.topic, message.partition)
            first[place] = min(first.get(place, message.offset), message.offset)
        ours = {(one.topic, one.partition) for one in self._reader.assignment()}
        try:
            for place, offset in first.items():
                if place in ours:
                    self._reader.seek(TopicPartition(*place, offset))
        except KafkaException as error:
            raise Retry("The partitions changed hands.") from error


def run(settings: Settings) -> None:
    """Exchange until asked to stop; begin again where something passing got in the way."""
    log = logs.configure(EXCHANGE, settings.log_level)
    # Looking for cycles in the middle of a batch costs a tenth of the time; between two batches there is little to see.
    gc.disable()
    gc.freeze()
    with Drain() as drain:

        def work(well: Callable[[], None]) -> None:
            exchange = Exchange.open(settings, log)
            try:
                while not drain.wanted:
                    if exchange.exchange():
                        well()
                        gc.collect()
            finally:
                exchange.close()

        persevere(drain, log, work)
