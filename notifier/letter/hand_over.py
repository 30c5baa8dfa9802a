"""Hands over notices as batches of letters, one partition at a time; a crash neither loses nor repeats a batch."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection, Cursor

from backbone.tally import digest_of
from notifier import ledger
from notifier.backoff import unwritten
from notifier.channel import LETTER
from notifier.ledger import Move, NoticeState
from notifier.letter.print_folder import PrintFolder, batch_name
from notifier.letter.typesetter import Letter, Printer
from notifier.notice_content import Notice, contents
from notifier.render import Unwritten, write
from schemas.legal_day import legal_day

BATCH = 100
"""One folder for the print service; while it is printed nothing else of this worker moves."""
NO_ADDRESS = "There is no address any more."
PREPARED = """
select notice from notifier.notice
 where partition = %s and channel = %s and state in ('prepared', 'postponed') and due_at <= clock_timestamp()
 order by created_at, notice limit %s
"""
BEGUN = """
select batch, array_agg(notice) from notifier.notice
 where partition = %s and channel = %s and state = 'handing over' group by batch
"""

MANIFEST = """
insert into notifier.manifest as kept (batch, number, digest) values (%s, %s, %s)
on conflict (batch) do update set number = excluded.number, digest = excluded.digest
"""


def hand_over_letters(connection: Connection[Any], outgoing: PrintFolder, printer: Printer, partition: int) -> int:
    """Hand over one batch of a partition; returns how many notices were considered."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(PREPARED, (partition, LETTER, BATCH))
        names = [row[0] for row in cursor]
        notices = contents(cursor, names) if names else []
    if not names:
        return 0
    # 1. Print into a folder that is not collected.
    letters, moves = _print(names, notices, printer)
    batch = batch_name(partition, names, legal_day(notices[-1].created_at)) if letters else ""
    if letters:
        outgoing.begin(batch)
        outgoing.fill(batch, letters)
    # 2. Say that it is on its way.
    moves += [Move(letter.notice, NoticeState.HANDING_OVER, batch=batch) for letter in letters]
    with connection.transaction(), connection.cursor() as cursor:
        ledger.move(cursor, moves)
        if letters:
            _sum_up(cursor, outgoing, batch)
    if letters:
        _finish(connection, outgoing, batch, [letter.notice for letter in letters])
    return len(names)


def resume(connection: Connection[Any], outgoing: PrintFolder, printer: Printer, partition: int) -> int:
    """After a crash, finish the begun batches and record those that were handed over; returns how many notices."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(BEGUN, (partition, LETTER))
        begun = cursor.fetchall()
    for batch, names in begun:
        if not outgoing.is_begun(batch):
            _account(connection, names)
            continue
        with connection.transaction(), connection.cursor() as cursor:
            notices = contents(cursor, names)
        letters, moves = _print(names, notices, printer)
        outgoing.fill(batch, letters)
        with connection.transaction(), connection.cursor() as cursor:
            ledger.move(cursor, moves)
            _sum_up(cursor, outgoing, batch)
        _finish(connection, outgoing, batch, [letter.notice for letter in letters])
    outgoing.clear(partition, {batch for batch, _ in begun})
    return sum(len(names) for _, names in begun)


def _sum_up(cursor: Cursor[Any], outgoing: PrintFolder, batch: str) -> None:
    """Store the sum of the manifest: after the handover the print service may remove the file."""
    names = outgoing.named(batch)
    cursor.execute(MANIFEST, (batch, len(names), sum(map(digest_of, names))))


def _finish(connection: Connection[Any], outgoing: PrintFolder, batch: str, names: Sequence[str]) -> None:
    # 3. The act.
    outgoing.hand_over(batch)
    # 4. Say that it is done.
    _account(connection, names)


def _account(connection: Connection[Any], names: Sequence[str]) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        ledger.move(cursor, [Move(name, NoticeState.HANDED_OVER) for name in names])


def _print(names: Sequence[str], notices: Sequence[Notice], printer: Printer) -> tuple[list[Letter], list[Move]]:
    known = {notice.notice: notice for notice in notices}
    letters, moves = [], []
    for name in names:
        notice = known.get(name)
        if notice is None or not notice.profile.has_address:
            moves.append(Move(name, NoticeState.RETURNED, NO_ADDRESS))
            continue
        letter = write(printer.print_letter, notice)
        if isinstance(letter, Unwritten):
            moves.append(unwritten(notice, letter))
        else:
            letters.append(letter)
    return letters, moves
