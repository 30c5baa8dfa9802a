"""Each role may do in each schema what is written here, and nothing else; none is a superuser."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from backbone.errors import Retry
from backbone.postgres import connect
from backbone.settings import Settings
from backbone.stack import roles
from backbone.stack.postgres import SUPERUSER
from backbone.stack.roles import CONNECTIONS, DATABASES, names
from schemas.institutions import HOSTED

READ, ADD, KEEP, PASS = {"SELECT"}, {"INSERT"}, {"SELECT", "INSERT", "UPDATE"}, {"SELECT", "INSERT"}
"""What a role may do with whole tables. Rights on single columns, the inspector's, are looked at apart."""
EXPECTED: dict[tuple[str, str], set[str]] = {
    ("intake", "register.submission"): PASS,
    ("intake", "register.receipt_part"): PASS,
    ("intake", "register.declaration"): PASS,
    ("intake", "register.outbox"): ADD,
    ("relay", "register.outbox"): READ,
    ("relay", "rules.outbox"): READ,
    ("exchange", "directory.dossier"): READ,
    ("exchange", "deliberations.revision"): READ,
    ("exchange", "deliberations.kept"): READ,
    ("exchange", "deliberations.withdrawal"): READ,
    ("operator", "deliberations.revision"): PASS,
    ("operator", "deliberations.kept"): PASS,
    ("operator", "deliberations.withdrawal"): PASS,
    ("operator", "directory.dossier"): PASS,
    ("operator", "directory.integration"): ADD,
    ("dossiers", "directory.integration"): ADD,
    ("dossiers", "directory.outbox"): ADD,
    ("replay", "register.outbox"): READ,
    ("replay", "deliberations.revision"): READ,
    ("replay", "deliberations.kept"): READ,
    ("replay", "deliberations.withdrawal"): READ,
    ("replay", "audit.disclosure"): READ,
    ("replay", "audit.position"): READ,
    ("dossiers", "directory.dossier"): PASS,
    ("dossiers", "directory.change"): PASS,
    ("dossiers", "directory.position"): KEEP,
    ("inspector", "directory.position"): READ,
    ("replay", "directory.integration"): READ,
    ("replay", "directory.dossier"): READ,
    ("relay", "directory.outbox"): READ,
    ("operator", "directory.incoming"): {"SELECT", "INSERT", "DELETE", "TRUNCATE"},
    ("audit", "audit.segment"): PASS,
    ("audit", "audit.disclosure"): PASS,
    ("audit", "audit.refusal"): PASS,
    ("audit", "audit.refused"): ADD,
    ("audit", "audit.contract"): PASS,
    ("audit", "audit.checkpoint"): PASS,
    ("audit", "audit.position"): KEEP,
    ("audit", "audit.tally"): KEEP,
    ("inspector", "audit.tally"): READ,
    ("inspector", "register.tally"): READ,
    ("inspector", "register.recounted"): READ,
    ("inspector", "register.fact_digest"): READ,
    ("intake", "register.tally"): KEEP,
    ("rules", "rules.tally"): KEEP,
    ("inspector", "rules.tally"): READ,
    ("inspector", "rules.recounted"): READ,
    ("auditor", "audit.segment"): READ,
    ("auditor", "audit.disclosure"): READ,
    ("auditor", "audit.refusal"): READ,
    ("auditor", "audit.refused"): READ,
    ("auditor", "audit.contract"): READ,
    ("auditor", "audit.checkpoint"): READ,
    ("auditor", "audit.act"): READ,
    ("auditor", "deliberations.revision"): READ,
    ("auditor", "deliberations.kept"): READ,
    ("auditor", "deliberations.withdrawal"): READ,
    ("audit", "audit.outbox"): ADD,
    ("relay", "audit.outbox"): READ,
    ("rules", "rules.position"): KEEP,
    ("rules", "rules.fact"): KEEP,
    ("rules", "rules.finding"): KEEP,
    ("rules", "rules.history"): KEEP,
    ("rules", "rules.outbox"): ADD,
    ("rules", "rules.earlier"): ADD,
    ("auditor", "rules.fact"): READ,
    ("auditor", "rules.earlier"): READ,
    ("auditor", "rules.finding"): READ,
    ("inspector", "deliberations.revision"): READ,
    ("inspector", "deliberations.kept"): READ,
    ("inspector", "deliberations.withdrawal"): READ,
    ("inspector", "audit.position"): READ,
    ("inspector", "audit.refusal"): READ,
    ("inspector", "rules.position"): READ,
}
NOTIFIER = {"notifier", "operator", "inspector", "relay"}
"""Who has rights in the schema notifier, which its own tests look at."""
GRANTED = """
select grantee, table_schema || '.' || table_name, array_agg(privilege_type::text)
from information_schema.role_table_grants
where table_schema not in ('pg_catalog', 'information_schema') and grantee <> 'owner'
group by 1, 2
"""


@pytest.fixture(scope="module")
def superuser(servers: Settings) -> Iterator[Connection[Any]]:
    with connect(servers, SUPERUSER, "kruispunt") as connection:
        yield connection


def test_a_role_may_do_what_is_expected_and_nothing_else(superuser: Connection[Any]) -> None:
    granted = {(role, table): set(rights) for role, table, rights in superuser.execute(GRANTED)}
    elsewhere = {key: rights for key, rights in granted.items() if not key[1].startswith("notifier.")}
    assert elsewhere == EXPECTED
    assert {role for role, table in granted if table.startswith("notifier.")} <= NOTIFIER


def test_no_right_is_given_to_everybody(superuser: Connection[Any]) -> None:
    given = superuser.execute(
        "select count(*) from information_schema.role_table_grants where grantee = 'PUBLIC'"
        " and table_schema not in ('pg_catalog', 'information_schema')"
    ).fetchone()
    assert given == (0,)


def test_no_role_of_ours_is_more_than_a_role(superuser: Connection[Any]) -> None:
    mighty = superuser.execute(
        "select rolname from pg_roles where rolname = any(%s) and"
        " (rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication)",
        (names(),),
    ).fetchall()
    assert mighty == []
    members = superuser.execute(
        "select member::regrole::text from pg_auth_members where member::regrole::text = any(%s)", (names(),)
    ).fetchall()
    assert members == []


def test_no_function_lends_the_rights_of_its_owner(superuser: Connection[Any]) -> None:
    lending = superuser.execute(
        "select proname from pg_proc join pg_namespace n on n.oid = pronamespace"
        " where prosecdef and nspname not in ('pg_catalog', 'information_schema')"
    ).fetchall()
    assert lending == []


@pytest.mark.parametrize("institution", HOSTED)
def test_an_institution_sees_its_own_database_and_rules_nothing(servers: Settings, institution: str) -> None:
    for other in DATABASES:
        if other != institution:
            with pytest.raises(Retry, match="does not let"):
                connect(servers, institution, other)
    for statement in (
        "create role intruder superuser",
        "create database intruder",
        "select rolpassword from pg_authid",
        "set role postgres",
        "set role exchange",
        "alter role rva superuser",
        "copy (select 1) to program 'true'",
        "select pg_read_file('/etc/passwd')",
        "set session_replication_role = replica",
    ):
        with (
            connect(servers, institution, institution, autocommit=True) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement.encode())


@pytest.mark.parametrize(
    "table",
    [
        "register.submission", "register.declaration", "register.outbox", "directory.dossier", "audit.segment",
        "audit.disclosure", "audit.refusal", "deliberations.kept", "deliberations.revision", "rules.finding",
        "directory.change", "directory.position",
    ],
)  # fmt: skip
@pytest.mark.parametrize("change", ["delete from {}", "truncate {}", "insert into {} select * from {}"])
def test_the_exchange_changes_nothing_in_the_database(servers: Settings, table: str, change: str) -> None:
    with connect(servers, "exchange") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(change.replace("{}", table).encode())


@pytest.mark.parametrize("role", ["operator", "dossiers"])
@pytest.mark.parametrize(
    "statement",
    [
        "update directory.dossier set institution = 'rva'", "update directory.dossier set since = '1900-01-01'",
        "update directory.dossier set person = ''", "delete from directory.dossier", "truncate directory.dossier",
        "delete from directory.integration", "delete from directory.change", "update directory.change set code = ''",
    ],
)  # fmt: skip
def test_nobody_removes_a_dossier_or_makes_it_anothers(servers: Settings, role: str, statement: str) -> None:
    with connect(servers, role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


@pytest.mark.parametrize("role", ["operator", "dossiers", "owner"])
def test_a_dossier_that_has_ended_stays_as_it_was(servers: Settings, role: str) -> None:
    with connect(servers, role) as connection:
        connection.execute(
            "insert into directory.dossier (person, institution, quality, since, ended)"
            " values (%s, 'bouw', '38/0', '2020-01-01', now())",
            (f"nobody, by {role}",),
        )
        for change in (
            "update directory.dossier set ended = null where ended is not null",
            "update directory.dossier set until = '2999-12-31' where ended is not null",
            "update directory.dossier set version = 9 where ended is not null",
        ):
            with pytest.raises(psycopg.errors.RestrictViolation), connection.transaction():
                connection.execute(change.encode())
        connection.rollback()


def test_a_process_cannot_lift_the_triggers_that_guard_the_record(servers: Settings) -> None:
    for statement in ("set session_replication_role = replica", "alter table audit.segment disable trigger all"):
        with connect(servers, "audit") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


RECORD = ("segment", "disclosure", "refusal", "refused", "contract", "checkpoint", "act")


@pytest.mark.parametrize("statement", ["update audit.{} set {}", "delete from audit.{}", "truncate audit.{}"])
@pytest.mark.parametrize("role", ["audit", "auditor", "operator", "notifier", "inspector", "owner"])
@pytest.mark.parametrize("table", ["checkpoint", "contract", "act", "refused"])
def test_nobody_changes_checkpoints_or_acts(servers: Settings, table: str, role: str, statement: str) -> None:
    column = {"checkpoint": "text = ''", "contract": "schema = ''", "act": "line = ''", "refused": "number = 0"}
    with (
        connect(servers, role, autocommit=True) as connection,
        pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation)),
    ):
        connection.execute(statement.format(table, column[table]).encode())


@pytest.mark.parametrize("table", [*RECORD, "position", "outbox"])
@pytest.mark.parametrize(
    "change",
    [
        "delete from {}",
        "truncate {}",
        "update {} set {} = {}",
        "insert into {} overriding system value select * from {}",
    ],
)
def test_the_auditor_changes_nothing(servers: Settings, table: str, change: str) -> None:
    column = "number" if table in RECORD else "topic"
    name = f"audit.{table}"
    words = (name, column, column) if change.startswith("update") else (name, name)
    with connect(servers, "auditor") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(change.format(*words).encode())


def test_whoever_adds_an_act_does_not_say_who_when_or_which_number(servers: Settings) -> None:
    for statement in (
        "insert into audit.act (line, number) values ('{}', 1)",
        "insert into audit.act (line, previous) values ('{}', '\\x00')",
        "insert into audit.act (line, hash) values ('{}', '\\x00')",
    ):
        with connect(servers, "auditor") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())
    line = '{"action": "pretended", "about": "this", "by": "operator", "at": "1999-01-01", "number": 1}'
    with connect(servers, "auditor") as connection:
        connection.execute("insert into audit.act (line) values (%s)", (line,))
        row = connection.execute("select line::jsonb from audit.act order by number desc limit 1").fetchone()
        assert row is not None
        assert row[0]["by"] == "auditor"
        assert row[0]["at"] > "2026"
        assert row[0]["number"] >= 1
        connection.rollback()


def test_an_institution_cannot_take_all_connections(servers: Settings) -> None:
    with ExitStack() as held:
        for _ in range(CONNECTIONS):
            held.enter_context(connect(servers, "rva", "rva"))
        with pytest.raises(Retry, match="too many connections for role"):
            connect(servers, "rva", "rva")
        with connect(servers, "inspector") as other:
            assert other.execute("select 1").fetchone() == (1,)


def test_provisioning_brings_the_limits_to_roles_that_are_there(servers: Settings) -> None:
    with connect(servers, SUPERUSER, "postgres", autocommit=True) as connection:
        connection.execute("alter role nic connection limit -1")
        connection.execute("alter role nic reset idle_in_transaction_session_timeout")
        roles.apply(servers)
        limits = connection.execute(
            "select rolname, rolconnlimit, rolconfig from pg_roles where rolname = any(%s)", (names(),)
        ).fetchall()
    limited = {name: configured for name, most, configured in limits if most == CONNECTIONS}
    assert limited == {name: [f"idle_in_transaction_session_timeout={roles.IDLE}"] for name in HOSTED}
    with connect(servers, "nic", "nic") as connection:
        assert connection.execute("show idle_in_transaction_session_timeout").fetchone() == (roles.IDLE,)
