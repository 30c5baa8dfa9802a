"""Finds what was granted by hand on roles and databases of PostgreSQL beyond what is declared, and revokes it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from psycopg import Connection, sql

from backbone.cluster.plan import PlanLine
from backbone.errors import Retry
from backbone.postgres import OWNER, Lock, connect, wait_for_lock
from backbone.settings import Settings
from backbone.stack import roles
from backbone.stack.postgres import SUPERUSER
from backbone.stack.roles import Database

MAINTENANCE = "postgres"
"""The database from which roles and databases are changed."""
MIGHT = {
    "rolsuper": "superuser", "rolcreaterole": "createrole", "rolcreatedb": "createdb", "rolbypassrls": "bypassrls",
    "rolreplication": "replication",
}  # fmt: skip
"""The attributes that no role of ours has: column of pg_roles, keyword of `alter role`."""
MEMBERS = """
select granted.rolname, member.rolname from pg_auth_members
join pg_roles granted on granted.oid = roleid join pg_roles member on member.oid = pg_auth_members.member
where granted.rolname = any(%(names)s) or member.rolname = any(%(names)s)
"""
OPEN_TO = """
select datname, coalesce(rolname, 'public') from pg_database
cross join lateral aclexplode(coalesce(datacl, acldefault('d', datdba))) given
left join pg_roles on pg_roles.oid = given.grantee
where datname = any(%s) group by 1, 2
"""
LOCKING = """
select distinct coalesce(rolname, 'public') from pg_proc
cross join lateral aclexplode(coalesce(proacl, acldefault('f', proowner))) given
left join pg_roles on pg_roles.oid = given.grantee
where pronamespace = 'pg_catalog'::regnamespace and proname ~ '^pg_(try_)?advisory_(xact_)?lock(_shared)?$' order by 1
"""
"""Who may take any advisory lock."""


def can_change(settings: Settings) -> bool:
    """Whether this is where the superuser's password lies: elsewhere PostgreSQL's own administrator does it."""
    return (settings.secrets_folder / "postgres" / SUPERUSER).exists()


def _roles(connection: Connection[Any], names: list[str]) -> Iterator[PlanLine]:
    columns = sql.SQL(", ").join(map(sql.Identifier, MIGHT))
    found = connection.execute(sql.SQL("select rolname, {} from pg_roles").format(columns)).fetchall()
    present = {name: [word for word, has in zip(MIGHT.values(), might, strict=True) if has] for name, *might in found}
    for name in names:
        if name not in present:
            yield PlanLine("add", "role", name)
            continue
        for word in present[name]:
            lift = sql.SQL("alter role {} no" + word).format(sql.Identifier(name))
            yield PlanLine("remove", "role", f"{name} is {word}", (MAINTENANCE, lift))
        if not present[name]:
            yield PlanLine("keep", "role", name)


def _members(connection: Connection[Any], names: list[str]) -> Iterator[PlanLine]:
    found = connection.execute(MEMBERS, {"names": names}).fetchall()
    sees = (roles.STATISTICS, OWNER)
    if OWNER in names:
        yield PlanLine("keep" if sees in found else "add", "role", f"{OWNER} may act as {roles.STATISTICS}")
    for granted, member in found:
        if member != SUPERUSER and (granted, member) != sees:
            leave = sql.SQL("revoke {} from {}").format(sql.Identifier(granted), sql.Identifier(member))
            yield PlanLine("remove", "role", f"{member} may act as {granted}", (MAINTENANCE, leave))


def _databases(connection: Connection[Any], databases: Mapping[str, Database]) -> Iterator[PlanLine]:
    present = {name for (name,) in connection.execute("select datname from pg_database")}
    allowed = {name: {database.owner, SUPERUSER, *database.users} for name, database in databases.items()}
    opened: dict[str, set[str]] = {name: set() for name in databases}
    for name, whom in connection.execute(OPEN_TO, (list(databases),)):
        opened[name].add(whom)
    for name, database in databases.items():
        if name not in present or not set(database.users) <= opened[name]:
            yield PlanLine("add", "database", f"{name}, open to {', '.join((database.owner, *database.users))}")
            continue
        yield PlanLine("keep", "database", name)
        for whom in sorted(opened[name] - allowed[name]):
            grantee = sql.SQL("public") if whom == "public" else sql.Identifier(whom)
            shut = sql.SQL("revoke all on database {} from {}").format(sql.Identifier(name), grantee)
            yield PlanLine("remove", "database", f"{whom} may enter {name}", (MAINTENANCE, shut))


def _locks(settings: Settings, databases: Mapping[str, Database], present: Iterable[str]) -> Iterator[PlanLine]:
    """Who may take any lock in a database besides its owner; seen from inside only."""
    for name in sorted(databases.keys() & set(present)):
        owner = databases[name].owner
        with connect(settings, SUPERUSER if can_change(settings) else owner, name) as connection:
            for (whom,) in connection.execute(LOCKING).fetchall():
                if whom not in {owner, SUPERUSER}:
                    grantee = sql.SQL("public") if whom == "public" else sql.Identifier(whom)
                    shut = sql.SQL("revoke execute on function {} from {}").format(sql.SQL(roles.TAKING), grantee)
                    yield PlanLine("remove", "database", f"{whom} may take any lock in {name}", (name, shut))


def look(settings: Settings, databases: Mapping[str, Database]) -> list[PlanLine]:
    """Every role and database with what is to become of it; changes nothing. Any role may look.

    Raises Retry when the server does not answer.
    """
    role, database = (SUPERUSER, MAINTENANCE) if can_change(settings) else ("owner", "kruispunt")
    main = roles.here(settings, databases)
    names = roles.names(main)
    with connect(settings, role, database, autocommit=True) as connection:
        present = [name for (name,) in connection.execute("select datname from pg_database")]
        found = [
            *_roles(connection, names),
            *_members(connection, names),
            *_databases(connection, main),
            *_locks(settings, main, present),
        ]
    return found + [line for name in databases if name not in main for line in _elsewhere(settings, name, databases)]


def _elsewhere(settings: Settings, name: str, databases: Mapping[str, Database]) -> Iterator[PlanLine]:
    """A database that is on a server of its own, whose administrator alone changes it."""
    try:
        with connect(settings, name, name, autocommit=True) as connection:
            found = list(_databases(connection, {name: databases[name]}))
    except Retry:
        # That it does not answer is seen where its tables are looked at.
        return
    for line in found:
        yield replace(line, what=f"{line.what}, on {settings.postgres_server(name).host}", thing=None)


def remove(settings: Settings, lines: Iterable[PlanLine]) -> None:
    """Take away what the lines say."""
    with connect(settings, SUPERUSER, MAINTENANCE, autocommit=True) as connection:
        wait_for_lock(connection, Lock.ACCESS_RULES)
        for line in lines:
            if line.change == "remove" and line.thing is not None:
                database, statement = line.thing
                with connect(settings, SUPERUSER, database) as there:
                    there.execute(statement)
