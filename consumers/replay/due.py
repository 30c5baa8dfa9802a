"""Reads who came on file, what was published about them before, and what of it was disclosed already."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Cursor

from backbone import horizon
from backbone.progress import Progress

WAITING = """
select tx::text::bigint, id, person, institution from directory.integration
where (tx, id) > (%s::text::xid8, %s) and tx < %s::text::xid8
order by tx, id limit %s
"""
KNOWN = "select distinct key from register.outbox where key = any(%s)"
PUBLISHED = """
select key, value, at from register.outbox
where key = any(%s) and (tx, id) <= (%s::text::xid8, %s) order by tx, id
"""
DISCLOSED = """
select recipient, event, split_part(deliberation, '@', 1) from audit.disclosure
where person = any(%s) and recipient = any(%s)
"""


class NewDossier(NamedTuple):
    """A person who came on file at an institution."""

    progress: Progress
    person: str
    institution: str


class EarlierEvent(NamedTuple):
    """An event as the register has it: whose, the framed value, and when it was accepted."""

    key: bytes
    value: bytes
    at: datetime


Disclosed = frozenset[tuple[str, str, str]]
"""Recipient, event and number of the deliberation of every copy that was made."""


def waiting(cursor: Cursor[Any], after: Progress, most: int) -> list[NewDossier]:
    """The next integrations in the order they were committed, never past a transaction that may still add some."""
    with horizon.settled(cursor.connection, "directory.integration") as end:
        cursor.execute(WAITING, (str(after.tx), after.id, str(end), most), binary=True)
        return [NewDossier(Progress(tx, number), person, institution) for tx, number, person, institution in cursor]


def known(cursor: Cursor[Any], keys: Collection[bytes]) -> set[bytes]:
    """Those about whom there is any event at all."""
    cursor.execute(KNOWN, (list(keys),), binary=True)
    return {bytes(key) for (key,) in cursor}


def published(cursor: Cursor[Any], keys: Collection[bytes], until: Progress) -> list[EarlierEvent]:
    """Every event about them that was published, up to a place, in the order it was published."""
    cursor.execute(PUBLISHED, (list(keys), str(until.tx), until.id), binary=True)
    return [EarlierEvent(bytes(key), bytes(value), at) for key, value, at in cursor]


def disclosed(cursor: Cursor[Any], keys: Collection[bytes], recipients: Collection[str]) -> Disclosed:
    """What these recipients received about them so far."""
    cursor.execute(DISCLOSED, (list(keys), list(recipients)), binary=True)
    return frozenset(cursor)
