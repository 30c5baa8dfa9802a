"""Replays to an institution, once, what was published about a person before that person came on file there.

Copies and disclosures of some persons are one Kafka transaction; the position in the integrations follows the last of
them. After a kill in between, what was copied is on record and is left out. One process replays at a time; a second
stands by.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, date, datetime
from typing import Any, Self

import psycopg
from confluent_kafka import Producer
from psycopg import Connection
from structlog.typing import FilteringBoundLogger

from backbone import consumer_loop, kafka, marks, postgres, transactions
from backbone.offsets import Offsets
from backbone.process import Drain
from backbone.progress import START, Progress, positions, record
from backbone.settings import Settings
from backbone.standby import Standby
from consumers.deliberations.store import StoredRevision, current, revision
from consumers.directory import look_up
from consumers.exchange.published import check_published
from consumers.exchange.records import OutgoingRecord
from consumers.replay import due
from consumers.replay.barrier import Barrier
from consumers.replay.due import NewDossier
from consumers.replay.look_back import LookBack
from consumers.replay.records import Moment, Past, replayed
from schemas.identifiers import pseudonym
from schemas.legal_day import legal_today
from schemas.locks import StageLock
from schemas.registry import SchemaBook
from schemas.roles import Role
from schemas.topics import POSITIONS

SOURCE = "replay"
"""Whose position and mark these are, beside those of the outboxes."""
AT_ONCE = 20_000
"""Integrations in a batch: most are of people about whom nothing was published yet, as in a first load."""
PERSONS = 200
"""Persons in a transaction: while it is open, live deliveries to the same partitions wait."""
PAUSE_S = 0.3
NewPersons = Mapping[str, tuple[bytes, set[str]]]
"""By person: pseudonym, and the institutions that look back."""


class Replay:
    """A session that replays while it holds its lock."""

    def __init__(
        self,
        settings: Settings,
        connection: Connection[Any],
        target: Producer,
        log: FilteringBoundLogger,
        drain: Drain,
    ) -> None:
        self._settings = settings
        self._pepper = settings.pepper()
        self._connection = connection
        self._target = target
        self._log = log
        self._drain = drain
        self._offsets = Offsets(settings, Role.REPLAY)
        self._barrier = Barrier(self._offsets, connection, settings.partitions)
        self._schemas = SchemaBook()
        self._kept = StoredRevision(0, ())
        self._look_back = LookBack((), date.min)
        self._today = date.min
        position = positions(kafka.read_all(settings, Role.REPLAY, POSITIONS)).get(SOURCE, START)
        self._progress = position.progress
        self._mark = marks.check(connection, SOURCE, position)
        marks.guard(settings, connection, Role.REPLAY)

    @classmethod
    def open(cls, settings: Settings, standby: Standby, log: FilteringBoundLogger, drain: Drain) -> Self | None:
        """Take the lock and abort what the last process left open; None while another has the lock.

        Raises Retry, Stop.
        """
        connection = standby.take(StageLock.REPLAY)
        if connection is None:
            return None
        try:
            target = transactions.writer(settings, Role.REPLAY, Role.REPLAY)
            return cls(settings, connection, target, log, drain)
        except BaseException:
            connection.close()
            raise

    def handle_batch(self) -> int:
        """Replay for the next integrations; gives how many. Ends early when the process is asked to stop.

        Raises Retry when it has to be opened again, Stop when another has taken its place.
        """
        with self._alone() as alone:
            handled = self._replay_next() if alone else 0
        if not handled:
            time.sleep(PAUSE_S)
        return handled

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Stand by while `rejudge` runs: what it copies is left out here once it is on record."""
        taken = postgres.try_lock(self._connection, StageLock.REJUDGE, 0)
        try:
            yield taken
        finally:
            if taken:
                with suppress(psycopg.Error):
                    postgres.unlock(self._connection, StageLock.REJUDGE, 0)

    def _wanted(self) -> bool:
        return not self._drain.wanted

    def _replay_next(self) -> int:
        with self._connection.cursor() as cursor:
            # 1. Find new dossiers, 2. the persons among them about whom anything was published, and who may have it.
            dossiers = due.waiting(cursor, self._progress, AT_ONCE)
            if not dossiers:
                return 0
            self._follow_deliberations(cursor)
            new_persons = self._new_persons(cursor, dossiers)
            reached = None
            if new_persons:
                # 3. Wait until all that was published before is on record.
                reached = self._barrier.pass_(self._wanted)
                if reached is None:
                    return 0
        made = 0
        if reached:
            for some in _chunks(new_persons, PERSONS):
                if not self._wanted():
                    return 0
                outgoing = self._due(some, reached)
                # 4. Write copies and disclosures, 5. all of them or none.
                if outgoing:
                    with transactions.transaction(self._target):
                        for topic, partition, key, value in outgoing:
                            transactions.send(self._target, topic, value, key, partition)
                made += len(outgoing)
        # 6. Commit the position.
        last = dossiers[-1].progress
        marks.reach(self._connection, SOURCE, self._progress, {})
        self._mark = marks.advance(self._connection, SOURCE, self._mark)
        source, position = record(SOURCE, last, self._mark)
        with transactions.transaction(self._target):
            transactions.send(self._target, POSITIONS, position, source)
        self._progress = last
        if made:
            self._log.info("replayed", integrations=len(dossiers), records=made)
        return len(dossiers)

    def finish(self) -> None:
        """Nothing is left to do: what was not replayed is replayed later."""

    def close(self) -> None:
        """Let another one take over."""
        self._offsets.close()
        with suppress(psycopg.Error):
            self._connection.close()

    def _new_persons(self, cursor: Any, dossiers: Sequence[NewDossier]) -> NewPersons:
        """By person: pseudonym, and the institutions with a look-back that have a new dossier of that person."""
        wanted: dict[str, set[str]] = defaultdict(set)
        for dossier in dossiers:
            if dossier.institution in self._look_back.recipients:
                wanted[dossier.person].add(dossier.institution)
        keys = {person: pseudonym(self._pepper, person) for person in wanted}
        known = due.known(cursor, keys.values()) if keys else set()
        return {person: (keys[person], wanted[person]) for person in wanted if keys[person] in known}

    def _due(self, new_persons: NewPersons, reached: Progress) -> list[OutgoingRecord]:
        """Copies and disclosures of what is due to some persons' institutions."""
        keys = [key for key, _ in new_persons.values()]
        by_institution: dict[str, set[bytes]] = defaultdict(set)
        for key, institutions in new_persons.values():
            for institution in institutions:
                by_institution[institution].add(key)
        with self._connection.cursor() as cursor:
            # A deliberation that was withdrawn, or a dossier that was ended, since the last persons counts for these.
            self._follow_deliberations(cursor)
            past = Past(
                due.published(cursor, keys, reached),
                look_up(cursor, new_persons),
                due.disclosed(cursor, keys, list(by_institution)),
            )
        moment = Moment(datetime.now(UTC), self._kept.revision, self._settings.partitions)
        return list(replayed(past, by_institution, self._look_back, self._schemas, moment))

    def _follow_deliberations(self, cursor: Any) -> None:
        """Use the deliberations that are kept now, as of today.

        Raises Retry, and Stop when a schema is not published.
        """
        if revision(cursor) != self._kept.revision:
            self._kept = current(cursor)
            self._today = date.min
        today = legal_today()
        if today != self._today:
            self._look_back, self._today = LookBack(self._kept.held, today), today
            check_published(self._settings, self._look_back.projections, Role.REPLAY)


def _chunks(new_persons: NewPersons, size: int) -> Iterator[NewPersons]:
    persons = list(new_persons.items())
    for start in range(0, len(persons), size):
        yield dict(persons[start : start + size])


def run(settings: Settings) -> None:
    """Replay until asked to stop."""
    with closing(Standby(settings, Role.REPLAY)) as standby:
        consumer_loop.run(settings, Role.REPLAY, lambda log, drain: Replay.open(settings, standby, log, drain))
