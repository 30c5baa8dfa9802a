"""Processes the changes that institutions send, exactly once: dossiers, answers and position are one transaction.

Each institution has its turns and its own transactions: what one of them writes delays another by no more than a turn,
and a fault that its records cause affects no other.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import Any, Self

import psycopg
from psycopg import Connection
from structlog.typing import FilteringBoundLogger

from backbone import consumer_loop, positions
from backbone.batches import ONLY, BatchReader
from backbone.errors import Retry, Stop
from backbone.offsets import Offsets
from backbone.process import Drain
from backbone.settings import Settings
from backbone.standby import Standby
from backbone.trouble import of_postgres
from backbone.unpacking import Unpacker
from consumers.directory import alarms, store
from consumers.directory.backlog import LARGEST_UNPACKED, Allowance, Backlog
from consumers.directory.reading import read
from schemas.institutions import INSTITUTIONS
from schemas.locks import StageLock
from schemas.registry import SchemaBook
from schemas.roles import Role
from schemas.topics import LARGEST_CHANGES, changes

SCHEMA = "directory"
BATCH = 5_000
WAIT_MS = 500
"""A fetch that finds nothing waits this long at the broker, and no longer than until the first record comes."""
GATHER_S = 0.1
"""How long to wait for more records when there are few: ten cost a transaction as much as ten thousand."""
REST_S = 60.0
"""How long an institution whose records cause a fault waits before it is tried again."""
LOST = "its place is lost"
"""A gap is never passed over silently: an operator finds out what is missing, and sets the position."""
OF_THE_DATA = (psycopg.DataError, psycopg.IntegrityError)
TOPICS = tuple(changes(name) for name in INSTITUTIONS)


class Faulty(Exception):
    """What an institution wrote cannot be processed, for an unforeseen reason; `offset` is where that begins."""

    def __init__(self, topic: str, offset: int, kind: str) -> None:
        super().__init__(f"{topic}[{ONLY}]@{offset}: {kind}")


class Turns:
    """A session in which each institution has its turn, as long as this process alone does so."""

    def __init__(
        self,
        settings: Settings,
        connection: Connection[Any],
        reader: BatchReader,
        since: positions.Positions,
        log: FilteringBoundLogger,
    ) -> None:
        self._settings = settings
        self._log = log
        self._connection = connection
        self._reader = reader
        self._since = since
        self._read = partial(read, schemas=SchemaBook())
        self._unpacker = Unpacker(LARGEST_UNPACKED)
        self._backlogs: dict[str, Backlog] = {}
        self._resting: dict[str, float] = {}

    @classmethod
    def open(cls, settings: Settings, connection: Connection[Any], log: FilteringBoundLogger) -> Self:
        """Begin at the positions in the database. The session owns the connection, which holds the lock.

        Raises Retry, AccessRefused.
        """
        with connection.transaction(), connection.cursor() as cursor:
            kept = positions.load(cursor, SCHEMA)
        since = {(topic, ONLY): kept[topic, ONLY] for topic in TOPICS if (topic, ONLY) in kept}
        begun = dict(since)
        if missing := [topic for topic in TOPICS if (topic, ONLY) not in since]:
            begun |= Offsets(settings, Role.DOSSIERS).beginnings(missing, settings.partitions)
        reader = BatchReader.open(settings, Role.DOSSIERS, TOPICS, largest=LARGEST_CHANGES)
        turns = cls(settings, connection, reader, since, log)
        for institution in INSTITUTIONS:
            turns._begin(institution, begun[changes(institution), ONLY])
        return turns

    def _begin(self, institution: str, offset: int) -> None:
        allowance = Allowance(self._settings.changes_per_minute, time.monotonic())
        self._backlogs[institution] = Backlog(institution, offset, self._unpacker, self._read, allowance)

    def handle_batch(self) -> int:
        """Fetch where nothing is left, and give each institution its turn; gives how many answers were made.

        An institution whose records cause a fault, or are gone before they were read, waits alone and is tried again
        later; the log says so.

        Raises Retry when another process was faster or trouble may pass, AccessRefused when the broker refuses
        the user or its right, Stop when PostgreSQL refuses for good.
        """
        now = time.monotonic()
        awake = (backlog for backlog in self._backlogs.values() if self._resting.get(backlog.institution, now) <= now)
        ready = [backlog for backlog in awake if backlog.allowance.left(now)]
        lost = self._fetch(
            [backlog for backlog in ready if backlog.empty], wait=all(backlog.empty for backlog in ready)
        )
        answers, faults = 0, dict[str, Faulty]()
        for backlog in ready:
            if backlog.topic in lost:
                faults[backlog.institution] = Faulty(backlog.topic, backlog.reached, LOST)
                continue
            try:
                with self._fault_of(backlog):
                    answers += self._turn(backlog, now)
            except Faulty as fault:
                faults[backlog.institution] = fault
        for institution, reason in faults.items():
            self._log.error("an institution waits", at=str(reason), again_in_s=REST_S)
            self._resting[institution] = now + REST_S
        if answers < BATCH:
            time.sleep(GATHER_S)
        return answers

    def _fetch(self, wanting: list[Backlog], *, wait: bool) -> set[str]:
        """Put what lies there into the backlogs; gives the topics on which the place of this reader is lost."""
        if not wanting:
            return set()
        offsets = {backlog.topic: backlog.reached for backlog in wanting}
        fetched = self._reader.fetch(offsets, WAIT_MS if wait else 0)
        for backlog in wanting:
            if backlog.topic in fetched and not fetched[backlog.topic].lost:
                backlog.put(fetched[backlog.topic])
        return {topic for topic, fetched_batches in fetched.items() if fetched_batches.lost}

    @contextmanager
    def _fault_of(self, backlog: Backlog) -> Iterator[None]:
        """Makes an unforeseen error inside the fault of one institution; Retry and Stop come out as they are.

        Raises Faulty; the backlog then begins where it was.
        """
        begin = backlog.begin
        try:
            yield
        except psycopg.errors.UniqueViolation as error:
            raise Retry("Another process was faster.") from error
        except (Retry, Stop):
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours that one institution's records cause
            if isinstance(error, psycopg.Error) and not isinstance(error, OF_THE_DATA):
                raise of_postgres(error) from None
            self._begin(backlog.institution, begin)
            # Not in its words: they may quote a record.
            raise Faulty(backlog.topic, begin, type(error).__name__) from None

    def _turn(self, backlog: Backlog, now: float) -> int:
        # 1. Take what is allowed now.
        piece = backlog.take(min(BATCH, backlog.allowance.left(now)))
        if piece is None:
            return 0
        # 2. Decide, and write dossiers, answers and the position, in one transaction.
        following = {(backlog.topic, ONLY): piece.following}
        with self._connection.transaction(), self._connection.cursor() as cursor:
            store.write(cursor, store.decided(cursor, piece.arrived))
            raised = alarms.raised(cursor)
            if not positions.store(cursor, SCHEMA, self._since, following):
                raise Retry("Another process is further.")
        self._since |= following
        backlog.allowance.spend(len(piece.arrived))
        for alarm in raised:
            self._log.warning(
                "alarm: mass integration",
                institution=alarm.institution,
                integrations=alarm.integrations,
                limit=alarm.most,
            )
        return len(piece.arrived)

    def finish(self) -> None:
        """Nothing is left to do: each turn is complete."""

    def close(self) -> None:
        """Leave Kafka, and let another process take over."""
        self._reader.close()
        with suppress(psycopg.Error):
            self._connection.close()


def run(settings: Settings) -> None:
    """Process changes until asked to stop; one process at a time does so."""
    with closing(Standby(settings, Role.DOSSIERS)) as standby:

        def open_session(log: FilteringBoundLogger, _drain: Drain) -> Turns | None:
            connection = standby.take(StageLock.DOSSIERS, 0)
            if connection is None:
                return None
            try:
                return Turns.open(settings, connection, log)
            except BaseException:
                connection.close()
                raise

        consumer_loop.run(settings, Role.DOSSIERS, open_session)
