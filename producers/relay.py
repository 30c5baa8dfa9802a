"""Publishes what the outboxes hold, in order and exactly once: records and position are one Kafka transaction.

The position says also what was published so far, summed up by topic: topics expire, positions do not.

It reads only rows below the oldest running transaction that can still write to the outbox: a slow commit is never
skipped, and nobody else holds up anything. Whoever holds the lock of an outbox publishes it; a second relay stands by.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple, Self

import psycopg
from confluent_kafka import Producer
from psycopg import Connection, sql

from backbone import horizon, kafka, logs, postgres, transactions
from backbone.errors import Retry
from backbone.process import PATIENCE_S, Drain
from backbone.progress import BEGINNING, Progress, Published, published, record, summed
from backbone.settings import Settings
from backbone.tally import NONE, Sums, leading, mark, versioned
from backbone.trouble import translated
from schemas.topics import DECLARATIONS, FINDINGS, POSITIONS

RELAY = "relay"
SOURCES = ("register", "rules", "notifier", "directory", "audit")
GATHER_S = 0.15
"""Rows gather this long: a transaction costs the broker as much for ten records as for ten thousand."""
AGAIN_S = 1.0
HIDDEN_S = 2.0
"""So long a position may stay hidden behind an open transaction before the other outboxes have their turn."""
ROWS = 10_000
FETCH = 1_000
BATCH_BYTES = 8_000_000

EVERYTHING = "select topic, value from {}.outbox where (tx, id) <= (%s::text::xid8, %s)"

QUERY = """
select tx::text::bigint, id, topic, key, value from {}.outbox
where (tx, id) > (%s::text::xid8, %s) and tx < %s::text::xid8
order by tx, id limit %s
"""


def marked(topic: str, value: bytes) -> int:
    """The mark of a record: that of its event, of a finding and its version, or of all of it."""
    if topic in DECLARATIONS:
        return mark(leading(value))
    if topic == FINDINGS:
        return mark(versioned(value))
    return mark(value)


class Row(NamedTuple):
    """A row of an outbox."""

    tx: int
    id: int
    topic: str
    key: bytes
    value: bytes


def _sum_up(connection: Connection[Any], source: str, reached: Progress) -> Published:
    """What an earlier version published, which did not sum up; done once."""
    sums: Sums[str] = Sums()
    if reached != BEGINNING:
        with translated(), connection.transaction(), connection.cursor(name="published", binary=True) as cursor:
            cursor.itersize = FETCH
            cursor.execute(sql.SQL(EVERYTHING).format(sql.Identifier(source)), (str(reached.tx), reached.id))
            for topic, value in cursor:
                sums.add(topic, marked(topic, value))
    return sums.tallies()


class Publisher:
    """Publishes one outbox while it holds its lock."""

    def __init__(
        self, source: str, connection: Connection[Any], target: Producer, position: Progress, tallies: Published
    ) -> None:
        self._source = source
        self._connection = connection
        self._target = target
        self._position = position
        self._tallies = tallies
        self._query = sql.SQL(QUERY).format(sql.Identifier(source))

    @classmethod
    def open(cls, settings: Settings, source: str) -> Self | None:
        """Take the lock, shut out whoever had it before, and begin where the broker says; None while another has it.

        Raises Retry.
        """
        connection = postgres.connect(settings, RELAY, autocommit=True)
        try:
            with translated():
                answer = connection.execute(
                    "select pg_try_advisory_lock(%s, %s)", (postgres.Lock.OUTBOX, SOURCES.index(source))
                ).fetchone()
            if not answer or not answer[0]:
                connection.close()
                return None
            target = transactions.writer(settings, RELAY, f"{RELAY}-{source}")
            kept = list(kafka.read_all(settings, RELAY, POSITIONS, patience=HIDDEN_S))
            reached = published(kept).get(source, BEGINNING)
            tallies = summed(kept).get(source)
            if tallies is None:
                tallies = _sum_up(connection, source, reached)
            return cls(source, connection, target, reached, tallies)
        except BaseException:
            connection.close()
            raise

    def publish(self) -> int:
        """Publish one batch; gives how many rows.

        Raises Retry when it has to be opened again, Stop when the broker shuts it out.
        """
        with translated():
            rows = list(self._waiting())
        if not rows:
            return 0
        last = Progress(rows[-1].tx, rows[-1].id)
        sums: Sums[str] = Sums()
        for row in rows:
            sums.add(row.topic, marked(row.topic, row.value))
        tallies = {**self._tallies}
        for topic, added in sums.tallies().items():
            tallies[topic] = tallies.get(topic, NONE).plus(added)
        key, value = record(self._source, last, tallies)
        with transactions.transaction(self._target):
            for row in rows:
                transactions.send(self._target, row.topic, row.value, row.key)
            transactions.send(self._target, POSITIONS, value, key)
        self._position, self._tallies = last, tallies
        return len(rows)

    def close(self) -> None:
        """Let another one take over."""
        with suppress(psycopg.Error):
            self._connection.close()

    def _waiting(self) -> Iterator[Row]:
        """The next rows, up to a batch."""
        size = 0
        with (
            horizon.settled(self._connection, f"{self._source}.outbox") as end,
            self._connection.cursor(name="waiting", binary=True) as cursor,
        ):
            cursor.execute(self._query, (str(self._position.tx), self._position.id, str(end), ROWS))
            while size < BATCH_BYTES and (rows := cursor.fetchmany(FETCH)):
                for values in rows:
                    row = Row(*values)
                    size += len(row.value)
                    yield row


def run(settings: Settings) -> None:
    """Publish until asked to stop."""
    log = logs.configure(RELAY, settings.log_level)
    open_now: dict[str, Publisher] = {}
    trouble_since: float | None = None
    with Drain() as drain:
        while not drain.wanted:
            done, failed = 0, False
            for source in SOURCES:
                try:
                    publisher = open_now.get(source) or Publisher.open(settings, source)
                    if publisher is None:
                        continue
                    open_now[source] = publisher
                    done += publisher.publish()
                except Retry as error:
                    log.warning("beginning again", source=source, reason=str(error))
                    failed = True
                    if gone := open_now.pop(source, None):
                        gone.close()
            trouble_since = (trouble_since or time.monotonic()) if failed else None
            if trouble_since and time.monotonic() - trouble_since > PATIENCE_S:
                raise Retry("Kafka or PostgreSQL stayed away.")
            if done < ROWS:
                time.sleep(AGAIN_S if failed else GATHER_S)
        for publisher in open_now.values():
            publisher.close()
