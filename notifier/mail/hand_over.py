"""Hands over notices by e-mail in small groups; the ledger says `handing over` first, and the outcome afterwards."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection, Cursor

from notifier import ledger
from notifier.backoff import backoff, unwritten
from notifier.channel import EMAIL
from notifier.ledger import Move, NoticeState
from notifier.mail.message import render_mail
from notifier.mail.replies import MailOutcome
from notifier.mail.smtp import MailPool, MailResult, OutgoingMail
from notifier.notice_content import Announcement, announcements
from notifier.render import Unwritten, write

GROUP = 32
"""At most this many mails are in doubt after a crash; with smaller groups the commits would dominate."""
PROBE = 1
"""How many mails a refusing server is offered: enough to see when it accepts mail again."""
ATTEMPTS = 12
"""With their waits about seven hours; then the letter, which takes a day, is the surer way."""
NO_EMAIL = "There is no e-mail address any more."
GIVEN_UP = "The mail server did not take it in {} attempts, though it took others."
DUE = """
select notice from notifier.notice
 where partition = any(%s) and channel = %s and state in ('prepared', 'postponed') and due_at <= clock_timestamp()
 order by due_at, notice limit %s
"""
TIRED = """
select n.notice from notifier.notice n
 where n.notice = any(%s)
   and (select max(at) from notifier.notice_state where state = 'handed over' and channel = 'e-mail')
     > (select min(s.at) from notifier.notice_state s where s.notice = n.notice and s.state = 'handing over')
"""
"""Which of these were tried in vain while the server took other mails: where it took none, it is not the recipient."""
BEGUN = """
select notice from notifier.notice where partition = any(%s) and channel = %s and state = 'handing over'
"""


def hand_over_mails(connection: Connection[Any], pool: MailPool, partitions: Sequence[int], sender: str) -> int:
    """Hand over one group; returns how many notices were considered.

    Raises Retry before anything changed when the mail server cannot be reached.
    """
    size = PROBE if pool.refusing else GROUP
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(DUE, (list(partitions), EMAIL, size))
        due = [row[0] for row in cursor]
        known = {entry.notice: entry for entry in announcements(cursor, due)} if due else {}
    if not due:
        return 0
    # 1. Connect and render first, so that nothing can go wrong between the ledger and the server.
    pool.check()
    mails, moves = _render(due, known, sender)
    # 2. Say that they are on their way.
    moves += [Move(mail.notice, NoticeState.HANDING_OVER) for mail in mails]
    with connection.transaction(), connection.cursor() as cursor:
        moved = ledger.move(cursor, moves)
    # 3. The act.
    results = pool.hand_over([mail for mail in mails if mail.notice in moved])
    # 4. Say what became of each.
    with connection.transaction(), connection.cursor() as cursor:
        ledger.move(cursor, [_after(result, known[result.notice].attempts + 1) for result in results])
        _give_up(cursor, [result for result in results if known[result.notice].attempts + 1 >= ATTEMPTS])
    return len(due)


def doubt(connection: Connection[Any], partition: int) -> int:
    """After a crash: put what was on its way in doubt, as its outcome is unknown. Returns how many."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(BEGUN, ([partition], EMAIL))
        reason = "The notifier stopped while it was handed over."
        return len(ledger.move(cursor, [Move(row[0], NoticeState.IN_DOUBT, reason) for row in cursor.fetchall()]))


def _render(due: Sequence[str], known: dict[str, Announcement], sender: str) -> tuple[list[OutgoingMail], list[Move]]:
    mails, moves = [], []
    for name in due:
        notice = known.get(name)
        if notice is None or not notice.profile.email:
            moves.append(Move(name, NoticeState.RETURNED, NO_EMAIL))
            continue
        content = write(render_mail, notice, sender)
        if isinstance(content, Unwritten):
            moves.append(unwritten(notice, content))
        else:
            mails.append(OutgoingMail(name, notice.profile.email, content))
    return mails, moves


def _after(result: MailResult, attempts: int) -> Move:
    match result.outcome:
        case MailOutcome.TAKEN:
            return Move(result.notice, NoticeState.HANDED_OVER)
        case MailOutcome.IN_DOUBT:
            return Move(result.notice, NoticeState.IN_DOUBT, result.reason)
        case MailOutcome.REFUSED:
            return Move(result.notice, NoticeState.RETURNED, result.reason)
        case MailOutcome.PASSING:
            return Move(result.notice, NoticeState.POSTPONED, result.reason, wait=backoff(attempts))


def _give_up(cursor: Cursor[Any], results: Sequence[MailResult]) -> None:
    waiting = {result.notice: result.reason for result in results if result.outcome is MailOutcome.PASSING}
    if not waiting:
        return
    cursor.execute(TIRED, (list(waiting),))
    tired = [row[0] for row in cursor]
    given_up = GIVEN_UP.format(ATTEMPTS)
    ledger.move(cursor, [Move(notice, NoticeState.RETURNED, f"{given_up} {waiting[notice]}") for notice in tired])
