"""Creates PostgreSQL's roles and databases: each role with its own password, each database open to its users only."""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql

from backbone.postgres import OWNER, Lock, connect, wait_for_lock
from backbone.settings import Settings
from backbone.stack.postgres import SUPERUSER

ITERATIONS = 4096
"""PostgreSQL's own number."""
CONNECTIONS = 8
"""How many connections the role of a tenant may have: all tenants together leave room for our own processes."""
STATISTICS = "pg_read_all_stats"
"""What the owner of `watch.open_transactions` is a member of, and it alone: to see since when a session waits."""
IDLE = "5min"
"""How long a transaction of a tenant may stay open with nothing happening in it."""
TAKING = ", ".join(
    f"pg_catalog.pg_{wait}advisory_{until}lock{how}({key})"
    for wait in ("", "try_")
    for until in ("", "xact_")
    for how in ("", "_shared")
    for key in ("bigint", "int, int")
)
"""Every function that takes an advisory lock: in a database, only its owner may call them."""


@dataclass(frozen=True)
class Database:
    """Who owns a database, and who else may connect to it."""

    owner: str
    users: tuple[str, ...] = ()
    tenant: bool = False
    """Whether its owner is from outside, and limited so that it leaves the server to the others."""


def here(settings: Settings, databases: Mapping[str, Database]) -> dict[str, Database]:
    """The databases of the main server: those of some tenants may be elsewhere, with their roles."""
    return {name: database for name, database in databases.items() if name not in settings.postgres_elsewhere}


def names(databases: Mapping[str, Database]) -> list[str]:
    """Every role."""
    return sorted({name for database in databases.values() for name in (database.owner, *database.users)})


def _verifier(password: str, salt: bytes) -> str:
    """What PostgreSQL stores instead of the password (RFC 5802), so that it never sees the password itself."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = [b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${ITERATIONS}:{encoded[0]}${encoded[1]}:{encoded[2]}"


def _holds(verifier: str | None, password: str) -> bool:
    if not verifier or not verifier.startswith(f"SCRAM-SHA-256${ITERATIONS}:"):
        return False
    salt = b64decode(verifier.split(":")[1].split("$")[0])
    return hmac.compare_digest(verifier, _verifier(password, salt))


def _make_roles(connection: Connection[Any], settings: Settings, wanted: list[str]) -> None:
    present = dict(connection.execute("select rolname, rolpassword from pg_authid").fetchall())
    for name in wanted:
        password = settings.secret("postgres", name)
        if name not in present:
            connection.execute(sql.SQL("create role {} login").format(sql.Identifier(name)))
        if not _holds(present.get(name), password):
            verifier = _verifier(password, secrets.token_bytes(16))
            connection.execute(
                sql.SQL("alter role {} login password {}").format(sql.Identifier(name), sql.Literal(verifier))
            )


def _limit_tenants(connection: Connection[Any], databases: Mapping[str, Database]) -> None:
    """What a tenant does with its own role leaves the server to the others; our own roles are not cut off."""
    for name in [database.owner for database in databases.values() if database.tenant]:
        role = sql.Identifier(name)
        connection.execute(sql.SQL("alter role {} connection limit {}").format(role, sql.Literal(CONNECTIONS)))
        connection.execute(
            sql.SQL("alter role {} set idle_in_transaction_session_timeout to {}").format(role, sql.Literal(IDLE))
        )


def _let_see_since_when(connection: Connection[Any]) -> None:
    """Only provisioning logs in as the owner, so only one function can show what other sessions do."""
    connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(STATISTICS), sql.Identifier(OWNER)))


def _make_databases(connection: Connection[Any], databases: Mapping[str, Database]) -> None:
    present = {row[0] for row in connection.execute("select datname from pg_database")}
    for name, database in databases.items():
        this = sql.Identifier(name)
        if name not in present:
            connection.execute(sql.SQL("create database {} owner {}").format(this, sql.Identifier(database.owner)))
        connection.execute(sql.SQL("revoke all on database {} from public").format(this))
        for user in database.users:
            connection.execute(sql.SQL("grant connect on database {} to {}").format(this, sql.Identifier(user)))
    connection.execute("revoke all on database postgres from public")
    connection.execute("revoke all on database template1 from public")


def _withhold_locks(settings: Settings, databases: Mapping[str, Database]) -> None:
    """Let only its owner take any advisory lock in a database; other roles have a function that takes their own."""
    for name, database in databases.items():
        with connect(settings, SUPERUSER, name) as connection:
            connection.execute(sql.SQL("revoke execute on function {} from public").format(sql.SQL(TAKING)))
            connection.execute(
                sql.SQL("grant execute on function {} to {}").format(sql.SQL(TAKING), sql.Identifier(database.owner))
            )


def apply(settings: Settings, databases: Mapping[str, Database]) -> None:
    """Make what is missing; again = no change. The passwords are there already."""
    databases = here(settings, databases)
    with connect(settings, SUPERUSER, "postgres", autocommit=True) as connection:
        # PostgreSQL refuses two sessions that change the access rules of the same database at the same moment.
        wait_for_lock(connection, Lock.ACCESS_RULES)
        _make_roles(connection, settings, names(databases))
        _limit_tenants(connection, databases)
        _make_databases(connection, databases)
        if OWNER in names(databases):
            _let_see_since_when(connection)
        _withhold_locks(settings, databases)
