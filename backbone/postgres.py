"""Opens PostgreSQL as one role, and brings a database to the newest shape, each step once."""

from collections.abc import Mapping
from contextlib import suppress
from enum import IntEnum
from importlib.resources.abc import Traversable
from typing import Any

import psycopg
from psycopg import Connection, Cursor, sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from backbone.errors import Retry
from backbone.settings import Settings

CONNECT_S = 10
KEEPALIVE_IDLE_S = 4
KEEPALIVE_INTERVAL_S = 4
KEEPALIVE_COUNT = 2
SILENT_S = 12
"""Each side considers the other lost after this long without any sign of it, acknowledgements of TCP included.

Without these limits a session of a lost host keeps its locks for hours, because nothing tells the server that it ended.
A process that is only paused keeps its session, as its host still answers; unless it was sent more than its host can
buffer, and reads none of that for as long.
"""
QUERY_CHECK_S = 10
"""How often a server that is busy with a query checks whether its client is still connected."""
HEARTBEAT: Mapping[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": KEEPALIVE_IDLE_S,
    "keepalives_interval": KEEPALIVE_INTERVAL_S,
    "keepalives_count": KEEPALIVE_COUNT,
    "tcp_user_timeout": SILENT_S * 1000,
}
"""The settings of a client's connection."""
SERVER_HEARTBEAT: Mapping[str, str] = {
    "tcp_keepalives_idle": str(KEEPALIVE_IDLE_S),
    "tcp_keepalives_interval": str(KEEPALIVE_INTERVAL_S),
    "tcp_keepalives_count": str(KEEPALIVE_COUNT),
    "tcp_user_timeout": str(SILENT_S * 1000),
    "client_connection_check_interval": str(QUERY_CHECK_S * 1000),
}
"""The settings of a server, in the units of PostgreSQL: seconds, then milliseconds."""
OWNER = "owner"
"""Owns the database `kruispunt`; each of the other databases is owned by the role of its own name."""
TAKE = "select locks.take(%s, %s, %s, %s)"


class Lock(IntEnum):
    """The advisory locks of the mechanisms here, by what they guard; the stages pass in the numbers of theirs."""

    MIGRATION = 5_019_771
    OUTBOX = 5_019_772
    CONSUMER = 5_019_775
    ACCESS_RULES = 5_019_790


def conninfo(settings: Settings, role: str, database: str = "kruispunt", **more: Any) -> str:
    """Connection string of a role; holds its password, so it is never logged."""
    if settings.postgres_ca:
        more["sslrootcert"] = str(settings.postgres_ca)
    server = settings.postgres_server(database)
    return make_conninfo(
        host=server.host,
        port=server.port,
        user=role,
        password=settings.secret("postgres", role),
        dbname=database,
        sslmode=settings.postgres_sslmode,
        connect_timeout=CONNECT_S,
        application_name=role,
        **HEARTBEAT,
        **more,
    )


def connect(settings: Settings, role: str, database: str = "kruispunt", **options: Any) -> Connection[TupleRow]:
    """A connection as `role`.

    Raises Retry when the server cannot be reached or is still starting.
    """
    try:
        return psycopg.connect(conninfo(settings, role, database), **options)
    except psycopg.OperationalError as error:
        raise Retry(f"PostgreSQL does not let {role} in: {str(error).strip().splitlines()[-1]}") from error


def try_lock(connection: Connection[Any], lock: int, number: int | None = None) -> bool:
    """Take a lock, or one of several of a kind, for as long as the connection lives; False while another holds it."""
    return _take(connection, lock, number, for_transaction=False, wait=False)


def wait_for_lock(connection: Connection[Any], lock: int, number: int | None = None) -> None:
    """Take a lock, or one of several of a kind, for as long as the connection lives; waits until it is free."""
    _take(connection, lock, number, for_transaction=False, wait=True)


def unlock(connection: Connection[Any], lock: int, number: int) -> None:
    """Release one of several locks of a kind."""
    connection.execute("select pg_advisory_unlock(%s, %s)", (lock, number))


def close(connection: Connection[Any]) -> None:
    """Release every lock of a connection and close it: left to PostgreSQL, they are free only when it has noticed."""
    with suppress(psycopg.Error):
        connection.execute("select pg_advisory_unlock_all()")
    with suppress(psycopg.Error):
        connection.close()


def hold(cursor: Cursor[Any], lock: int, number: int | None = None) -> None:
    """Take a lock, or one of several of a kind, until the transaction ends; waits until it is free."""
    _take(cursor, lock, number, for_transaction=True, wait=True)


def try_to_hold(cursor: Cursor[Any], lock: int) -> bool:
    """Take a lock until the transaction ends; False while another holds it."""
    return _take(cursor, lock, None, for_transaction=True, wait=False)


def _take(
    target: Connection[Any] | Cursor[Any], lock: int, number: int | None, *, for_transaction: bool, wait: bool
) -> bool:
    """Take a lock. A role can only take its own, by a function of the database; PostgreSQL's functions are revoked.

    A superuser and the owner of the database use PostgreSQL's: they connect before that function exists.
    """
    here = (target if isinstance(target, Connection) else target.connection).info
    if here.user in {OWNER, here.dbname} or here.parameter_status("is_superuser") == "on":
        name = f"pg_{'' if wait else 'try_'}advisory_{'xact_' if for_transaction else ''}lock"
        values = (lock,) if number is None else (lock, number)
        query = sql.SQL("select {}({})").format(sql.Identifier(name), sql.SQL(", ").join(map(sql.Literal, values)))
        answer = target.execute(query).fetchone()
        return wait or bool(answer and answer[0])
    answer = target.execute(TAKE, (lock, number, for_transaction, wait)).fetchone()
    return bool(answer and answer[0])


def _steps(folder: Traversable) -> list[Traversable]:
    return sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)


def pending(connection: Connection[TupleRow], folder: Traversable) -> list[str]:
    """The names of the steps of a folder that `migrate` would run."""
    made = connection.execute("select to_regclass('migration')").fetchone()
    seen = {row[0] for row in connection.execute("select name from migration")} if made and made[0] else set()
    return [name for step in _steps(folder) if (name := f"{folder.name}/{step.name}") not in seen]


def migrate(connection: Connection[TupleRow], folder: Traversable) -> list[str]:
    """Run each `NNN_name.sql` of a folder that this database has not seen, in order, all in one transaction.

    Gives the names of those that ran.
    """
    ran = []
    with connection.transaction(), connection.cursor() as cursor:
        hold(cursor, Lock.MIGRATION)
        cursor.execute(
            "create table if not exists migration (name text primary key, at timestamptz not null default now())"
        )
        cursor.execute("select name from migration")
        seen = {row[0] for row in cursor}
        for step in _steps(folder):
            name = f"{folder.name}/{step.name}"
            if name in seen:
                continue
            cursor.execute(step.read_bytes())
            cursor.execute("insert into migration (name) values (%s)", (name,))
            ran.append(name)
    return ran
