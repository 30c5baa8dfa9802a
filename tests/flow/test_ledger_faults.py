"""The ledger goes red for each thing that is lost or doubled, and is balanced again when it is put right."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from psycopg import Connection, sql

from backbone import kafka, positions
from backbone.postgres import connect
from backbone.settings import Settings
from backbone.stack.postgres import SUPERUSER
from backbone.tally import Tally, digest_of
from kruispunt.monitoring import ledger
from schemas.institutions import HOSTED
from schemas.topics import FACTS, delivery
from tests.builders.quarters import Declared

Run = Callable[..., CompletedProcess[str]]
PERSONS = 25
SAVED = "create temporary table saved on commit preserve rows as select * from {} limit 0"


@pytest.fixture(scope="module")
def arrived(kruispunt: Run, stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A quarter declared before its persons are on file anywhere, and one afterwards: replays and live copies."""
    for declared, late in ((Declared.BEFORE_ON_FILE, True), (Declared.AFTER_ON_FILE, False)):
        folder = tmp_path_factory.mktemp(declared.name)
        files = declared.generate(PERSONS, folder)
        submit: list[str | Path] = ["submit", "--on", str(declared.sent_on), *files]
        load: list[str | Path] = ["load", folder]
        for step in (submit, load) if late else (load, submit):
            _do(kruispunt, *step)
            _do(kruispunt, "wait", "--timeout", "60")
    return stack


def _do(kruispunt: Run, *arguments: str | Path) -> None:
    answer = kruispunt(*arguments)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def differences(settings: Settings) -> dict[str, int]:
    return {row.effect: row.difference for row in ledger.rows(settings) if row.difference}


def anew(settings: Settings) -> dict[str, int]:
    return {row.effect: row.difference for row in ledger.counted_anew(settings) if row.difference}


def holder(settings: Settings, *, replay: bool) -> str:
    """An institution that holds replays, or live copies."""
    for name in HOSTED:
        with connect(settings, SUPERUSER, name) as connection:
            row = connection.execute("select count(*) from store.record where replay = %s", (replay,)).fetchone()
        if row and row[0]:
            return name
    raise AssertionError("nobody holds any")


@pytest.fixture(scope="module")
def institution(arrived: Settings) -> str:
    """One that holds live copies."""
    return holder(arrived, replay=False)


@pytest.fixture(scope="module")
def newcomer(arrived: Settings) -> str:
    """One that holds replays."""
    return holder(arrived, replay=True)


@contextmanager
def changed(settings: Settings, database: str) -> Iterator[Connection[Any]]:
    with connect(settings, SUPERUSER, database, autocommit=True) as connection:
        yield connection


def take(connection: Connection[Any], *, replay: bool) -> tuple[Any, ...]:
    """Take one record out of a store and keep it aside."""
    connection.execute("drop table if exists saved")
    connection.execute("create temporary table saved (like store.record)")
    connection.execute("insert into saved select * from store.record where replay = %s limit 1", (replay,))
    connection.execute(
        "delete from store.record as kept using saved"
        ' where (kept.partition, kept."offset") = (saved.partition, saved."offset")'
    )
    row = connection.execute("select event, deliberation, partition from saved").fetchone()
    assert row
    return tuple(row)


def put_back(connection: Connection[Any]) -> None:
    connection.execute("insert into store.record select * from saved")


def double(connection: Connection[Any], basis: str, partition: int) -> None:
    connection.execute("create temporary table twice (like store.record)")
    connection.execute(
        "insert into twice select * from store.record where deliberation = %s and partition = %s limit 1",
        (basis, partition),
    )
    connection.execute('update twice set "offset" = "offset" + 1000000000')
    connection.execute("insert into store.record select * from twice")


def single(connection: Connection[Any]) -> None:
    connection.execute('delete from store.record where "offset" >= 1000000000')


def test_all_is_balanced_by_the_sums_and_counted_anew(kruispunt: Run, arrived: Settings, institution: str) -> None:
    answer = kruispunt("ledger", "--recount", "--json")
    found = json.loads(answer.stdout)
    assert [row for row in found["rows"] if row["difference"]] == []
    assert (answer.returncode, found["balanced"]) == (0, True)
    rows = {row["effect"]: row for row in found["rows"]}
    assert rows[f"copies due = records held ({institution})"]["expected"] > 0
    assert rows["facts due = facts decided"]["expected"] >= 2 * 3 * PERSONS
    assert rows["facts for the rules = facts decided"]["expected"] >= 2 * 3 * PERSONS


def test_one_copy_lost_one_doubled_and_both_at_once(arrived: Settings, institution: str) -> None:
    effect, due = f"delivered records = stored records ({institution})", f"copies due = records held ({institution})"
    with changed(arrived, institution) as connection:
        _, basis, partition = take(connection, replay=False)
        assert differences(arrived) == {effect: -1}
        assert anew(arrived) == {due: -1}
        double(connection, basis, partition)
        assert differences(arrived) == {effect: -1}
        assert anew(arrived) == {due: -1}
        put_back(connection)
        assert differences(arrived) == {effect: 1}
        assert anew(arrived) == {due: 1}
        single(connection)
    assert differences(arrived) == {}


def test_a_replay_that_was_never_made_is_seen_by_counting_anew(arrived: Settings, newcomer: str) -> None:
    less = (
        "update audit.tally set number = number - 1, digest = digest - %s where ctid = (select ctid from audit.tally"
        " where what = %s and recipient = %s and deliberation = %s and partition = %s and day = any(%s) and number > 0"
        " limit 1) returning day"
    )
    with changed(arrived, newcomer) as connection, changed(arrived, "kruispunt") as log:
        event, basis, partition = take(connection, replay=True)
        row = connection.execute(
            "select date_bin('1 day', occurred_at, timestamptz '1970-01-01 00:00:00Z') from saved"
        ).fetchone()
        assert row
        moved = []
        for what in ("delivered", "logged"):
            days = [row[0], ledger.UNTOLD]
            found = log.execute(less, (digest_of(event), what, newcomer, basis, partition, days)).fetchone()
            assert found
            moved.append((digest_of(event), what, newcomer, basis, partition, found[0]))
        # Nobody made it, nobody logged it, nobody misses it.
        assert differences(arrived) == {}
        assert anew(arrived) == {f"copies due = records held ({newcomer})": -1}
        for values in moved:
            log.execute(
                "update audit.tally set number = number + 1, digest = digest + %s where what = %s and recipient = %s"
                " and deliberation = %s and partition = %s and day = %s",
                values,
            )
        put_back(connection)
    assert differences(arrived) == anew(arrived) == {}


def test_one_finding_lost(arrived: Settings) -> None:
    with changed(arrived, "kruispunt") as connection:
        row = connection.execute("select finding, version from notifier.finding where settled limit 1").fetchone()
        assert row
        for table, kept in (("telling", "told"), ("finding", "found")):
            names = {"table": sql.Identifier("notifier", table), "kept": sql.Identifier(kept)}
            for statement in (
                "create temporary table {kept} (like {table})",
                "insert into {kept} select * from {table} where finding = %s and version = %s",
                "delete from {table} where finding = %s and version = %s",
            ):
                connection.execute(sql.SQL(statement).format(**names), row if "%s" in statement else None)
        assert differences(arrived) == {"findings = settled findings": -1}
        assert anew(arrived) == {"findings held = findings received": -1}
        connection.execute("insert into notifier.finding select * from found")
        connection.execute("insert into notifier.telling select * from told")
    assert differences(arrived) == {}


def test_one_person_set_aside(arrived: Settings) -> None:
    move = (
        "update rules.tally set number = number + %s, digest = digest + %s where what = 'decided'"
        " and (deliberation, partition) = (%s, %s)"
    )
    with changed(arrived, "kruispunt") as connection:
        row = connection.execute(
            "select deliberation, partition from rules.tally where what = 'decided' order by number desc limit 1"
        ).fetchone()
        assert row
        connection.execute(move, (-3, -77, *row))
        assert differences(arrived) == {
            "facts for the rules = facts decided": -3,
            "facts for the rules = facts decided + facts set aside": -3,
        }
        connection.execute("insert into rules.tally values ('set aside', %s, %s, 3, 77)", row)
        assert differences(arrived) == {"facts for the rules = facts decided": -3}
        connection.execute("delete from rules.tally where what = 'set aside'")
        connection.execute(move, (3, 77, *row))
    assert differences(arrived) == {}


SEEDS = {
    "audit.tally": ("consumers/sql/audit/006_tally.sql", "kruispunt", "what, recipient, deliberation, partition"),
    "register.tally": ("producers/sql/register/004_tally.sql", "kruispunt", "day is null"),
    "notifier.tally": ("notifier/sql/notifier/004_tally.sql", "kruispunt", "what, partition"),
    "notifier.manifest": ("notifier/sql/notifier/004_tally.sql", "kruispunt", "batch"),
    "store.tally": ("consumers/sql/store/003_tally.sql", "", "deliberation, partition"),
}


@pytest.mark.parametrize("table", SEEDS)
def test_what_an_earlier_version_kept_is_summed_up_when_it_is_brought_along(
    arrived: Settings, institution: str, table: str
) -> None:
    file, database, cell = SEEDS[table]
    statements = (Path(__file__).parents[2] / file).read_text("utf-8").split(";\n")
    bare = ["\n".join(line for line in one.splitlines() if not line.startswith("--")).strip() for one in statements]
    seeds = [one for one in bare if one.startswith(("insert into", "with")) and f"insert into {table} (" in one]
    summed = f"select {cell}, sum(number), sum(digest) from {table} group by {cell} having sum(number) > 0"  # noqa: S608
    with connect(arrived, SUPERUSER, database or institution) as connection:
        before = {row[:-2]: Tally(*row[-2:]) for row in connection.execute(summed.encode())}
        connection.execute(f"delete from {table}".encode())  # noqa: S608
        for seed in seeds:
            connection.execute(seed.encode())
        after = {row[:-2]: Tally(*row[-2:]) for row in connection.execute(summed.encode())}
        connection.rollback()
    assert before
    assert after.keys() == before.keys()
    assert [key for key, tally in before.items() if not tally.agrees(after[key])] == []


def test_what_the_topics_no_longer_keep_is_still_in_the_ledger(arrived: Settings, institution: str) -> None:
    places = []
    for database, schema, topic in ((institution, "store", delivery(institution)), ("kruispunt", "rules", FACTS)):
        with connect(arrived, SUPERUSER, database) as connection, connection.cursor() as cursor:
            at = positions.load(cursor, schema)
        places += [TopicPartition(name, number, offset) for (name, number), offset in at.items() if name == topic]
    before = ledger.rows(arrived)
    client = kafka.admin(arrived)
    for answer in client.delete_records(places).values():
        answer.result(30)
    assert ledger.rows(arrived) == before
    assert differences(arrived) == {}
