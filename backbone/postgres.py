"""Opens PostgreSQL as one role, and brings a database to the newest shape, each step once."""

from enum import IntEnum
from importlib.resources.abc import Traversable
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from backbone.errors import Retry
from backbone.settings import Settings

CONNECT_S = 10


class Lock(IntEnum):
    """Advisory locks by what they guard; named in one place, as two with the same number would shut each other out."""

    MIGRATION = 5_019_771
    OUTBOX = 5_019_772
    RECIPIENTS = 5_019_773
    EXCHANGE = 5_019_774
    KEEPER = 5_019_775
    DELIBERATIONS = 5_019_776
    DOSSIERS = 5_019_777
    REPLAY = 5_019_778
    ACTS = 5_019_779
    CHECKPOINT = 5_019_785
    RIGHTS = 5_019_790
    AGAIN = 5_019_791


def conninfo(settings: Settings, role: str, database: str = "kruispunt", **more: Any) -> str:
    """Connection string of a role; holds its password, so it is never logged."""
    return make_conninfo(
        host=settings.postgres_host,
        port=settings.postgres_port,
        user=role,
        password=settings.secret("postgres", role),
        dbname=database,
        sslmode=settings.postgres_sslmode,
        connect_timeout=CONNECT_S,
        application_name=role,
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
        cursor.execute("select pg_advisory_xact_lock(%s)", (Lock.MIGRATION,))
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
