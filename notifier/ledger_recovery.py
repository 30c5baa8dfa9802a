"""Rebuilds the ledger from its topic after a database was restored, so that nobody is notified twice.

What happened to each notice is on its topic. A notice the database does not know any more is made again as it was, with
what it told; one of which the topic last says that it was being handed over is in doubt, as after a crash.
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
select finding, side, recipient, recipient_id, quarter, partition, version, status, certainty, amount, missing, found_at
  from notifier.finding where finding = any(%s) order by finding, version
"""
TOLD = """
select distinct on (f.finding) f.finding, f.version, f.status, f.certainty, f.amount, f.missing
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
    language: str
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


def told(records: Iterable[NoticeStatus]) -> list[PublishedNotice]:
    """The last state of each notice, from the records of the topic in their order; the oldest notice first."""
    known: dict[str, PublishedNotice] = {}
    for one in records:
        before = known.get(one["notice"])
        known[one["notice"]] = PublishedNotice(
            one["notice"], one["recipient"].hex(), one["language"], tuple(one["findings"]), one["channel"],
            one["state"], one["reason"], one["at"], before.since if before else one["at"],
        )  # fmt: skip
    return sorted(known.values(), key=lambda one: (one.since, one.notice))


def read_on(settings: Settings, connection: Connection[Any]) -> int:
    """Store every finding on the topic; returns how many records were read. Nobody is notified.

    Raises Retry, Stop.
    """
    book, pepper = SchemaBook(), settings.pepper()
    with connection.transaction(), connection.cursor() as cursor:
        since = findings.positions_of(cursor, range(settings.partitions))
    places = [
        TopicPartition(FINDINGS, number, since.get((FINDINGS, number), OFFSET_BEGINNING))
        for number in range(settings.partitions)
    ]
    read = 0
    for messages in _some(kafka.read_to_end(settings, Role.NOTIFIER, places)):
        batch = findings.read(messages, pepper, book)
        with connection.transaction(), connection.cursor() as cursor:
            findings.store(cursor, batch, since)
        since |= batch.positions
        read += len(messages)
    return read


def _some(messages: Iterator[Message]) -> Iterator[list[Message]]:
    while some := list(islice(messages, BATCH)):
        yield some


def recall(
    connection: Connection[Any],
    notices: Sequence[PublishedNotice],
    quiet_seconds: float,
    announced: Iterable[tuple[str, bytes, bytes]] = (),
) -> Recalled:
    """Bring the ledger to what the topic says, in one transaction. Every finding on its topic is kept by now.

    `announced` are the records (topic, key, value) that are on the topic and not in the outbox: they come back into it,
    so that both are the same again. A letter that was handed over counts as printed, on the word of the topic.
    """
    made = moved = 0
    unknown = []
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(KNOWN, ([one.notice for one in notices],))
        known = {notice: (state, at) for notice, state, at in cursor}
        for one in notices:
            before = known.get(one.notice)
            if before is None:
                if _make(cursor, one, timedelta(seconds=quiet_seconds)):
                    made += 1
                else:
                    unknown.append(one.notice)
            elif before[0] != one.state and (before[1] is None or before[1] < one.at):
                cursor.execute(MOVE, (one.state, one.channel, one.reason, one.notice))
                cursor.execute(PAST, (one.notice, one.state, one.channel, one.reason, one.at))
                moved += 1
        ours = [one.notice for one in notices]
        cursor.execute(
            "select notice from notifier.notice where notice = any(%s) and state = %s", (ours, NoticeState.HANDING_OVER)
        )
        doubtful = [ledger.Move(notice, NoticeState.IN_DOUBT, PUT_BACK) for (notice,) in cursor]
        doubted = len(ledger.move(cursor, doubtful))
        cursor.execute(PRINTED, (ours,))
        cursor.executemany(ANNOUNCED, announced)
    return Recalled(made, moved, doubted, tuple(unknown))


def _make(cursor: Cursor[Any], one: PublishedNotice, quiet: timedelta) -> bool:
    """Make a notice again as it was; False when its findings are not there."""
    place: NoticeSubject | None = None
    versions: dict[str, list[DatedVersion]] = defaultdict(list)
    cursor.execute(WHOSE, (list(one.findings),))
    for finding, side, recipient, recipient_id, quarter, partition, *version, found_at in cursor:
        if recipient_id == one.recipient_id:
            place = NoticeSubject(side, recipient, recipient_id, quarter, partition)
            versions[finding].append(DatedVersion(FindingVersion(finding, *version), found_at))
    if place is None:
        return False
    sequence = _sequence(cursor, one.notice, place)
    if sequence is None:
        return False
    cursor.execute(
        MAKE,
        (
            one.notice, place.side, place.recipient, place.recipient_id, place.quarter, sequence, place.partition,
            one.language, one.channel, one.state, one.reason, one.since,
        ),
    )  # fmt: skip
    cursor.execute(PAST, (one.notice, one.state, one.channel, one.reason, one.at))
    cursor.execute(TOLD, (list(versions),))
    before = {row[0]: FindingVersion(*row) for row in cursor}
    fresh = [version for found in versions.values() for version in settled_by(found, one.since - quiet)]
    for telling in settle(fresh, before):
        _tell(cursor, one.notice, telling)
    return True


def _tell(cursor: Cursor[Any], notice: str, telling: Telling) -> None:
    cursor.execute(TELL, (notice, *telling))
    cursor.execute(SETTLED, (telling.finding, telling.version))


def settled_by(found: Sequence[DatedVersion], at: datetime) -> list[FindingVersion]:
    """The versions of one finding that a notice of this moment can have told: rather one too few, told again, than one
    too many, never told.
    """
    return [one.version for one in found if one.at <= at] or [found[0].version]


def _sequence(cursor: Cursor[Any], notice: str, place: NoticeSubject) -> int | None:
    """Which notice of its occasion this is: its name says so."""
    cursor.execute(
        "select count(*) from notifier.notice where (side, recipient, quarter) = (%s, %s, %s)",
        (place.side, place.recipient, place.quarter),
    )
    row = cursor.fetchone()
    for sequence in range(1, (row[0] if row else 0) + 2):
        if ledger.name_notice(place.side, place.recipient_id, place.quarter, sequence) == notice:
            return sequence
    return None
