"""What stands in for PostgreSQL keeps, gives back and refuses what PostgreSQL does; nothing is left in the database."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql

from backbone import postgres
from backbone.settings import Settings
from backbone.stack.postgres import SUPERUSER
from consumers.directory import store as dossiers
from consumers.directory.change_batch import Answer, RecordedAnswer, UnreadableRecords
from consumers.directory.change_decision import DossierChange, DossierKey, IntegratedPeriod, StoredDossier
from rules.casebook.case_history import number
from rules.stream import store
from rules.stream.arrival import Arrived
from rules.stream.bundle import decide_bundle
from rules.stream.finding_changes import FindingState
from rules.stream.held_facts import FactKey, HeldFact, Slot
from schemas.codec import decode_body, split
from schemas.contracts import contract
from schemas.identifiers import inss
from schemas.topics import ANSWERS, answers
from tests.builders.databases import REFUSED_ROW, IdleDatabase, RefusingDatabase
from tests.builders.dossiers import NOW, MemoryDossiers
from tests.builders.facts import AT, UNCLAIMED, Facts, case_facts, decided, declared
from tests.builders.law import LAW
from tests.builders.rules_store import MemoryStore


@pytest.fixture
def database(servers: Settings) -> Iterator[Connection[Any]]:
    """One transaction that sees everything and is given up."""
    with postgres.connect(servers, SUPERUSER) as connection:
        yield connection
        connection.rollback()


CARLA, DIRK = b"a fake's person1", b"a fake's person2"
YOUNG, SENIOR = number(date(2003, 3, 15)), number(date(1973, 6, 10))
OCTOBER = {"from": date(2025, 10, 1)}
ALLOWANCE = {"kind": "disability_allowance", "from": date(2026, 1, 1)}
INCREASED = {"kind": "increased_reimbursement", "from": date(2026, 3, 1)}
BUNDLES: list[Facts] = [
    case_facts(CARLA, UNCLAIMED)[:2],
    case_facts(CARLA, UNCLAIMED)[2:] + declared(YOUNG, "2025Q4", OCTOBER, key=DIRK),
    declared(YOUNG, "2026Q1", OCTOBER, key=DIRK),
    case_facts(CARLA, {**UNCLAIMED, "claimed": {3000: 1000.00}}, version=3, status="changed"),
    # A version that is late, a quarter that is late, and what is there already.
    case_facts(CARLA, UNCLAIMED, version=2, status="changed"),
    declared(YOUNG, "2023Q1", {"from": date(2023, 1, 1), "until": date(2023, 3, 31)}, key=DIRK),
    declared(YOUNG, "2026Q1", OCTOBER, key=DIRK),
    decided(YOUNG, "v1", ALLOWANCE, key=DIRK),
    decided(YOUNG, "b1", INCREASED, key=DIRK),
    decided(YOUNG, "b1", INCREASED, key=DIRK, version=2, status="cancelled"),
    declared(YOUNG, "2026Q1", OCTOBER, key=DIRK, version=2, status="cancelled"),
    case_facts(CARLA, {**UNCLAIMED, "claimed": {3000: 1203.71}}, version=4, status="changed"),
]


def same(facts: list[HeldFact]) -> list[str]:
    return sorted(map(repr, facts))


def rows(database: Connection[Any], table: str, columns: str) -> list[tuple[Any, ...]]:
    query = sql.SQL("select {} from {} where person = any(%s)")
    named = query.format(sql.SQL(", ").join(map(sql.Identifier, columns.split())), sql.Identifier("rules", table))
    return database.execute(named, ([CARLA, DIRK],)).fetchall()


def stored_facts(database: Connection[Any], table: str) -> list[HeldFact]:
    columns = "person quarter declaration kind employer version contract body"
    return [HeldFact(FactKey(*row[:4]), *row[4:]) for row in rows(database, table, columns)]


def stored_findings(database: Connection[Any]) -> dict[Slot, dict[str, FindingState]]:
    found: dict[Slot, dict[str, FindingState]] = {}
    for row in rows(database, "finding", "person quarter employer finding version status essence contract body"):
        found.setdefault(Slot(*row[:3]), {})[row[3]] = FindingState(*row[3:])
    return found


def test_the_rules_find_in_memory_what_they_find_in_postgresql(database: Connection[Any]) -> None:
    fake = MemoryStore()
    statuses = set()
    with database.cursor() as cursor:
        for offset, bundle in enumerate(BUNDLES):
            if offset == len(BUNDLES) - 3:
                # Whoever has no history gets one of everything that is held.
                fake.histories.pop(DIRK)
                cursor.execute("delete from rules.history where person = %s", (DIRK,))
            arrived: Arrived = fake.arrived(bundle)
            held, states = store.held(cursor, arrived), store.states(cursor, arrived)
            histories = store.histories(cursor, arrived.persons())
            assert same(fake.held_for(arrived)) == same(held)
            assert fake.states_for(arrived) == states
            assert fake.histories_for(arrived) == histories
            outcome = decide_bundle(arrived, held, states, fake.reader, LAW, histories=histories)
            store.keep(cursor, outcome, lambda person: person.encode(), at=AT, partition=9_002, offset=offset)
            fake.keep(outcome)
            statuses |= {change.state.status for _, change in outcome.changes}
    assert statuses == {"found", "replaced", "withdrawn"}
    assert same(list(fake.facts.values())) == same(stored_facts(database, "fact"))
    assert same(fake.earlier) == same(stored_facts(database, "earlier"))
    assert fake.states == stored_findings(database)
    assert fake.histories == dict(rows(database, "history", "person body"))


def test_a_fact_of_an_earlier_version_is_never_put_over_a_later_one(database: Connection[Any]) -> None:
    fake = MemoryStore()
    late, early = (fake.arrived(case_facts(CARLA, UNCLAIMED, version=version)) for version in (2, 1))
    with database.cursor() as cursor:
        for arrived in (late, early):
            # Each is decided as if nothing were held: as two processes would that did not wait for each other.
            outcome = decide_bundle(arrived, [], {}, fake.reader, LAW, decide=lambda *_: [])
            store.keep(cursor, outcome, lambda person: person.encode(), at=AT, partition=9_002, offset=0)
            fake.keep(outcome)
    assert {fact.version for fact in fake.facts.values()} == {2}
    assert same(list(fake.facts.values())) == same(stored_facts(database, "fact"))


ON_FILE, OTHER = inss(700101901, after_2000=False), inss(700101902, after_2000=False)
KEY = DossierKey(ON_FILE, "rva", "18/1")
JANUARY, JUNE, JULY = date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 1)


def change(name: str, action: str, **other: Any) -> DossierChange:
    return DossierChange(f"fake-{name}", action, KEY, JANUARY, None, None)._replace(**other)


CHANGES: list[list[DossierChange | UnreadableRecords]] = [
    [change("1", "integrate"), change("2", "integrate", key=KEY._replace(person=OTHER), until=JUNE)],
    [change("3", "change", until=JUNE), change("3", "change", until=JUNE), change("3", "change", until=JULY)],
    [change("4", "change", version=9), change("5", "integrate"), UnreadableRecords("rva", 7, 9, "not a change")],
    [change("6", "end"), change("7", "integrate", since=JULY), change("8", "integrate")],
    [change("1", "integrate"), change("9", "integrate", key=KEY._replace(person="85010100199"))],
    [change("10", "integrate", key=DossierKey(ON_FILE, "rjv", "10/10")), change("a\0", "end"), change("11", "end")],
    [change("1", "integrate", key=DossierKey(OTHER, "rjv", "10/10")), change("12", "integrate", until=JUNE)],
    [change("13", "change", since=JULY, until=date(2026, 12, 31)), change("14", "change", key=KEY, until=JANUARY)],
]


def stored_dossiers(database: Connection[Any]) -> list[tuple[DossierKey, StoredDossier]]:
    found = database.execute(
        "select person, institution, quality, since, until, version, ended from directory.dossier"
        " where person = any(%s)",
        ([ON_FILE, OTHER],),
    )
    listed = [
        (
            DossierKey(person, institution, quality),
            StoredDossier(since, until, version, ended and ended.astimezone(UTC)),
        )
        for person, institution, quality, since, until, version, ended in found
    ]
    return sorted(listed, key=repr)


def stored_integrations(database: Connection[Any]) -> list[IntegratedPeriod]:
    found = database.execute(
        "select person, institution, quality, since, until from directory.integration where person = any(%s)"
        " order by id",
        ([ON_FILE, OTHER],),
    )
    return [IntegratedPeriod(DossierKey(*row[:3]), *row[3:]) for row in found]


def stored_answers(database: Connection[Any], after: int) -> list[Answer]:
    """What was put in the outbox, in order; an answer there does not say whose it is but by its topic."""
    institutions = {answers(name): name for name in ("rva", "rjv")}
    found = []
    for topic, value in database.execute(
        "select topic, value from directory.outbox where id > %s order by id", (after,)
    ):
        answer = decode_body(contract(ANSWERS), split(value)[1])
        at = answer["at"]
        found.append(
            Answer(institutions[topic], answer["change"], answer["code"], answer["reason"], answer["version"], at)
        )
    return found


def stored_references(database: Connection[Any]) -> dict[tuple[str, str], RecordedAnswer]:
    found = database.execute(
        "select institution, change, digest, code, reason, version, at from directory.change where change like 'fake-%'"
    )
    return {
        (institution, name): RecordedAnswer(digest, Answer(institution, name, code, reason, version, at))
        for institution, name, digest, code, reason, version, at in found
    }


def test_dossiers_in_memory_are_those_in_postgresql(database: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dossiers, "now", lambda: NOW)
    fake = MemoryDossiers()
    row = database.execute("select coalesce(max(id), 0) from directory.outbox").fetchone()
    assert row is not None
    with database.cursor() as cursor:
        for batch in CHANGES:
            fake.take_in(cursor, batch)
            dossiers.write(cursor, dossiers.decided(cursor, batch))
            assert fake.rows() == stored_dossiers(database)
    assert len(fake.ended) > 0
    assert fake.integrations == stored_integrations(database)
    assert fake.answers == stored_answers(database, row[0])
    assert len({answer.code for answer in fake.answers}) > 5
    assert fake.given == stored_references(database)


def refused(connection: Any, row: Mapping[str, str | None]) -> psycopg.Error:
    """Why a row is refused; the block ends the connection."""
    names = sql.SQL(", ").join(map(sql.Identifier, row))
    query = sql.SQL("insert into notifier.profile ({}) values ({})").format(
        names, sql.SQL(", ").join(map(sql.Placeholder, row))
    )
    with pytest.raises(psycopg.Error) as refusal, connection:
        connection.execute(query, row)
    return refusal.value


def test_a_row_is_refused_in_the_words_of_postgresql(servers: Settings) -> None:
    fake = refused(RefusingDatabase(), REFUSED_ROW)
    real = refused(postgres.connect(servers, "operator"), REFUSED_ROW)
    assert (type(fake), fake.sqlstate, str(fake)) == (type(real), real.sqlstate, str(real))


@pytest.mark.parametrize("connected", [lambda _: IdleDatabase(), lambda servers: postgres.connect(servers, "dossiers")])
def test_a_transaction_that_asks_for_nothing_hides_no_error(
    servers: Settings, connected: Callable[[Settings], Any]
) -> None:
    connection = connected(servers)
    with connection.transaction(), connection.cursor():
        pass
    with pytest.raises(LookupError), connection.transaction(), connection.cursor():
        raise LookupError
    if isinstance(connection, Connection):
        connection.close()
