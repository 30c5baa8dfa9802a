"""Keeps every notice in exactly one named state, moves it forward only, and writes the state before the act."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from psycopg import Connection, Cursor
from psycopg.rows import dict_row

from schemas.codec import encode
from schemas.contracts import contract
from schemas.identifiers import GROUP, derive, grouped
from schemas.languages import Language
from schemas.topics import NOTICES
from schemas.twins.notices_status import NoticeStatus


class NoticeState(StrEnum):
    """Where a notice is."""

    SETTLED = "settled"
    """There is something to say; no channel is chosen yet."""
    SUPPRESSED = "suppressed"
    """What there was to say was withdrawn in time."""
    PREPARED = "prepared"
    """The channel is chosen."""
    HANDING_OVER = "handing over"
    """It is being handed over now; after a crash the outcome is unknown."""
    HANDED_OVER = "handed over"
    """The mail server or the print service has it."""
    POSTPONED = "postponed"
    """It was surely not taken, or not even written, for a passing reason; it is tried again."""
    RETURNED = "returned"
    """The channel does not reach the recipient; the next one is chosen."""
    IN_DOUBT = "in doubt"
    """It may or may not have been taken: it is sent again only when an operator decides so."""
    CANNOT_BE_TOLD = "cannot be told"
    """No channel reaches the recipient."""


FOLLOWS: Mapping[NoticeState, frozenset[NoticeState]] = {
    NoticeState.SETTLED: frozenset({NoticeState.PREPARED, NoticeState.CANNOT_BE_TOLD}),
    NoticeState.PREPARED: frozenset(
        {NoticeState.HANDING_OVER, NoticeState.POSTPONED, NoticeState.RETURNED, NoticeState.CANNOT_BE_TOLD}
    ),
    NoticeState.HANDING_OVER: frozenset(
        {NoticeState.HANDED_OVER, NoticeState.POSTPONED, NoticeState.RETURNED, NoticeState.IN_DOUBT}
    ),
    NoticeState.POSTPONED: frozenset({NoticeState.HANDING_OVER, NoticeState.POSTPONED, NoticeState.RETURNED}),
    NoticeState.RETURNED: frozenset({NoticeState.PREPARED, NoticeState.CANNOT_BE_TOLD}),
    NoticeState.IN_DOUBT: frozenset({NoticeState.HANDED_OVER, NoticeState.RETURNED}),
    NoticeState.HANDED_OVER: frozenset(),
    NoticeState.SUPPRESSED: frozenset(),
    NoticeState.CANNOT_BE_TOLD: frozenset(),
}
_FROM, _TO = zip(
    *((before, after) for before, following in FOLLOWS.items() for after in sorted(following)), strict=True
)

ADVANCE = """
update notifier.notice n
   set state = m.state, reason = m.reason, channel = coalesce(m.channel, n.channel), batch = coalesce(m.batch, n.batch),
       attempts = n.attempts + (m.state = 'handing over' or m.state = 'postponed' and n.state <> 'handing over')::int,
       due_at = now() + make_interval(secs => m.wait)
  from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::float8[])
       as m(notice, state, reason, channel, batch, wait)
 where n.notice = m.notice
   and (n.state, m.state) in (select * from unnest(%s::text[], %s::text[]))
returning n.notice
"""
SEEN = """
select n.notice, n.recipient_id, n.state, n.channel, n.language, n.reason, now() as at,
       array(select t.finding from notifier.telling t where t.notice = n.notice order by t.finding) as findings
  from notifier.notice n
 where n.notice = any(%s)
"""
HISTORY = """
insert into notifier.notice_state (notice, state, channel, reason, at)
select * from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])
"""


def name_notice(side: str, recipient_id: str, quarter: str, sequence: int) -> str:
    """The id of a notice, and the reference people quote: four groups of five, unlike any national number."""
    drawn = derive("notice", side, recipient_id, quarter, str(sequence))
    return grouped(drawn[: 4 * GROUP])


class Move(NamedTuple):
    """A step of one notice into a state; `wait` seconds until it is looked at again."""

    notice: str
    state: NoticeState
    reason: str = ""
    channel: str | None = None
    batch: str | None = None
    wait: float = 0


def move(cursor: Cursor[Any], moves: Sequence[Move]) -> set[str]:
    """Move notices one step forward and publish it; returns those that moved: the others were in another state."""
    if not moves:
        return set()
    # PostgreSQL takes a list of numbers of one kind only: 0 would be an integer beside 30.0.
    columns = [list(column) for column in zip(*(move._replace(wait=float(move.wait)) for move in moves), strict=True)]
    cursor.execute(ADVANCE, (*columns, list(_FROM), list(_TO)))
    moved = {row[0] for row in cursor}
    announce(cursor, sorted(moved))
    return moved


def announce(cursor: Cursor[Any], notices: Sequence[str]) -> None:
    """Write the present state of notices into their history and as events into the outbox."""
    if not notices:
        return
    cursor.execute(SEEN, (list(notices),))
    seen = cursor.fetchall()
    history = [(row[0], row[2], row[3], row[5], row[6]) for row in seen]
    cursor.execute(HISTORY, [list(column) for column in zip(*history, strict=True)])
    with cursor.copy("copy notifier.outbox (topic, key, value) from stdin") as copy:
        for notice, recipient, state, channel, language, reason, at, findings in seen:
            key = bytes.fromhex(recipient)
            copy.write_row((NOTICES, key, _event(notice, key, state, channel, language, reason, at, findings)))


def _event(
    notice: str,
    key: bytes,
    state: str,
    channel: str | None,
    language: Language,
    reason: str,
    at: datetime,
    findings: list[str],
) -> bytes:
    record: NoticeStatus = {
        "notice": notice, "recipient": key, "state": state, "channel": channel, "language": language,
        "findings": findings, "reason": reason, "at": at,
    }  # fmt: skip
    return encode(contract(NOTICES), record)


def resolve(connection: Connection[Any], notice: str, *, arrived: bool) -> bool:
    """Resolve a notice in doubt by an operator's decision: it arrived, or it did not and goes by letter.

    Gives False when it was not in doubt.
    """
    reason = "Somebody found out that it arrived." if arrived else "Somebody found out that it did not arrive."
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("select from notifier.notice where notice = %s and state = 'in doubt' for update", (notice,))
        if cursor.fetchone() is None:
            return False
        return bool(move(cursor, [Move(notice, NoticeState.HANDED_OVER if arrived else NoticeState.RETURNED, reason)]))


def notices(connection: Connection[Any]) -> Iterator[dict[str, Any]]:
    """Every notice in the order they were made; recipients are opaque."""
    with connection.transaction(), connection.cursor("notices", row_factory=dict_row) as cursor:
        cursor.execute(
            "select notice, state, channel, recipient, language, rules, findings, side, quarter, sequence, reason,"
            " created_at from notifier.notices order by created_at, notice"
        )
        yield from cursor


def legible(notice: dict[str, Any]) -> dict[str, Any]:
    """A notice with its ids grouped, as people read them: never a run of digits like a national number."""
    findings = [grouped(finding) for finding in notice["findings"]]
    return {**notice, "recipient": grouped(notice["recipient"]), "findings": findings}
