"""Says up to which transaction a table that is only added to can be read, so that what commits late is never skipped.

Rows carry the number of the transaction that wrote them. A snapshot names every transaction that runs on the whole
server. One of them is left out only when it certainly cannot write to the table: it belongs to another database, or to
a role that may not insert. An unknown role counts as one that may. Rows must be read in the same snapshot.

Proof, for a number left out: it was in the snapshot, and its lock is seen after the list of backends was read. So its
backend had the process number through all of that time, and the list named that backend's database and role. A number
that is not in the snapshot and below its end was finished before, and what it committed is visible.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection

SNAPSHOT = """
select pg_snapshot_xmax(now)::text::bigint, array(select pg_snapshot_xip(now)::text::bigint)
from (select pg_current_snapshot() as now) as taken
"""
HARMLESS = """
select backend.pid from pg_stat_activity as backend
where backend.datid <> (select oid from pg_database where datname = current_database())
   or backend.usesysid is not null and not exists (
       select from pg_roles as writer
       where has_any_column_privilege(writer.oid, %s::regclass, 'insert')
         and pg_has_role(backend.usesysid, writer.oid, 'member'))
"""
HOLDERS = """
select transactionid::text::bigint, pid from pg_locks
where locktype = 'transactionid' and mode = 'ExclusiveLock' and granted and pid is not null
"""
OPEN = """
select pid, role, application, state, since from watch.open_transactions(%s)
where since < clock_timestamp() - make_interval(secs => %s)
"""
HELD_S = 3.0
"""A transaction that is open for longer than this is worth a word."""
SHORT = 2**32
"""Locks show the lower half of a transaction's number."""


class Snapshot(NamedTuple):
    """Transactions below `end` are finished, except those that run."""

    end: int
    running: tuple[int, ...]


class Holder(NamedTuple):
    """A session whose open transaction holds back what is committed after it."""

    pid: int
    role: str
    application: str
    state: str
    since: datetime


def lowest(snapshot: Snapshot, harmless: Collection[int], holders: Iterable[tuple[int, int]]) -> int:
    """The lowest number that may still be written with; `holders` are transactions and the processes they belong to."""
    left_out = {number for number, process in holders if process in harmless}
    return min((number for number in snapshot.running if number % SHORT not in left_out), default=snapshot.end)


def counted(snapshot: Snapshot, harmless: Collection[int], holders: Iterable[tuple[int, int]]) -> list[int]:
    """The processes whose transactions may still write, as `lowest` sees it."""
    running = {number % SHORT for number in snapshot.running}
    return [process for number, process in holders if number in running and process not in harmless]


@contextmanager
def settled(connection: Connection[Any], table: str) -> Iterator[int]:
    """A transaction in which every row below the number given is visible that will ever be written with such a number.

    The connection has no transaction open.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        yield lowest(*_look(connection, table))


def holding_back(connection: Connection[Any], table: str, longer_than: float = HELD_S) -> list[Holder]:
    """Whose transactions hold back what is read of a table for longer than some seconds, the oldest first.

    The connection has no transaction open; its role may ask for open transactions (`backbone/sql/watch`).
    """
    processes = counted(*_look(connection, table))
    return [Holder(*row) for row in connection.execute(OPEN, (processes, longer_than))] if processes else []


def _look(connection: Connection[Any], table: str) -> tuple[Snapshot, set[int], list[tuple[int, int]]]:
    """What `lowest` is found from."""
    # 1. The snapshot, 2. who certainly does not write, 3. who still runs: in this order, see above.
    row = connection.execute(SNAPSHOT).fetchone()
    end, running = row or (0, [])
    snapshot = Snapshot(end, tuple(running))
    if not running:
        return snapshot, set(), []
    harmless = {pid for (pid,) in connection.execute(HARMLESS, (table,))}
    return snapshot, harmless, connection.execute(HOLDERS).fetchall()
