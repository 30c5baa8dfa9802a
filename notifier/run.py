"""Reads findings and notifies people; only the process that holds the lock of a partition notifies its recipients."""

import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from typing import Any, Self

import psycopg
from confluent_kafka import TopicPartition
from psycopg import Connection
from structlog.typing import FilteringBoundLogger

from backbone import consumer_loop, kafka, marks, postgres
from backbone.errors import Retry
from backbone.group_reader import StoredPositions
from backbone.settings import Settings
from notifier import findings, occasions
from notifier.letter import hand_over as by_letter
from notifier.letter.print_folder import PrintFolder
from notifier.letter.typesetter import printer
from notifier.mail import hand_over as by_mail
from notifier.mail.smtp import MailPool
from schemas.locks import StageLock
from schemas.registry import SchemaBook
from schemas.roles import Role
from schemas.topics import FINDINGS

MESSAGES = 5_000
POLL_S = 0.2
BUSY_POLL_S = 0.01
"""How long to wait for findings while there are people to notify."""
GATHER_S = 2.0
"""While findings keep coming, people are notified at least this often."""
OCCASIONS = 500
SHARE_OF_QUIET = 10
"""How often occasions are checked within the quiet period, which may be a day: then there are many."""
MAIL_REST_S = 5.0
"""How long mails pause when the server cannot be reached or accepts nothing; letters go on."""
LONGEST_MAIL_REST_S = 60.0
"""The pause doubles each time the server accepts nothing, up to this; then it is offered one mail."""
SHARE_S = 2.0
"""How long mails, then letters, may take before new findings have their turn or a request to stop is seen."""


class Notifier:
    """A session that reads findings and notifies the recipients of the partitions whose locks it holds."""

    def __init__(
        self, settings: Settings, connection: Connection[Any], pool: MailPool, log: FilteringBoundLogger
    ) -> None:
        self._settings = settings
        self._connection = connection
        self._pool = pool
        self._log = log
        self._outgoing = PrintFolder(settings.outgoing)
        self._book = SchemaBook()
        self._pepper = settings.pepper()
        self._reader: StoredPositions | None = None
        self._opened = ExitStack()
        self._assigned: set[int] = set()
        self._owned: set[int] = set()
        self._busy = False
        self._gathering_since = time.monotonic()
        self._mail_rests_until = 0.0
        self._mail_rest_s = MAIL_REST_S
        self._looked_at = 0.0
        self._posted_at: dict[int, float] = {}

    @classmethod
    def open(cls, settings: Settings, log: FilteringBoundLogger) -> Self:
        """Join the group.

        Raises Retry, Stop.
        """
        with ExitStack() as opening:
            connection = opening.enter_context(closing(postgres.connect(settings, Role.NOTIFIER, autocommit=True)))
            # A restored database does not know who was notified already.
            marks.guard(settings, connection, Role.NOTIFIER)
            notifier = cls(settings, connection, opening.enter_context(MailPool(settings)), log)
            member = kafka.consumer(settings, Role.NOTIFIER, Role.NOTIFIER)
            reader = StoredPositions(member, connection, findings.SCHEMA)
            opening.callback(reader.close)
            reader.subscribe([FINDINGS], assigned=notifier._assign, revoked=notifier._revoke)
            notifier._reader, notifier._opened = reader, opening.pop_all()
        return notifier

    def _assign(self, partitions: Sequence[TopicPartition]) -> None:
        self._assigned.update(given.partition for given in partitions)

    def _revoke(self, partitions: Sequence[TopicPartition]) -> None:
        """Release these partitions; nothing is in hand, because this runs between two steps."""
        numbers = {taken.partition for taken in partitions}
        self._assigned -= numbers
        for number in sorted(self._owned & numbers):
            postgres.unlock(self._connection, StageLock.RECIPIENTS, number)
        self._owned -= numbers

    def handle_batch(self) -> int:
        """Store new findings, then notify people; returns how much there was to do.

        Raises Retry when PostgreSQL, Kafka or the folder for letters is unavailable, Stop for lasting errors.
        """
        try:
            stored = self._store_findings()
            # More may be on its way to the same recipients: one notice is kinder than two.
            if stored and time.monotonic() - self._gathering_since < GATHER_S:
                return stored
            owned = self._claim()
            done = self._settle(owned) + self._choose_channels(owned) + self._mail(owned) + self._post(owned)
        except OSError as error:
            # Begun batches of letters are finished when their partition is taken again.
            raise Retry(f"A folder cannot be written ({error.strerror}).") from error
        self._busy, self._gathering_since = done > 0, time.monotonic()
        return stored + done

    def _store_findings(self) -> int:
        if self._reader is None:
            return 0
        # 1. Poll what was committed.
        wait = BUSY_POLL_S if self._busy else POLL_S
        messages = self._reader.poll(MESSAGES, wait, wait)
        if not messages:
            return 0
        # 2. Write rows, dead letters and positions in one transaction.
        batch = findings.read(messages, self._pepper, self._book)
        with self._connection.transaction(), self._connection.cursor() as cursor:
            findings.store(cursor, batch, self._reader.since)
        self._reader.stored_up_to(batch.positions)
        self._log.info("findings stored", findings=len(batch.rows), dead=len(batch.dead))
        return len(messages)

    def _claim(self) -> list[int]:
        """Take the partitions that no other process holds, and clear up after a crash; gives all that are owned."""
        for number in sorted(self._assigned - self._owned):
            if not postgres.try_lock(self._connection, StageLock.RECIPIENTS, number):
                continue
            doubted = by_mail.doubt(self._connection, number)
            resumed = by_letter.resume(self._connection, self._outgoing, printer(), number)
            self._owned.add(number)
            self._log.info("partition taken", partition=number, in_doubt=doubted, resumed=resumed)
        return sorted(self._owned)

    def _choose_channels(self, owned: list[int]) -> int:
        if not owned:
            return 0
        with self._connection.transaction(), self._connection.cursor() as cursor:
            return occasions.choose_channels(cursor, owned, OCCASIONS)

    def _settle(self, owned: list[int]) -> int:
        quiet = self._settings.settle_seconds
        now = time.monotonic()
        if not owned or now - self._looked_at < quiet / SHARE_OF_QUIET:
            return 0
        with self._connection.transaction(), self._connection.cursor() as cursor:
            ripe = occasions.find_ripe(cursor, owned, quiet)
        made = 0
        for start in range(0, len(ripe), OCCASIONS):
            with self._connection.transaction(), self._connection.cursor() as cursor:
                made += occasions.make_notices(
                    cursor, ripe[start : start + OCCASIONS], self._settings.least_change_cents
                )
        self._looked_at = now
        return made

    def _mail(self, owned: list[int]) -> int:
        if not owned or time.monotonic() < self._mail_rests_until:
            return 0
        until = time.monotonic() + SHARE_S
        done = 0
        try:
            while time.monotonic() < until:
                group = by_mail.hand_over_mails(self._connection, self._pool, owned, self._settings.smtp_from)
                if not group:
                    break
                done += group
                if self._pool.refusing:
                    self._rest("The mail server took nothing of what it was offered.", self._mail_rest_s)
                    self._mail_rest_s = min(2 * self._mail_rest_s, LONGEST_MAIL_REST_S)
                    break
                self._mail_rest_s = MAIL_REST_S
        except Retry as error:
            self._rest(str(error), MAIL_REST_S)
        return done

    def _rest(self, reason: str, seconds: float) -> None:
        self._log.warning("mail rests", reason=reason, seconds=seconds)
        self._mail_rests_until = time.monotonic() + seconds

    def _post(self, owned: list[int]) -> int:
        until = time.monotonic() + SHARE_S
        done = 0
        # The partition that had its turn longest ago comes first.
        for number in sorted(owned, key=lambda number: self._posted_at.get(number, 0.0)):
            if time.monotonic() >= until:
                break
            done += by_letter.hand_over_letters(self._connection, self._outgoing, printer(), number)
            self._posted_at[number] = time.monotonic()
        return done

    def finish(self) -> None:
        """Nothing is left to do: each step is complete."""

    def close(self) -> None:
        """Leave the group, the mail server and the database."""
        # Partitions are unlocked where the database still answers; it unlocks them itself where it does not.
        with suppress(psycopg.Error):
            self._opened.close()


def run(settings: Settings) -> None:
    """Notify people until asked to stop."""
    consumer_loop.run(settings, Role.NOTIFIER, lambda log, _drain: Notifier.open(settings, log))
