"""Takes in what institutions say of dossiers, exactly once: dossiers, answers and position are one transaction.

Each institution has its turns and its own transactions: whatever one of them writes delays another by no more than a
turn, and a fault that it brings out is its own.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Self

import psycopg
import structlog
from psycopg import Connection

from backbone import logs, positions, postgres
from backbone.batches import ONLY, BatchReader
from backbone.errors import Retry, Stop
from backbone.offsets import Offsets
from backbone.postgres import Lock
from backbone.process import Drain, persevere
from backbone.settings import Settings
from backbone.trouble import of_postgres
from backbone.unpacking import Unpacker
from consumers.directory import alarms
from consumers.directory.backlog import LARGEST_UNPACKED, Allowance, Backlog, Piece
from consumers.directory.reading import read
from consumers.directory.store import take_in
from consumers.keeper import CALM_S
from schemas.institutions import INSTITUTIONS
from schemas.registry import SchemaBook
from schemas.topics import LARGEST_CHANGES, changes

DOSSIERS = "dossiers"
SCHEMA = "directory"
BATCH = 5_000
WAIT_MS = 500
"""A fetch that finds nothing waits this long at the broker, and no longer than until the first record comes."""
GATHER_S = 0.1
"""How long records gather where there are few: ten of them cost a transaction as much as ten thousand."""
STANDBY_S = 1.0
REST_S = 60.0
"""How long an institution waits whose records bring out a fault, before it is tried again."""
LOST = "its place is lost"
"""Nobody passes over a gap without a word: somebody finds out what is missing, and sets the position."""
OF_THE_DATA = (psycopg.DataError, psycopg.IntegrityError)
TOPICS = tuple(changes(name) for name in INSTITUTIONS)


class Faulty(Exception):
    """What an institution wrote cannot be taken in, and nobody foresaw why; `offset` is where that begins."""

    def __init__(self, topic: str, offset: int, kind: str) -> None:
        super().__init__(f"{topic}[{ONLY}]@{offset}: {kind}")


class Turns:
    """Lets each institution have its turn, as long as this process alone does so."""

    def __init__(
        self, settings: Settings, connection: Connection[Any], reader: BatchReader, since: positions.Positions
    ) -> None:
        self._settings = settings
        self._connection = connection
        self._reader = reader
        self._since = since
        self._read = partial(read, schemas=SchemaBook())
        self._unpacker = Unpacker(LARGEST_UNPACKED)
        self._backlogs: dict[str, Backlog] = {}
        self._resting: dict[str, float] = {}

    @classmethod
    def open(cls, settings: Settings, connection: Connection[Any]) -> Self:
        """Begin wherever the database is.

        Raises Retry, Closed.
        """
        with connection.transaction(), connection.cursor() as cursor:
            kept = positions.load(cursor, SCHEMA)
        since = {(topic, ONLY): kept[topic, ONLY] for topic in TOPICS if (topic, ONLY) in kept}
        begun = dict(since)
        if missing := [topic for topic in TOPICS if (topic, ONLY) not in since]:
            begun |= Offsets(settings, DOSSIERS).beginnings(missing, settings.partitions)
        reader = BatchReader.open(settings, DOSSIERS, TOPICS, largest=LARGEST_CHANGES)
        turns = cls(settings, connection, reader, since)
        for institution in INSTITUTIONS:
            turns._begin(institution, begun[changes(institution), ONLY])
        return turns

    def _begin(self, institution: str, offset: int) -> None:
        allowance = Allowance(self._settings.changes_per_minute, time.monotonic())
        self._backlogs[institution] = Backlog(institution, offset, self._unpacker, self._read, allowance)

    def round(self, told: Callable[[Faulty], None]) -> int:
        """Fetch for whom nothing is left, and give each institution its turn; gives how many answers were made.

        An institution whose records bring out a fault, or are gone before they were read, waits a while and is tried
        again, alone: `told` hears of it.

        Raises Retry when somebody else was faster or something passing is in the way, Closed when the broker refuses
        the user or its right, Stop when PostgreSQL refuses for good.
        """
        now = time.monotonic()
        awake = (one for one in self._backlogs.values() if self._resting.get(one.institution, now) <= now)
        ready = [backlog for backlog in awake if backlog.allowance.left(now)]
        lost = self._fetch([backlog for backlog in ready if backlog.empty], wait=all(one.empty for one in ready))
        answers, faults = 0, dict[str, Faulty]()
        for backlog in ready:
            if backlog.topic in lost:
                faults[backlog.institution] = Faulty(backlog.topic, backlog.reached, LOST)
                continue
            try:
                answers += self._turn(backlog, now)
            except Faulty as fault:
                faults[backlog.institution] = fault
        for institution, one in faults.items():
            told(one)
            self._resting[institution] = now + REST_S
        return answers

    def _fetch(self, wanting: list[Backlog], *, wait: bool) -> set[str]:
        """Put what lies there into the backlogs; gives the topics on which the place of this reader is lost."""
        if not wanting:
            return set()
        places = {backlog.topic: backlog.reached for backlog in wanting}
        found = self._reader.fetch(places, WAIT_MS if wait else 0)
        for backlog in wanting:
            if backlog.topic in found and not found[backlog.topic].lost:
                backlog.put(found[backlog.topic])
        return {topic for topic, one in found.items() if one.lost}

    def _turn(self, backlog: Backlog, now: float) -> int:
        begin = backlog.begin
        try:
            piece = backlog.take(min(BATCH, backlog.allowance.left(now)))
            if piece is None:
                return 0
            self._take_in(backlog.topic, piece)
        except psycopg.errors.UniqueViolation as error:
            raise Retry("Another process was faster.") from error
        except (Retry, Stop):
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours that one institution's records bring out
            if isinstance(error, psycopg.Error) and not isinstance(error, OF_THE_DATA):
                raise of_postgres(error) from None
            self._begin(backlog.institution, begin)
            # Not in its words: they may quote a record.
            raise Faulty(backlog.topic, begin, type(error).__name__) from None
        backlog.allowance.spend(len(piece.arrived))
        return len(piece.arrived)

    def _take_in(self, topic: str, piece: Piece) -> None:
        following = {(topic, ONLY): piece.following}
        with self._connection.transaction(), self._connection.cursor() as cursor:
            take_in(cursor, piece.arrived)
            raised = alarms.raised(cursor)
            if not positions.store(cursor, SCHEMA, self._since, following):
                raise Retry("Another process is further.")
        self._since |= following
        for one in raised:
            structlog.get_logger().warning(
                "alarm: mass integration", process=DOSSIERS, institution=one.institution,
                integrations=one.integrations, limit=one.most,
            )  # fmt: skip

    def close(self) -> None:
        """Leave Kafka."""
        self._reader.close()


def _alone(connection: Connection[Any], drain: Drain) -> bool:
    """Wait until no other process takes changes in; False when asked to stop before that."""
    while not drain.wanted:
        if postgres.try_lock(connection, Lock.DOSSIERS, 0):
            return True
        time.sleep(STANDBY_S)
    return False


def run(settings: Settings) -> None:
    """Take changes in until asked to stop; begin again where something passing got in the way."""
    log = logs.configure(DOSSIERS, settings.log_level)

    def told(fault: Faulty) -> None:
        log.error("an institution waits", at=str(fault), again_in_s=REST_S)

    with Drain() as drain:

        def work(well: Callable[[], None]) -> None:
            connection = postgres.connect(settings, DOSSIERS, autocommit=True)
            try:
                if not _alone(connection, drain):
                    return
                turns = Turns.open(settings, connection)
                try:
                    opened = time.monotonic()
                    while not drain.wanted:
                        answers = turns.round(told)
                        if answers or time.monotonic() - opened > CALM_S:
                            well()
                        if answers < BATCH:
                            time.sleep(GATHER_S)
                finally:
                    turns.close()
            finally:
                with suppress(psycopg.Error):
                    connection.close()

        persevere(drain, log, work)
