"""Publishes what outboxes hold, in order and exactly once: records and position are one Kafka transaction.

The position also says what was published so far, as sums by topic: topics expire, positions do not.

The relay reads only rows below the oldest running transaction that can still write to the outbox. A slow commit is
never skipped, and no other transaction delays publication. The process that holds the lock of an outbox publishes it; a
second relay stands by. A database that was restored to an earlier state is noticed before any of it is published, see
backbone/marks.py.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from typing import Any, Self

import psycopg
from confluent_kafka import Producer
from psycopg import Connection, sql

from backbone import horizon, kafka, logs, marks, postgres, transactions
from backbone.errors import Retry
from backbone.horizon import Holder
from backbone.offsets import Offsets
from backbone.outbox import OutboxRow, OutboxSource
from backbone.outbox_pruning import Pruner
from backbone.process import Drain, Patience
from backbone.progress import BEGINNING, START, Mark, OutboxPosition, Progress, PublishedSums, positions, record
from backbone.relay_watch import PublicationWatch
from backbone.settings import Settings
from backbone.standby import Standby
from backbone.tally import NONE, Sums, digest_of
from backbone.trouble import translated
from schemas.topics import POSITIONS

REACHED_S = 60.0
"""How often the database learns how far everything is published; a comparison after a restore starts there."""
GATHER_S = 0.15
"""Rows gather this long: a transaction costs the broker as much for ten records as for ten thousand."""
AGAIN_S = 1.0
HIDDEN_S = 2.0
"""How long a position may stay hidden behind an open transaction before the other outboxes have their turn."""
ROWS = 10_000
FETCH = 1_000
BATCH_BYTES = 8_000_000

EVERYTHING = "select topic, value from {}.outbox where (tx, id) <= (%s::text::xid8, %s)"

QUERY = """
select tx::text::bigint, id, topic, key, value, {} from {}.outbox
where (tx, id) > (%s::text::xid8, %s) and tx < %s::text::xid8
order by tx, id limit %s
"""
LEFT = "select exists (select from {}.outbox where (tx, id) > (%s::text::xid8, %s))"


def _sum_up(connection: Connection[Any], source: OutboxSource, reached: Progress) -> PublishedSums:
    """The sums of what an earlier version published, which kept none; done once."""
    sums: Sums[str] = Sums()
    if reached != BEGINNING:
        with translated(), connection.transaction(), connection.cursor(name="published", binary=True) as cursor:
            cursor.itersize = FETCH
            cursor.execute(sql.SQL(EVERYTHING).format(sql.Identifier(source.name)), (str(reached.tx), reached.id))
            for topic, value in cursor:
                sums.add(topic, source.digest(topic, value))
    return sums.tallies()


def added(source: OutboxSource, published: PublishedSums, rows: Iterable[OutboxRow]) -> PublishedSums:
    """The sums of what was published, with these rows."""
    sums: Sums[str] = Sums()
    for row in rows:
        # A message that is put back may be one that could not be read.
        sums.add(row.topic, digest_of(row.value) if row.partition >= 0 else source.digest(row.topic, row.value))
    return {**published, **{topic: published.get(topic, NONE).plus(some) for topic, some in sums.tallies().items()}}


class Publisher:
    """Publishes one outbox while it holds its lock."""

    def __init__(
        self,
        settings: Settings,
        source: OutboxSource,
        connection: Connection[Any],
        target: Producer,
        position: OutboxPosition,
    ) -> None:
        self._source = source
        self._connection = connection
        self._target = target
        self._offsets = Offsets(settings, source.role)
        self._partitions = settings.partitions
        self._position, self._mark, tallies = position
        self._tallies = tallies or {}
        self._reached: tuple[float, Mark] | None = None
        self._query = sql.SQL(QUERY).format(source.partition, sql.Identifier(source.name))
        self._pruner = Pruner(source)
        self._left = sql.SQL(LEFT).format(sql.Identifier(source.name))

    @classmethod
    def open(cls, settings: Settings, source: OutboxSource, standby: Standby | None = None) -> Self | None:
        """Take the lock, fence the publisher before, and begin where the broker says; None while another has the lock.

        `standby` is what this process waits on, if it waits.

        Raises Retry, and Stop when the database is not the one that published last.
        """
        with closing(Standby(settings, source.role)) as own:
            connection = (standby or own).take(postgres.Lock.OUTBOX, source.number)
        if connection is None:
            return None
        try:
            target = transactions.writer(settings, source.role, f"{source.role}-{source.name}")
            kept = kafka.read_all(settings, source.role, POSITIONS, patience=HIDDEN_S)
            reached = positions(kept).get(source.name, START)
            reached = reached._replace(mark=marks.check(connection, source.name, reached))
            if reached.published is None:
                reached = reached._replace(published=_sum_up(connection, source, reached.progress))
            return cls(settings, source, connection, target, reached)
        except BaseException:
            connection.close()
            raise

    def publish(self) -> int:
        """Publish one batch; gives how many rows.

        Raises Retry when it has to be opened again, Stop when the broker fences it or the database is another one.
        """
        self._keep_reached()
        # 1. Read the rows that no running transaction can come before.
        with translated():
            rows = list(self._waiting())
        if not rows:
            return 0
        # 2. Keep the mark of this publication in the database, 3. then publish rows, mark and position together.
        last = Progress(rows[-1].tx, rows[-1].id)
        tallies = added(self._source, self._tallies, rows)
        self._mark = marks.advance(self._connection, self._source.name, self._mark)
        key, value = record(self._source.name, last, self._mark, tallies)
        with transactions.transaction(self._target):
            for row in rows:
                transactions.send(self._target, row.topic, row.value, row.key, row.partition)
            transactions.send(self._target, POSITIONS, value, key)
        self._position, self._tallies = last, tallies
        return len(rows)

    def held_back_by(self) -> list[Holder]:
        """Whose transactions hold back what waits here, for longer than is usual.

        Raises Retry when it has to be opened again.
        """
        with translated():
            row = self._connection.execute(self._left, self._position).fetchone()
            return horizon.holding_back(self._connection, self._source.table) if row and row[0] else []

    def prune(self) -> None:
        """Remove from the outbox what need not be there any more, if it is time.

        Raises Retry.
        """
        with translated():
            self._pruner.prune(self._connection, self._position, time.monotonic())

    def close(self) -> None:
        """Let another one take over."""
        self._offsets.close()
        with suppress(psycopg.Error):
            self._connection.close()

    def _keep_reached(self) -> None:
        """Now and then, keep in the database how far everything is published, and where the topics end."""
        now = time.monotonic()
        if self._reached and (self._reached[1] == self._mark or now - self._reached[0] < REACHED_S):
            return
        # Nothing is in flight: what is published after this lies behind these ends.
        ends = self._offsets.ends(self._source.topics, self._partitions, open_too=True)
        marks.reach(self._connection, self._source.name, self._position, ends)
        self._reached = now, self._mark

    def _waiting(self) -> Iterator[OutboxRow]:
        """The next rows, up to a batch."""
        size = 0
        with (
            horizon.settled(self._connection, self._source.table) as end,
            self._connection.cursor(name="waiting", binary=True) as cursor,
        ):
            cursor.execute(self._query, (str(self._position.tx), self._position.id, str(end), ROWS))
            while size < BATCH_BYTES and (rows := cursor.fetchmany(FETCH)):
                for values in rows:
                    row = OutboxRow(*values)
                    size += len(row.value)
                    yield row


def run(settings: Settings, role: str, sources: Sequence[OutboxSource]) -> None:
    """Publish these outboxes as `role` until asked to stop."""
    log = logs.configure(role, settings.log_level)
    open_now: dict[str, Publisher] = {}
    watch = PublicationWatch(log)
    patience = Patience()
    with Drain() as drain, closing(Standby(settings, role)) as standby:
        while not drain.wanted:
            done, failed = 0, False
            for source in sources:
                try:
                    publisher = open_now.get(source.name) or Publisher.open(settings, source, standby)
                    if publisher is None:
                        continue
                    open_now[source.name] = publisher
                    number = publisher.publish()
                    done += number
                    if not number and watch.is_time(source.name):
                        watch.tell(source.name, publisher.held_back_by())
                    publisher.prune()
                except Retry as error:
                    log.warning("beginning again", source=source.name, reason=str(error))
                    failed = True
                    patience.spend(error)
                    if gone := open_now.pop(source.name, None):
                        gone.close()
            if not failed:
                patience.restore()
            if done < ROWS:
                time.sleep(AGAIN_S if failed else GATHER_S)
        for publisher in open_now.values():
            publisher.close()
