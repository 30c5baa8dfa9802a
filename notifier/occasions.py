"""Makes one notice for each occasion that has settled, and gives it a channel."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from psycopg import Cursor

from notifier import ledger
from notifier.channel import LANGUAGE_OF_STRANGERS, LETTER, choose_channel
from notifier.ledger import Move, NoticeState
from notifier.notice_content import profiles
from notifier.settle import FindingVersion, Occasion, Telling, WaitingOccasion, ripe, settle, worth_a_notice

WITHDRAWN_IN_TIME = "It went away before it was told, or nothing changed."
UNREACHABLE = "There is no official e-mail and no complete address."
WAITING = """
select side, recipient, quarter, min(received_at), max(received_at), clock_timestamp()
  from notifier.finding
 where not settled and partition = any(%s)
 group by side, recipient, quarter
"""
OCCASIONS = "(select * from unnest(%s::text[], %s::text[], %s::text[]))"
FRESH = f"""
select side, recipient, quarter, finding, version, status, certainty, amount, missing, law_known is not null,
       recipient_id, partition
  from notifier.finding
 where not settled and (side, recipient, quarter) in {OCCASIONS}
 order by finding, version
"""  # noqa: S608 - made of constants of this module
TOLD = """
select distinct on (f.finding) f.finding, f.version, f.status, f.certainty, f.amount, f.missing,
       f.law_known is not null
  from notifier.finding f join notifier.telling t using (finding, version)
 where t.tells <> 'nothing' and f.finding = any(%s)
 order by f.finding, f.version desc
"""
EARLIER = f"""
select side, recipient, quarter, count(*) from notifier.notice
 where (side, recipient, quarter) in {OCCASIONS} group by side, recipient, quarter
"""  # noqa: S608 - made of constants of this module
NOTICE = """
insert into notifier.notice
    (notice, side, recipient, recipient_id, quarter, sequence, partition, language, state, reason)
select m.notice, m.side, m.recipient, m.recipient_id, m.quarter, m.sequence, m.partition,
       coalesce(p.language, %s), m.state, m.reason
  from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[], %s::int[], %s::text[], %s::text[])
       as m(notice, side, recipient, recipient_id, quarter, sequence, partition, state, reason)
  left join notifier.profile p on p.recipient = m.recipient
"""
TELLING = """
insert into notifier.telling (notice, finding, version, tells)
select * from unnest(%s::text[], %s::text[], %s::int[], %s::text[])
"""
SETTLED = """
update notifier.finding f set settled = true
  from unnest(%s::text[], %s::int[]) as s(finding, version)
 where f.finding = s.finding and f.version = s.version
"""
UNCHANNELLED = """
select notice, recipient, state, channel, reason from notifier.notice
 where partition = any(%s) and state in ('settled', 'returned') order by created_at limit %s for update
"""


def find_ripe(cursor: Cursor[Any], partitions: Sequence[int], quiet_seconds: float) -> list[Occasion]:
    """The occasions of these partitions that have settled."""
    cursor.execute(WAITING, (list(partitions),))
    rows = cursor.fetchall()
    if not rows:
        return []
    waiting = [WaitingOccasion(Occasion(*row[:3]), row[3], row[4]) for row in rows]
    return ripe(waiting, rows[0][5], quiet_seconds)


def make_notices(cursor: Cursor[Any], occasions: Sequence[Occasion], least: int = 0) -> int:
    """Make one notice for each of these occasions, sent or suppressed; returns how many.

    `least`: a difference made by changed law that is smaller, in eurocents, is not told.
    """
    columns = [list(column) for column in zip(*occasions, strict=True)]
    cursor.execute(FRESH, columns)
    fresh: dict[Occasion, list[FindingVersion]] = defaultdict(list)
    addressees: dict[Occasion, tuple[str, int]] = {}
    for side, recipient, quarter, *version, recipient_id, partition in cursor:
        occasion = Occasion(side, recipient, quarter)
        fresh[occasion].append(FindingVersion(*version))
        addressees[occasion] = (recipient_id, partition)
    if not fresh:
        return 0
    names = sorted({version.finding for versions in fresh.values() for version in versions})
    cursor.execute(TOLD, (names,))
    notified = {row[0]: FindingVersion(*row) for row in cursor}
    cursor.execute(EARLIER, columns)
    earlier = {Occasion(*row[:3]): row[3] for row in cursor}
    notices: list[tuple[Any, ...]] = []
    tellings: list[tuple[str, Telling]] = []
    for occasion in sorted(fresh):
        settled = settle(fresh[occasion], notified, least)
        recipient_id, partition = addressees[occasion]
        sequence = earlier.get(occasion, 0) + 1
        notice = ledger.name_notice(occasion.side, recipient_id, occasion.quarter, sequence)
        tell = worth_a_notice(settled)
        state, reason = (NoticeState.SETTLED, "") if tell else (NoticeState.SUPPRESSED, WITHDRAWN_IN_TIME)
        side, recipient, quarter = occasion
        notices.append((notice, side, recipient, recipient_id, quarter, sequence, partition, state, reason))
        tellings += [(notice, telling) for telling in settled]
    _write(cursor, notices, tellings, [version for versions in fresh.values() for version in versions])
    return len(notices)


def _write(
    cursor: Cursor[Any],
    notices: list[tuple[Any, ...]],
    tellings: list[tuple[str, Telling]],
    versions: list[FindingVersion],
) -> None:
    cursor.execute(NOTICE, [LANGUAGE_OF_STRANGERS, *(list(column) for column in zip(*notices, strict=True))])
    rows = [(notice, *telling) for notice, telling in tellings]
    cursor.execute(TELLING, [list(column) for column in zip(*rows, strict=True)])
    cursor.execute(SETTLED, ([version.finding for version in versions], [version.version for version in versions]))
    ledger.announce(cursor, [row[0] for row in notices])


def choose_channels(cursor: Cursor[Any], partitions: Sequence[int], limit: int) -> int:
    """Choose a channel for settled and returned notices, or none where no channel reaches; returns how many."""
    cursor.execute(UNCHANNELLED, (list(partitions), limit))
    rows = cursor.fetchall()
    known = profiles(cursor, [row[1] for row in rows])
    moves = []
    for notice, recipient, state, channel, reason in rows:
        if state == NoticeState.RETURNED and channel == LETTER:
            # Why the letter came to nothing, not what is usually the matter.
            moves.append(Move(notice, NoticeState.CANNOT_BE_TOLD, reason or UNREACHABLE))
            continue
        chosen = choose_channel(known.get(recipient), email_returned=state == NoticeState.RETURNED)
        if chosen is None:
            moves.append(Move(notice, NoticeState.CANNOT_BE_TOLD, UNREACHABLE))
        else:
            moves.append(Move(notice, NoticeState.PREPARED, channel=chosen))
    return len(ledger.move(cursor, moves))
