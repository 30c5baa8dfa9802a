"""Publishes what the outboxes hold, in order and exactly once: records and position are one Kafka transaction.

The position says also what was published so far, summed up by topic: topics expire, positions do not.

It reads only rows below the oldest running transaction that can still write to the outbox: a slow commit is never
skipped, and nobody else holds up anything. Whoever holds the lock of an outbox publishes it; a second relay stands by.
A database that was put back to an earlier moment is noticed before anything of it is published, see backbone/marks.py.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from typing import Any, NamedTuple, Self

import psycopg
from confluent_kafka import Producer
from psycopg import Connection, sql

from backbone import horizon, kafka, logs, marks, postgres, transactions
from backbone.errors import Retry
from backbone.horizon import Holder
from backbone.offsets import Offsets
from backbone.process import PATIENCE_S, Drain
from backbone.progress import BEGINNING, START, Mark, Position, Progress, Published, positions, record
from backbone.settings import Settings
from backbone.standby import Standby
from backbone.tally import NONE, Sums, leading, mark, versioned
from backbone.trouble import translated
from producers.pruning import Pruner
from producers.watch import Watch
from schemas.institutions import INSTITUTIONS
from schemas.topics import CHECKPOINTS, DEAD_LETTERS, DECLARATIONS, FACTS, FINDINGS, NOTICES, POSITIONS, answers

RELAY = "relay"
SOURCES = ("register", "rules", "notifier", "directory", "audit", "dead")
TOPICS_OF = {
    "register": DECLARATIONS,
    "rules": (FINDINGS, DEAD_LETTERS),
    "notifier": (NOTICES, DEAD_LETTERS),
    "directory": tuple(answers(name) for name in INSTITUTIONS),
    "audit": (CHECKPOINTS,),
    "dead": (*DECLARATIONS, FACTS, FINDINGS),
}
"""Where what lies in each outbox goes."""
PLACED = frozenset({"dead"})
"""Outboxes that name the partition of each message: what is put back goes where it came from."""
REACHED_S = 60.0
"""So often the database hears what is certainly published: what is compared after a restore begins there."""
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
select tx::text::bigint, id, topic, key, value, {} from {}.outbox
where (tx, id) > (%s::text::xid8, %s) and tx < %s::text::xid8
order by tx, id limit %s
"""
LEFT = "select exists (select from {}.outbox where (tx, id) > (%s::text::xid8, %s))"


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
    key: bytes | None
    value: bytes
    partition: int
    """-1: by the key."""


def partition_of(source: str) -> sql.Composable:
    """What to select for the partition of a row."""
    return sql.Identifier("partition") if source in PLACED else sql.Literal(-1)


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


def added(published: Published, rows: Iterable[Row]) -> Published:
    """What was published, with these rows."""
    sums: Sums[str] = Sums()
    for row in rows:
        # What is put back may be what nobody could read.
        sums.add(row.topic, mark(row.value) if row.partition >= 0 else marked(row.topic, row.value))
    return {**published, **{topic: published.get(topic, NONE).plus(some) for topic, some in sums.tallies().items()}}


class Publisher:
    """Publishes one outbox while it holds its lock."""

    def __init__(
        self, settings: Settings, source: str, connection: Connection[Any], target: Producer, position: Position
    ) -> None:
        self._source = source
        self._connection = connection
        self._target = target
        self._offsets = Offsets(settings, RELAY)
        self._partitions = settings.partitions
        self._position, self._mark, tallies = position
        self._tallies = tallies or {}
        self._reached: tuple[float, Mark] | None = None
        self._query = sql.SQL(QUERY).format(partition_of(source), sql.Identifier(source))
        self._pruner = Pruner(source)
        self._left = sql.SQL(LEFT).format(sql.Identifier(source))

    @classmethod
    def open(cls, settings: Settings, source: str, standby: Standby | None = None) -> Self | None:
        """Take the lock, shut out whoever had it before, and begin where the broker says; None while another has it.

        `standby` is what this process waits on, if it waits.

        Raises Retry, and Stop when the database is not the one that published last.
        """
        with closing(Standby(settings, RELAY)) as own:
            connection = (standby or own).take(postgres.Lock.OUTBOX, SOURCES.index(source))
        if connection is None:
            return None
        try:
            target = transactions.writer(settings, RELAY, f"{RELAY}-{source}")
            kept = kafka.read_all(settings, RELAY, POSITIONS, patience=HIDDEN_S)
            reached = positions(kept).get(source, START)
            reached = reached._replace(mark=marks.check(connection, source, reached))
            if reached.published is None:
                reached = reached._replace(published=_sum_up(connection, source, reached.progress))
            return cls(settings, source, connection, target, reached)
        except BaseException:
            connection.close()
            raise

    def publish(self) -> int:
        """Publish one batch; gives how many rows.

        Raises Retry when it has to be opened again, Stop when the broker shuts it out or the database is another one.
        """
        self._keep_reached()
        with translated():
            rows = list(self._waiting())
        if not rows:
            return 0
        last = Progress(rows[-1].tx, rows[-1].id)
        tallies = added(self._tallies, rows)
        self._mark = marks.advance(self._connection, self._source, self._mark)
        key, value = record(self._source, last, self._mark, tallies)
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
            return horizon.holding_back(self._connection, f"{self._source}.outbox") if row and row[0] else []

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
        ends = self._offsets.ends(TOPICS_OF[self._source], self._partitions, open_too=True)
        marks.reach(self._connection, self._source, self._position, ends)
        self._reached = now, self._mark

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
    watch = Watch(log)
    trouble_since: float | None = None
    with Drain() as drain, closing(Standby(settings, RELAY)) as standby:
        while not drain.wanted:
            done, failed = 0, False
            for source in SOURCES:
                try:
                    publisher = open_now.get(source) or Publisher.open(settings, source, standby)
                    if publisher is None:
                        continue
                    open_now[source] = publisher
                    number = publisher.publish()
                    done += number
                    if not number and watch.is_time(source):
                        watch.tell(source, publisher.held_back_by())
                    publisher.prune()
                except Retry as error:
                    log.warning("beginning again", source=source, reason=str(error))
                    failed = True
                    if gone := open_now.pop(source, None):
                        gone.close()
            trouble_since = (trouble_since or time.monotonic()) if failed else None
            if trouble_since and time.monotonic() - trouble_since > PATIENCE_S:
                raise Retry("Kafka or PostgreSQL did not come back.")
            if done < ROWS:
                time.sleep(AGAIN_S if failed else GATHER_S)
        for publisher in open_now.values():
            publisher.close()
