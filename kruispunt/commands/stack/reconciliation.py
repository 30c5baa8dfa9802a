"""Compares what was published with what a restored database has, and makes both agree, without publishing twice."""

import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from itertools import islice
from typing import Any, cast

from confluent_kafka import Message, TopicPartition
from psycopg import Connection

from backbone import kafka, marks, postgres, transactions
from backbone.errors import Retry
from backbone.marks import TOKEN_BYTES, StoredMark
from backbone.offsets import Offsets
from backbone.outbox import OutboxRow, OutboxSource
from backbone.outbox_relay import added
from backbone.progress import START, Mark, OutboxPosition, Progress, PublishedSums, positions, record
from backbone.settings import Settings
from backbone.trouble import translated
from consumers.deliberations import store
from consumers.replay.run import SOURCE as REPLAY
from kruispunt.commands.stack.repair_report import RepairReport
from kruispunt.declared_outboxes import BY_NAME, OUTBOXES
from kruispunt.monitoring.outboxes import Comparison, Outbox, otherwise, published
from kruispunt.output import progress
from notifier import ledger_recovery as recall
from producers.intake import register
from producers.intake.register import Lost
from schemas.codec import decode_body, split
from schemas.identifiers import event_of, submission_of
from schemas.locks import StageLock
from schemas.registry import SchemaBook
from schemas.roles import Role
from schemas.topics import DISCLOSURES, NOTICES, POSITIONS
from schemas.twins.notices_status import NoticeStatus

NOTIFIER = "notifier"
REGISTER = "register"
AT_ONCE = 10_000
BATCH_BYTES = 8_000_000
PATIENCE_S = 30.0
"""A process that stops because of the restore lets go of its locks within this."""
PAUSE_S = 0.2
LOOKS = 5
LOOK_BACK = 100
"""So many of the last records of disclosures of each partition say by which deliberations was judged."""


def _there(config: Settings) -> dict[str, OutboxPosition]:
    return positions(kafka.read_all(config, Role.INSPECTOR, POSITIONS))


def agree(config: Settings) -> bool:
    """Whether Kafka and the database are seen to agree, while somebody may be publishing."""
    with postgres.connect(config, Role.INSPECTOR, autocommit=True) as connection, translated():
        for _ in range(LOOKS):
            # Whoever publishes between the two makes them differ for this once.
            there = _there(config)
            if not marks.differing(marks.kept(connection), there, (*BY_NAME, REPLAY)):
                return True
            time.sleep(PAUSE_S)
    return False


class Repair:
    """One repair: holds the locks of all who publish from the beginning to the end."""

    def __init__(self, config: Settings, stack: ExitStack) -> None:
        self._config = config
        self._relay = stack.enter_context(postgres.connect(config, Role.RELAY, autocommit=True))
        self._replay = stack.enter_context(postgres.connect(config, Role.REPLAY, autocommit=True))
        for source in OUTBOXES:
            _lock(self._relay, postgres.Lock.OUTBOX, source.number, f"the relay of {source.name}")
        _lock(self._replay, StageLock.REPLAY, None, "the replay")
        self._there = _there(config)
        with translated():
            self._here = marks.kept(self._relay)
        self.differing = marks.differing(self._here, self._there, (*BY_NAME, REPLAY))

    def _kept(self, source: str) -> StoredMark:
        return self._here.get(source, marks.NOTHING)

    def _position(self, source: str) -> OutboxPosition:
        return self._there.get(source, START)

    def _published(self, source: OutboxSource) -> tuple[StoredMark, Iterator[Message]]:
        """What the database has of an outbox, and what was published after that."""
        kept = self._kept(source.name)
        return kept, published(self._config, source, kept)

    def compare(self, report: RepairReport) -> None:
        """See what differs; changes nothing."""
        with progress() as bar:
            for source in OUTBOXES:
                kept, messages = self._published(source)
                task = bar.add_task(f"comparing {source.name}", total=None)
                outbox = Outbox(source, kept, messages)
                with translated():
                    comparison = outbox.compare(self._relay)
                report.comparisons.append(comparison)
                bar.update(task, total=1, completed=1)
                if source.name == REGISTER:
                    for lost in self._lost(comparison):
                        report.lost.setdefault(lost.submission, set()).add(lost.declaration)
                        report.lost_events += 1
                    if comparison.altered:
                        report.otherwise = otherwise(comparison.altered, self._published(source)[1])
        report.revisions = _revisions(self._config)

    def _lost(self, comparison: Comparison) -> Iterator[Lost]:
        """The events that are on their topics and not in the register, in the order of their partitions."""
        wanted, schemas = comparison.only_published.copy(), SchemaBook()
        if not wanted:
            return
        for message in self._published(BY_NAME[REGISTER])[1]:
            name, value = str(message.topic()), bytes(message.value() or b"")
            event = event_of(value)
            if wanted[name, event] > 0:
                wanted[name, event] -= 1
                number, body = split(value)
                content = decode_body(schemas.get(number), body)
                yield Lost(
                    name, bytes(message.key() or b""), value, content["occurred_at"], event, content["declaration"],
                    content["version"], submission_of(content["trace_parent"]),
                )  # fmt: skip

    def bring_back(self, report: RepairReport) -> None:
        """Put the lost events back into the register, all of them or none."""
        (comparison,) = (compared for compared in report.comparisons if compared.source == REGISTER)
        with postgres.connect(self._config, Role.INTAKE) as connection, translated(), connection.transaction():
            lost = self._lost(comparison)
            while some := list(islice(lost, AT_ONCE)):
                register.bring_back(connection, some)

    def recall_notices(self, report: RepairReport) -> None:
        """Take back what people were told."""
        with postgres.connect(self._config, Role.NOTIFIER, autocommit=True) as connection, translated():
            recall.read_on(self._config, connection)
            notices = recall.last_states(self._notice_states())
            (comparison,) = (compared for compared in report.comparisons if compared.source == NOTIFIER)
            announced = [identity for identity in comparison.only_published.elements() if identity[0] == NOTICES]
            config = self._config
            report.notices = recall.recall(
                connection, notices, config.settle_seconds, config.least_change_cents, announced
            )

    def _notice_states(self) -> Iterator[NoticeStatus]:
        schemas = SchemaBook()
        for message in self._published(BY_NAME[NOTIFIER])[1]:
            if message.topic() == NOTICES:
                number, body = split(message.value() or b"")
                yield cast("NoticeStatus", decode_body(schemas.get(number), body))

    def publish(self, source: OutboxSource) -> int:
        """Publish what is on no topic, then the position behind it; gives how many rows."""
        kept, messages = self._published(source)
        outbox = Outbox(source, kept, messages)
        target = transactions.writer(self._config, Role.RELAY, f"{Role.RELAY}-{source.name}")
        comparison, done, tallies = Comparison(source.name, kept.reached), 0, self._position(source.name).published
        with translated():
            for some in _batches(outbox.unpublished(self._relay, comparison)):
                with transactions.transaction(target):
                    for row in some:
                        transactions.send(target, row.topic, row.value, row.key, row.partition)
                done += len(some)
                # What was never summed up is summed up by the relay, from the rows.
                tallies = None if tallies is None else added(source, tallies, some)
        self._settle(self._relay, target, source.name, comparison.last, tallies)
        return done

    def rewind(self) -> None:
        """Let the replay look again at who came on file since: what was copied is on record, and left out."""
        target = transactions.writer(self._config, Role.REPLAY, Role.REPLAY)
        self._settle(self._replay, target, REPLAY, self._kept(REPLAY).reached, None)

    def _settle(
        self, connection: Connection[Any], target: Any, source: str, last: Progress, tallies: PublishedSums | None
    ) -> None:
        number = max(self._kept(source).mark.number, self._position(source).mark.number) + 1
        mark = Mark(number, secrets.token_hex(TOKEN_BYTES))
        key, value = record(source, last, mark, tallies)
        with transactions.transaction(target):
            transactions.send(target, POSITIONS, value, key)
        marks.settle(connection, source, mark)


def _lock(connection: Connection[Any], lock: int, number: int | None, whose: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not postgres.try_lock(connection, lock, number):
        if time.monotonic() > deadline:
            raise Retry(f"{whose.capitalize()} is running.", "Stop it, then try again.")
        time.sleep(PAUSE_S)


def _batches(rows: Iterable[OutboxRow]) -> Iterator[list[OutboxRow]]:
    some: list[OutboxRow] = []
    size = 0
    for row in rows:
        some.append(row)
        size += len(row.value)
        if len(some) == AT_ONCE or size > BATCH_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


def _revisions(config: Settings) -> tuple[int, int]:
    """By which revision of the deliberations was judged last, and which one the database has."""
    schemas, judged = SchemaBook(), 0
    with closing(Offsets(config, Role.INSPECTOR)) as offsets:
        ends = offsets.ends((DISCLOSURES,), config.partitions)
    places = [TopicPartition(*place, max(end - LOOK_BACK, 0)) for place, end in ends.items() if end]
    for message in kafka.read_to_end(config, Role.INSPECTOR, places):
        number, body = split(message.value() or b"")
        judged = max(judged, decode_body(schemas.get(number), body).get("revision", 0))
    with postgres.connect(config, Role.INSPECTOR) as connection, connection.cursor() as cursor:
        return judged, store.revision(cursor)
