"""Reads findings and tells people, without end; whoever holds the lock of a partition alone tells its recipients."""

import time
from contextlib import ExitStack
from typing import Any

import psycopg
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition
from psycopg import Connection
from structlog.typing import FilteringBoundLogger

from backbone import kafka, logs, marks, postgres
from backbone.errors import Retry
from backbone.positions import Positions
from backbone.process import Drain, with_retry
from backbone.settings import Settings
from backbone.trouble import of_postgres
from notifier import findings, occasions
from notifier.letter import hand_over as by_letter
from notifier.letter.print_folder import PrintFolder
from notifier.letter.typesetter import printer
from notifier.mail import hand_over as by_mail
from notifier.mail.smtp import MailPool
from schemas.registry import SchemaBook
from schemas.topics import FINDINGS

NAME = "notifier"
MESSAGES = 5_000
POLL_S = 0.2
GATHER_S = 2.0
"""While findings keep coming, people are told at least this often."""
OCCASIONS = 500
SHARE_OF_QUIET = 10
"""Occasions are looked through this often within the quiet period: it may be a day, and then they are many."""
MAIL_REST_S = 5.0
"""A mail server that cannot be reached, or takes nothing, is left alone this long; letters go on."""
LONGEST_MAIL_REST_S = 60.0
"""One that takes nothing is left alone twice as long each time, up to this; then it is offered one mail."""
SHARE_S = 2.0
"""So long at most for mails, then for letters, before new findings have their turn or a wish to stop is heard."""


class Notifier:
    """One worker: its partitions, and the steps it repeats."""

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
        self._assigned: set[int] = set()
        self._owned: set[int] = set()
        self._mail_rests_until = 0.0
        self._mail_rest_s = MAIL_REST_S
        self._looked_at = 0.0
        self._posted_at: dict[int, float] = {}
        self._since: Positions = {}
        self._shared_anew = False

    def assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Begin where the database is, whatever the group has committed."""
        numbers = [entry.partition for entry in partitions]
        with self._connection.transaction(), self._connection.cursor() as cursor:
            self._since = findings.positions_of(cursor, numbers)
        self._shared_anew = True
        consumer.assign([self._place(entry.partition) for entry in partitions])
        self._assigned.update(numbers)

    def revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Let others have these partitions; nothing is in hand, because this runs between two steps."""
        numbers = {entry.partition for entry in partitions}
        self._shared_anew = True
        self._assigned -= numbers
        for number in sorted(self._owned & numbers):
            postgres.unlock(self._connection, postgres.Lock.RECIPIENTS, number)
        self._owned -= numbers

    def _place(self, partition: int) -> TopicPartition:
        return TopicPartition(FINDINGS, partition, self._since.get((FINDINGS, partition), OFFSET_BEGINNING))

    def read(self, consumer: Consumer, timeout: float) -> list[Message]:
        """What there is to keep; nothing that was read while partitions changed hands.

        Raises Retry when they do so again.
        """
        self._shared_anew = False
        # Not by its truth: a record without a value is false, and would be passed over without a word.
        messages = [m for m in consumer.consume(MESSAGES, timeout=timeout) if kafka.alive(m) is not None]
        if not messages or not self._shared_anew:
            return messages
        try:
            for entry in consumer.assignment():
                consumer.seek(self._place(entry.partition))
        except KafkaException as error:
            raise Retry("The partitions changed hands.") from error
        return []

    def store(self, messages: list[Message]) -> None:
        """Keep what was read."""
        batch = findings.read(messages, self._pepper, self._book)
        with self._connection.transaction(), self._connection.cursor() as cursor:
            findings.store(cursor, batch, self._since)
        self._since |= batch.positions
        self._log.info("findings stored", findings=len(batch.rows), dead=len(batch.dead))

    def claim(self) -> None:
        """Take the partitions nobody else works on, and clear up what a crash may have left in them."""
        for number in sorted(self._assigned - self._owned):
            if not postgres.try_lock(self._connection, postgres.Lock.RECIPIENTS, number):
                continue
            doubted = by_mail.doubt(self._connection, number)
            resumed = by_letter.resume(self._connection, self._outgoing, printer(), number)
            self._owned.add(number)
            self._log.info("partition taken", partition=number, in_doubt=doubted, resumed=resumed)

    def tell(self) -> int:
        """One round: settle, choose channels, hand over; gives how much there was to do."""
        self.claim()
        owned = sorted(self._owned)
        if not owned:
            return 0
        done = self._settle(owned)
        with self._connection.transaction(), self._connection.cursor() as cursor:
            done += occasions.choose_channels(cursor, owned, OCCASIONS)
        return done + self._mail(owned) + self._post(owned)

    def _settle(self, owned: list[int]) -> int:
        quiet = self._settings.settle_seconds
        now = time.monotonic()
        if now - self._looked_at < quiet / SHARE_OF_QUIET:
            return 0
        with self._connection.transaction(), self._connection.cursor() as cursor:
            ripe = occasions.find_ripe(cursor, owned, quiet)
        made = 0
        for start in range(0, len(ripe), OCCASIONS):
            with self._connection.transaction(), self._connection.cursor() as cursor:
                made += occasions.make_notices(cursor, ripe[start : start + OCCASIONS])
        self._looked_at = now
        return made

    def _mail(self, owned: list[int]) -> int:
        if time.monotonic() < self._mail_rests_until:
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


def run(settings: Settings) -> None:
    """Tell people until asked to stop.

    Raises Retry when PostgreSQL, Kafka or the folder for letters went away, Stop when it makes no sense to go on.
    """
    log = logs.configure(NAME, settings.log_level)
    try:
        with Drain() as drain, ExitStack() as stack:
            connection = with_retry(lambda: postgres.connect(settings, NAME, autocommit=True))
            # Of a database that was put back nobody knows who was told already.
            with_retry(lambda: marks.guard(settings, connection, NAME))
            pool = stack.enter_context(MailPool(settings))
            stack.enter_context(connection)
            consumer = kafka.consumer(settings, NAME, NAME)
            stack.callback(consumer.close)
            notifier = Notifier(settings, connection, pool, log)
            consumer.subscribe(
                [FINDINGS], on_assign=notifier.assign, on_revoke=notifier.revoke, on_lost=notifier.revoke
            )
            log.info("started")
            _repeat(notifier, consumer, drain)
            log.info("stopped")
    except psycopg.Error as error:
        raise of_postgres(error) from None
    except OSError as error:
        # Begun batches of letters are finished when their partition is taken again.
        raise Retry(f"A folder cannot be written ({error.strerror}).") from error


def _repeat(notifier: Notifier, consumer: Consumer, drain: Drain) -> None:
    busy = 0
    gathering_since = time.monotonic()
    while not drain.wanted:
        messages = notifier.read(consumer, 0.01 if busy else POLL_S)
        if messages:
            notifier.store(messages)
            # More may be on its way to the same recipients: one notice is kinder than two.
            if time.monotonic() - gathering_since < GATHER_S:
                continue
        busy = notifier.tell()
        gathering_since = time.monotonic()
