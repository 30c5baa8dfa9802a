"""Rebuilds the ledger from its topic after a database was restored, so that nobody is notified twice.

What happened to each notice is on its topic. A notice that the database no longer knows is recreated with the findings
it mentioned. A notice whose last state on the topic is `handing over` is in doubt, as after a crash.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Message, TopicPartition
from psycopg import Connection, Cursor

from backbone import kafka
from backbone.settings import Settings
from notifier import findings, ledger
from notifier.ledger import NoticeState
from notifier.settle import FindingVersion, Telling, settle
from schemas.languages import Language, as_language
from schemas.registry import SchemaBook
from schemas.roles import Role
from schemas.topics import FINDINGS
from schemas.twins.notices_status import NoticeStatus

BATCH = 5_000
PUT_BACK = "The database was put back to an earlier moment while it was handed over."
KNOWN = """
select n.notice, n.state, (select max(s.at) from notifier.notice_state s where s.notice = n.notice)
  from notifier.notice n where n.notice = any(%s)
"""
WHOSE = """
select finding, side, recipient, recipient_id, quarter, partition, version, status, certainty, amount, missing,
       law_known is not null, found_at
  from notifier.finding where finding = any(%s) order by finding, version
"""
TOLD = """
select distinct on (f.finding) f.finding, f.version, f.status, f.certainty, f.amount, f.missing,
       f.law_known is not null
  from notifier.finding f join notifier.telling t using (finding, version)
 where t.tells <> 'nothing' and f.finding = any(%s)
 order by f.finding, f.version desc
"""
MAKE = """
insert into notifier.notice (notice, side, recipient, recipient_id, quarter, sequence, partition, language, channel,
    state, reason, created_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
TELL = "insert into notifier.telling (notice, finding, version, tells) values (%s, %s, %s, %s)"
SETTLED = "update notifier.finding set settled = true where finding = %s and version <= %s"
MOVE = "update notifier.notice set state = %s, channel = coalesce(%s, channel), reason = %s where notice = %s"
ANNOUNCED = "insert into notifier.outbox (topic, key, value) values (%s, %s, %s)"
PRINTED = """
insert into notifier.manifest (batch, number, digest)
select 'recalled ' || notice, 1, notifier.mark(notice::bytea) from notifier.notice n
 where notice = any(%s) and channel = 'letter' and state = 'handed over'
   and not exists (select from notifier.manifest m where m.batch = n.batch)
on conflict (batch) do nothing
"""
PAST = "insert into notifier.notice_state (notice, state, channel, reason, at) values (%s, %s, %s, %s, %s)"


class PublishedNotice(NamedTuple):
    """A notice as its topic has it: its last state, and when it was made."""

    notice: str
    recipient_id: str
    language: Language
    findings: tuple[str, ...]
    channel: str | None
    state: str
    reason: str
    at: datetime
    since: datetime


class Recalled(NamedTuple):
    """How many notices were recreated, moved on and left in doubt; and those whose findings are gone as well."""

    made: int = 0
    moved: int = 0
    doubted: int = 0
    unknown: tuple[str, ...] = ()


class NoticeSubject(NamedTuple):
    """The recipient and the quarter of a notice."""

    side: str
    recipient: str
    recipient_id: str
    quarter: str
    partition: int


class DatedVersion(NamedTuple):
    """A version of a finding, and when it was found."""

    version: FindingVersion
    at: datetime


def last_states(records: Iterable[NoticeStatus]) -> list[PublishedNotice]:
    """The last state of each notice, from the records of the topic in their order; the oldest notice first."""
    known: dict[str, PublishedNotice] = {}
    for record in records:
        before = known.get(record["notice"])
        known[record["notice"]] = PublishedNotice(
            record["notice"], record["recipient"].hex(), as_language(record["language"]), tuple(record["findings"]),
            record["channel"], record["state"], record["reason"], record["at"],
            before.since if before else record["at"],
        )  # fmt: skip
    return sorted(known.values(), key=lambda notice: (notice.since, notice.notice))


def read_on(settings: Settings, connection: Connection[Any]) -> int:
    """Store every finding on the topic; returns how many records were read. Nobody is notified.

    Raises Retry, Stop.
    """
    book, pepper = SchemaBook(), settings.pepper()
    with connection.transaction(), connection.cursor() as cursor:
        since = findings.positions_of(cursor, range(settings.partitions))
    starts = [
        TopicPartition(FINDINGS, number, since.get((FINDINGS, number), OFFSET_BEGINNING))
        for number in range(settings.partitions)
    ]
    read = 0
    for messages in _batches(kafka.read_to_end(settings, Role.NOTIFIER, starts)):
        batch = findings.read(messages, pepper, book)
        with connection.transaction(), connection.cursor() as cursor:
            findings.store(cursor, batch, since)
        since |= batch.positions
        read += len(messages)
    return read


def _batches(messages: Iterator[Message]) -> Iterator[list[Message]]:
    while batch := list(islice(messages, BATCH)):
        yield batch


def recall(
    connection: Connection[Any],
    notices: Sequence[PublishedNotice],
    quiet_seconds: float,
    least: int,
    announced: Iterable[tuple[str, bytes, bytes]] = (),
) -> Recalled:
    """Bring the ledger to the state on the topic, in one transaction. Every finding is stored before.

    `least`: what changed law moves by fewer eurocents was not told.

    `announced` are the records (topic, key, value) that are on the topic and not in the outbox: they come back into it,
    so that both are the same again. A letter counts as printed when the topic says that it was handed over.
    """
    made = moved = 0
    unknown = []
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(KNOWN, ([notice.notice for notice in notices],))
        known = {notice: (state, at) for notice, state, at in cursor}
        for notice in notices:
            before = known.get(notice.notice)
            if before is None:
                if _make(cursor, notice, timedelta(seconds=quiet_seconds), least):
                    made += 1
                else:
                    unknown.append(notice.notice)
            elif before[0] != notice.state and (before[1] is None or before[1] < notice.at):
                cursor.execute(MOVE, (notice.state, notice.channel, notice.reason, notice.notice))
                cursor.execute(PAST, (notice.notice, notice.state, notice.channel, notice.reason, notice.at))
                moved += 1
        ours = [notice.notice for notice in notices]
        cursor.execute(
            "select notice from notifier.notice where notice = any(%s) and state = %s", (ours, NoticeState.HANDING_OVER)
        )
        doubtful = [ledger.Move(notice, NoticeState.IN_DOUBT, PUT_BACK) for (notice,) in cursor]
        doubted = len(ledger.move(cursor, doubtful))
        cursor.execute(PRINTED, (ours,))
        cursor.executemany(ANNOUNCED, announced)
    return Recalled(made, moved, doubted, tuple(unknown))


def _make(cursor: Cursor[Any], notice: PublishedNotice, quiet: timedelta, least: int) -> bool:
    """Recreate a notice as it was; False when its findings are missing."""
    subject: NoticeSubject | None = None
    versions: dict[str, list[DatedVersion]] = defaultdict(list)
    cursor.execute(WHOSE, (list(notice.findings),))
    for finding, side, recipient, recipient_id, quarter, partition, *version, found_at in cursor:
        if recipient_id == notice.recipient_id:
            subject = NoticeSubject(side, recipient, recipient_id, quarter, partition)
            versions[finding].append(DatedVersion(FindingVersion(finding, *version), found_at))
    if subject is None:
        return False
    sequence = _sequence(cursor, notice.notice, subject)
    if sequence is None:
        return False
    cursor.execute(
        MAKE,
        (
            notice.notice, subject.side, subject.recipient, subject.recipient_id, subject.quarter, sequence,
            subject.partition, notice.language, notice.channel, notice.state, notice.reason, notice.since,
        ),
    )  # fmt: skip
    cursor.execute(PAST, (notice.notice, notice.state, notice.channel, notice.reason, notice.at))
    cursor.execute(TOLD, (list(versions),))
    before = {row[0]: FindingVersion(*row) for row in cursor}
    fresh = [version for dated in versions.values() for version in settled_by(dated, notice.since - quiet)]
    for telling in settle(fresh, before, least):
        _tell(cursor, notice.notice, telling)
    return True


def _tell(cursor: Cursor[Any], notice: str, telling: Telling) -> None:
    cursor.execute(TELL, (notice, *telling))
    cursor.execute(SETTLED, (telling.finding, telling.version))


def settled_by(versions: Sequence[DatedVersion], at: datetime) -> list[FindingVersion]:
    """The versions of one finding that a notice of this moment can have mentioned.

    When in doubt one too few: a version is better mentioned twice than never.
    """
    return [dated.version for dated in versions if dated.at <= at] or [versions[0].version]


def _sequence(cursor: Cursor[Any], notice: str, subject: NoticeSubject) -> int | None:
    """The number of a notice within its occasion, which its name implies; None when no number gives this name."""
    cursor.execute(
        "select count(*) from notifier.notice where (side, recipient, quarter) = (%s, %s, %s)",
        (subject.side, subject.recipient, subject.quarter),
    )
    row = cursor.fetchone()
    for sequence in range(1, (row[0] if row else 0) + 2):
        if ledger.name_notice(subject.side, subject.recipient_id, subject.quarter, sequence) == notice:
            return sequence
    return None
