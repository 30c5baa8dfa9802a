"""Each role may do in each schema what is written here, and nothing else; none is a superuser."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from backbone.errors import Retry
from backbone.postgres import Lock, connect, try_lock, unlock
from backbone.settings import Settings
from backbone.stack import roles, strays
from backbone.stack.postgres import SUPERUSER
from backbone.stack.roles import CONNECTIONS, names
from kruispunt.provisioning.databases import DATABASES
from rules.questions.looks import COMPARED, RecordedLook
from schemas.institutions import HOSTED
from schemas.locks import StageLock

READ, ADD, KEEP, PASS = {"SELECT"}, {"INSERT"}, {"SELECT", "INSERT", "UPDATE"}, {"SELECT", "INSERT"}
"""What a role may do with whole tables. Rights on single columns, the inspector's, are looked at apart."""
EXPECTED: dict[tuple[str, str], set[str]] = {
    ("intake", "register.submission"): PASS,
    ("intake", "register.receipt_part"): PASS,
    ("intake", "register.answer"): PASS,
    ("intake", "register.declaration"): PASS,
    ("intake", "register.outbox"): ADD,
    ("intake", "register.lost"): PASS,
    ("relay", "register.mark"): KEEP,
    ("replay", "register.mark"): KEEP,
    ("exchange", "register.mark"): READ,
    ("notifier", "register.mark"): READ,
    ("inspector", "register.mark"): READ,
    ("relay", "register.outbox"): READ,
    ("relay", "rules.outbox"): {"SELECT", "DELETE"},
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
    ("operator", "directory.alarm"): READ,
    ("dossiers", "directory.alarm"): READ,
    ("inspector", "directory.alarm"): READ,
    ("replay", "directory.integration"): READ,
    ("replay", "directory.dossier"): READ,
    ("relay", "directory.outbox"): {"SELECT", "DELETE"},
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
    ("inspector", "register.answers_due"): READ,
    ("inspector", "register.answers_stored"): READ,
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
    ("operator", "dead.closing"): READ,
    ("operator", "dead.outbox"): ADD,
    ("relay", "dead.outbox"): {"SELECT", "DELETE"},
    ("inspector", "dead.closing"): READ,
    ("relay", "audit.outbox"): {"SELECT", "DELETE"},
    ("rules", "rules.position"): KEEP,
    ("rules", "rules.fact"): KEEP,
    ("rules", "rules.finding"): KEEP,
    ("rules", "rules.history"): KEEP,
    ("rules", "rules.outbox"): ADD,
    ("rules", "rules.earlier"): ADD,
    ("rules", "rules.redecision"): {"SELECT", "INSERT", "DELETE"},
    ("rules", "rules.law_change"): READ,
    ("operator", "rules.law_change"): READ,
    ("inspector", "rules.law_change"): READ,
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
    with connect(servers, SUPERUSER, "kruispunt", autocommit=True) as connection:
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
        (names(DATABASES),),
    ).fetchall()
    assert mighty == []
    members = superuser.execute(
        "select member::regrole::text, roleid::regrole::text from pg_auth_members"
        " where member::regrole::text = any(%s)",
        (names(DATABASES),),
    ).fetchall()
    # Nobody logs in as the owner but provisioning; it sees since when sessions have a transaction open.
    assert members == [("owner", "pg_read_all_stats")]


LENT: dict[str, set[str]] = {
    "watch.open_transactions": {"inspector", "relay"},
    "locks.take": {"relay", "notifier", "exchange", "audit", "operator", "dossiers", "replay", "rules"},
    "audit.chain_act": set(),
    "directory.count_integrations": set(),
    "directory.acknowledge_alarms": {"operator"},
    "rules.begin_redecision": {"operator"},
    "rules.begun": set(),
    "rules.begin_look": {"jurist"},
    "rules.look_at_finding": {"jurist"},
    "rules.look_at_evidence": {"jurist"},
    "rules.look_at_everything": {"jurist"},
}
"""Which functions work with the rights of their owner, and who may call them."""


def test_only_these_functions_lend_the_rights_of_their_owner(superuser: Connection[Any]) -> None:
    lending = superuser.execute(
        "select nspname || '.' || proname, coalesce(rolname, 'public'), proconfig from pg_proc"
        " join pg_namespace n on n.oid = pronamespace"
        " cross join lateral aclexplode(coalesce(proacl, acldefault('f', proowner))) given"
        " left join pg_roles on pg_roles.oid = given.grantee"
        " where prosecdef and nspname not in ('pg_catalog', 'information_schema')"
    ).fetchall()
    callers: dict[str, set[str]] = {name: set() for name, *_ in lending}
    for name, caller, _ in lending:
        callers[name] |= {caller} - {"owner"}
    assert callers == LENT
    # Where a function looks for what it names is not for its caller to say.
    assert {tuple(settings or ()) for *_, settings in lending} == {("search_path=pg_catalog, pg_temp",)}


HOLDERS = {
    Lock.OUTBOX: {"relay"}, StageLock.RECIPIENTS: {"notifier"}, StageLock.EXCHANGE: {"exchange"},
    Lock.CONSUMER: {"audit"},
    StageLock.DELIBERATIONS: {"operator"}, StageLock.DOSSIERS: {"operator", "dossiers"}, StageLock.REPLAY: {"replay"},
    StageLock.CHECKPOINT: {"audit"}, StageLock.REJUDGE: {"replay"},
    StageLock.DECIDING: {"rules"}, Lock.ACCESS_RULES: {"operator"},
    Lock.MIGRATION: set(), StageLock.ACTS: set(),
}  # fmt: skip
"""Who may take which lock, besides the owner of the database."""


@pytest.mark.parametrize("role", DATABASES["kruispunt"].users)
def test_a_role_takes_no_lock_that_is_not_its_own(servers: Settings, role: str) -> None:
    assert set(HOLDERS) == {*Lock, *StageLock}
    with connect(servers, role, autocommit=True) as connection:
        for function in roles.TAKING.split("), "):
            name, _, key = function.rstrip(")").partition("(")
            values = f"{Lock.OUTBOX}" if key == "bigint" else f"{Lock.OUTBOX}, 0"
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"select {name}({values})".encode())
        for lock, holders in HOLDERS.items():
            if role in holders:
                assert try_lock(connection, lock, 4_711)
                unlock(connection, lock, 4_711)
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    try_lock(connection, lock, 4_711)


@pytest.mark.parametrize("institution", HOSTED)
def test_only_the_institution_takes_locks_in_its_database(servers: Settings, institution: str) -> None:
    with (
        connect(servers, "inspector", institution) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("select pg_advisory_lock(%s, 0)", (Lock.CONSUMER,))
    with connect(servers, institution, institution) as connection:
        assert try_lock(connection, Lock.CONSUMER, 4_711)


def test_a_right_to_take_locks_that_was_given_by_hand_is_seen_and_taken_away(servers: Settings) -> None:
    with connect(servers, SUPERUSER, "kruispunt", autocommit=True) as connection:
        connection.execute("grant execute on function pg_advisory_lock(bigint) to inspector")
        connection.execute("grant execute on function pg_try_advisory_xact_lock_shared(int, int) to public")
    given = [line for line in strays.look(servers, DATABASES) if line.to_do]
    assert [line.what for line in given] == [
        "inspector may take any lock in kruispunt", "public may take any lock in kruispunt",
    ]  # fmt: skip
    strays.remove(servers, given)
    assert [line for line in strays.look(servers, DATABASES) if line.to_do] == []
    with connect(servers, "inspector") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("select pg_advisory_lock(1)")


FINDING = "a finding of nobody"


@pytest.fixture
def told(superuser: Connection[Any]) -> Iterator[str]:
    """A finding about somebody, with the fact it rests on."""
    with superuser.transaction():
        superuser.execute(
            "insert into rules.finding (person, quarter, employer, finding, version, status, essence, body, contract)"
            " values ('\\x01', '2026Q3', '', %s, 1, 'found', '', '\\x02', 0)",
            (FINDING,),
        )
        superuser.execute(
            "insert into rules.fact values ('\\x01', '2026Q3', 'nothing', 'declarations.wages', '', 1, 0, '\\x03')"
        )
    yield FINDING
    with superuser.transaction():
        superuser.execute("delete from rules.fact where person = '\\x01'")
        superuser.execute("delete from rules.finding where person = '\\x01'")


def acts(superuser: Connection[Any]) -> int:
    row = superuser.execute("select count(*) from audit.act").fetchone()
    return int(row[0]) if row else 0


BEGIN = "select rules.begin_look('replayed a finding', %s, false)"
LOOKS = ("look_at_finding", "look_at_evidence", "look_at_everything")


def begun(connection: Connection[Any], finding: str) -> int:
    row = connection.execute(BEGIN, (finding,)).fetchone()
    assert row
    return int(row[0])


@pytest.mark.parametrize("role", [name for name in DATABASES["kruispunt"].users if name != "rules"])
@pytest.mark.parametrize("table", ["fact", "earlier", "finding", "history", "look"])
def test_nobody_but_the_rules_reads_facts_or_findings(servers: Settings, role: str, table: str) -> None:
    with connect(servers, role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("select * from rules.{}".replace("{}", table).encode())


def test_a_look_is_an_act_before_anything_is_seen(servers: Settings, superuser: Connection[Any], told: str) -> None:
    before = acts(superuser)
    with connect(servers, "jurist") as connection:
        look = RecordedLook.at_finding(connection, "explained a finding", told, numbers=False)
        assert look is not None
        assert acts(superuser) == before + 1
        assert [bytes(fact.body) for fact in look.evidence()] == [b"\x03"]
        assert bytes(look.finding()[1].body) == b"\x02"
        assert RecordedLook.at_finding(connection, "explained a finding", "nothing", numbers=False) is None
    assert acts(superuser) == before + 2


@pytest.mark.parametrize("name", LOOKS)
def test_a_look_whose_act_is_not_committed_shows_nothing(
    servers: Settings, superuser: Connection[Any], told: str, name: str
) -> None:
    look = f"select rules.{name}(%s)".encode()
    before = acts(superuser)
    with connect(servers, "jurist") as connection:
        act = begun(connection, told)
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="No act that is committed"):
            connection.execute(look, (act,))
        connection.rollback()
        connection.execute("savepoint inside")
        act = begun(connection, told)
        connection.execute("release savepoint inside")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="No act that is committed"):
            connection.execute(look, (act,))
        connection.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="No act that is committed"):
            connection.execute(look, (act,))
    assert acts(superuser) == before


def test_a_look_shows_what_its_act_names_to_its_role_and_not_for_long(
    servers: Settings, superuser: Connection[Any], told: str
) -> None:
    with connect(servers, "jurist", autocommit=True) as connection:
        act = begun(connection, told)
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="at one finding"):
            connection.execute("select rules.look_at_everything(%s)", (act,))
        other = connection.execute("select rules.begin_look(%s, null, false)", (COMPARED,)).fetchone()
        assert connection.execute("select * from rules.look_at_evidence(%s)", other).fetchall() == []
        assert connection.execute("select * from rules.look_at_finding(%s)", other).fetchall() == []
        for action, finding in (("looked", told), (COMPARED, told), ("explained a finding", None)):
            with pytest.raises(psycopg.errors.InvalidParameterValue):
                connection.execute("select rules.begin_look(%s, %s, false)", (action, finding))
        for change in (
            "update rules.look set at = at - interval '61 seconds' where act = %s",
            "update rules.look set at = now(), role = 'auditor' where act = %s",
        ):
            superuser.execute(change.encode(), (act,))
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="within the last minute"):
                connection.execute("select * from rules.look_at_evidence(%s)", (act,))


COUNTED = {
    "register.outbox": {"id", "tx", "topic"},
    "register.submission": {"accepted", "received_at"},
    "register.declaration": {"kind", "version", "status", "quarter", "persons"},
    "directory.integration": {"id", "tx"},
    "directory.outbox": {"id", "tx", "topic"},
    "audit.segment": {"partition", "number", "at", "exchanged", "refused"},
    "audit.disclosure": {"recipient", "deliberation", "contract", "event", "replay"},
    "audit.outbox": {"id", "tx", "topic"},
    "rules.outbox": {"id", "tx", "topic"},
    "rules.finding": {"quarter", "version", "status"},
    "rules.fact": {"kind", "version"},
    "notifier.finding": {"finding", "version", "settled"},
    "notifier.notice": {"notice", "state", "channel"},
    "notifier.outbox": {"id", "tx", "topic"},
    "notifier.tally": {"what", "partition", "writer", "number", "digest"},
    "notifier.manifest": {"batch", "number", "digest"},
    "notifier.notice_tally": {"state", "channel", "number", "digest"},
    "notifier.recounted": {"number", "digest"},
    "dead.outbox": {"id", "tx", "topic"},
}
"""What the inspector reads of tables that say something about persons: columns to count by, and none about whom."""


def test_the_inspector_reads_columns_to_count_by_and_nothing_about_a_person(
    servers: Settings, superuser: Connection[Any]
) -> None:
    query = (
        "select table_schema || '.' || table_name, array_agg(column_name::text)"
        " from information_schema.column_privileges"
        " where grantee = 'inspector' and privilege_type = 'SELECT' group by 1"
    )
    whole = {table for role, table in EXPECTED if role == "inspector"}
    views = {"notifier.notices", "notifier.counts", "notifier.states", "notifier.position"}
    granted = {table: set(columns) for table, columns in superuser.execute(query) if table not in whole | views}
    assert granted == COUNTED
    for institution in HOSTED:
        with connect(servers, SUPERUSER, institution) as there:
            granted = {table: set(columns) for table, columns in there.execute(query)}
        assert granted == {
            "store.record": {"kind"},
            "store.position": {"topic", "partition", "next"},
            "store.tally": {"deliberation", "partition", "day", "number", "digest"},
            "store.recounted": {"deliberation", "partition", "number", "digest"},
        }


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


INSERT = "insert into {} overriding system value select * from {}"


@pytest.mark.parametrize(
    "table",
    [
        "register.submission", "register.declaration", "register.outbox", "directory.dossier", "audit.segment",
        "audit.disclosure", "audit.refusal", "deliberations.kept", "deliberations.revision", "rules.finding",
        "directory.change", "directory.position",
    ],
)  # fmt: skip
@pytest.mark.parametrize("change", ["delete from {}", "truncate {}", INSERT])
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


MASS = (
    "insert into directory.integration (person, institution, quality, since)"
    " select 'nobody', 'energie', '0/0', '2026-01-01' from generate_series(1, %s)"
)


@pytest.mark.parametrize("role", ["operator", "dossiers"])
def test_whoever_takes_a_population_on_file_raises_an_alarm_and_cannot_take_it_back(
    servers: Settings, superuser: Connection[Any], role: str
) -> None:
    # So that this role is heard, whoever was before it: what came before is long ago.
    superuser.execute("update directory.alarm set last = last - interval '2 hours' where institution = 'energie'")
    superuser.execute("delete from directory.integrated where institution = 'energie'")
    before = acts(superuser)
    with connect(servers, role, autocommit=True) as connection:
        for number in (servers.mass_integrations // 2, servers.mass_integrations // 2):
            connection.execute(MASS, (number,))
        assert acts(superuser) == before
        for number in (1, 5):
            connection.execute(MASS, (number,))
            alarms = superuser.execute(
                "select integrations, most, acknowledged from directory.alarm where institution = 'energie'"
                " order by number desc limit 1"
            ).fetchone()
            assert alarms == (servers.mass_integrations + (1 if number == 1 else 6), servers.mass_integrations, None)
            assert acts(superuser) == before + 1
        line = superuser.execute("select line::jsonb from audit.act order by number desc limit 1").fetchone()
        assert line
        assert [line[0][name] for name in ("by", "action", "about")] == [role, "raised an alarm", "energie"]
        for statement in (
            "delete from directory.alarm", "update directory.alarm set acknowledged = now()",
            "truncate directory.alarm", "delete from directory.integrated", "truncate directory.integrated",
            "update directory.integrated set number = 0",
            "update directory.alarm_limit set integrations = 2147483647", "delete from directory.alarm_limit",
            "alter table directory.integration disable trigger all", "drop trigger watched on directory.integration",
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
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
        roles.apply(servers, DATABASES)
        limits = connection.execute(
            "select rolname, rolconnlimit, rolconfig from pg_roles where rolname = any(%s)", (names(DATABASES),)
        ).fetchall()
    limited = {name: configured for name, most, configured in limits if most == CONNECTIONS}
    assert limited == {name: [f"idle_in_transaction_session_timeout={roles.IDLE}"] for name in HOSTED}
    with connect(servers, "nic", "nic") as connection:
        assert connection.execute("show idle_in_transaction_session_timeout").fetchone() == (roles.IDLE,)


CLOSE = """
insert into dead.closing (letter, state, reason, stage, topic, partition, "offset")
values ('an intruder', 'dropped', 'unseen', 'exchange', 'findings', 0, 0)
"""


@pytest.mark.parametrize("role", ["auditor", "inspector", "relay", "exchange", "rules", "notifier"])
def test_nobody_but_an_operator_closes_a_dead_letter(servers: Settings, role: str) -> None:
    put_back = "insert into dead.outbox (topic, partition, value) values ('findings', 0, 'forged')"
    for attempt in (CLOSE, put_back):
        with connect(servers, role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(attempt)


@pytest.mark.parametrize("institution", HOSTED)
def test_an_institution_does_not_reach_the_dead_letters(servers: Settings, institution: str) -> None:
    with pytest.raises(Retry, match="does not have CONNECT privilege"):
        connect(servers, institution)


def test_a_dead_letter_is_closed_once_and_by_the_role_that_did_it(servers: Settings) -> None:
    with connect(servers, "operator") as connection:
        connection.execute(CLOSE)
        assert connection.execute("select by from dead.closing where letter = 'an intruder'").fetchone() == (
            "operator",
        )
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(CLOSE)
        connection.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("insert into dead.closing (letter, by) values ('x', 'auditor')")
    for change in ("update dead.closing set state = 'replayed'", "delete from dead.closing", "truncate dead.closing"):
        with connect(servers, "owner") as connection, pytest.raises(psycopg.errors.RestrictViolation):
            connection.execute(change)
