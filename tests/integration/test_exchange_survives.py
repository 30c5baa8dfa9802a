"""Events go in once; each copy, each fact and each disclosure comes out once, whoever is killed on the way."""

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial

import psycopg
import pytest

from backbone import kafka, postgres
from backbone.errors import Stop
from backbone.settings import Settings
from consumers.audit import verifier
from consumers.deliberations import RULES, load
from consumers.directory import Dossier
from consumers.exchange.published import check_published
from consumers.narrowing.access import Access
from consumers.narrowing.narrow import PublishedEvent, narrow
from consumers.narrowing.projection import in_force, projections
from kruispunt.monitoring import lag
from schemas.codec import decode_body, encode_body, split
from schemas.contracts import contract, make
from schemas.identifiers import derive, pseudonym
from schemas.legal_day import legal_today
from schemas.registry import SchemaBook
from schemas.samples import sample
from schemas.topics import DEAD_LETTERS, DECLARATIONS, DISCLOSURES, FACTS, delivery
from tests.builders.persons import national_number
from tests.builders.processes import ask_to_stop, start
from tests.builders.waiting import until

PERSONS = [national_number(number, date(1971, 1, 1)) for number in range(5_000)]
KINDS = DECLARATIONS[:3]
MARK = derive("survives", str(time.time_ns()))
KNOWN = {"rva": "18/1", "fpd": "5/10"}
SINKS = tuple(KNOWN)
PATIENCE_S = 120.0


def dossiers() -> dict[str, list[Dossier]]:
    """Every second person is known at the employment office, every third at the pension service."""
    return {
        person: [
            Dossier(name, quality, date(2020, 1, 1), None)
            for step, (name, quality) in enumerate(KNOWN.items(), 2)
            if place % step == 0
        ]
        for place, person in enumerate(PERSONS)
    }


@cache
def events() -> list[tuple[str, str, bytes]]:
    """Kind, person and body of every event of this run."""
    made = []
    samples = {kind: sample(kind) for kind in KINDS}
    for person in PERSONS:
        for kind in KINDS:
            record = samples[kind] | {
                "event": derive(MARK, person, kind), "declaration": MARK, "person": person, "quarter": "2026Q3",
            }  # fmt: skip
            made.append((kind, person, encode_body(contract(kind), record)))
    return made


def put(settings: Settings) -> None:
    """What an intake and an operator would have put there."""
    with postgres.connect(settings, "operator") as connection:
        connection.execute(
            "insert into directory.dossier select * from unnest(%s::text[], %s::text[], %s::text[], %s::date[])"
            " on conflict do nothing",
            tuple(
                map(
                    list,
                    zip(
                        *(
                            (person, one.institution, one.quality, one.since)
                            for person, known in dossiers().items()
                            for one in known
                        ),
                        strict=True,
                    ),
                )
            ),
        )
    pepper = settings.pepper()
    with postgres.connect(settings, "intake") as connection:
        copying = "copy register.outbox (topic, key, value) from stdin (format binary)"
        with connection.cursor() as cursor, cursor.copy(copying) as copy:
            copy.set_types(["text", "bytea", "bytea"])
            for kind, person, body in events():
                copy.write_row((kind, pseudonym(pepper, person), contract(kind).prefix + body))
            copy.write_row((KINDS[0], pseudonym(pepper, PERSONS[0]), MARK.encode()))


class Processes:
    """The processes of one run; none outlives it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._alive: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, *verb: str) -> subprocess.Popen[bytes]:
        process = start(self._settings.home, *verb)
        self._alive.append((verb[0], process))
        return process

    def kill_in_the_middle(self, verb: tuple[str, ...], name: str, times: int) -> None:
        """Start a process, kill it as soon as it has got something done, again; leave the last one alive."""
        with watching(self._settings, name) as waiting:
            for _ in range(times):
                before = waiting()
                process = self.start(*verb)
                until(lambda before=before: waiting() < before, f"{name} does nothing", PATIENCE_S)  # type: ignore[misc]
                process.send_signal(signal.SIGKILL)
                process.wait()
        self.start(*verb)

    def end(self) -> dict[str, set[int]]:
        """Ask all to stop; gives with which code those ended that were alive."""
        left = [(name, process) for name, process in self._alive if process.poll() is None]
        for _, process in left:
            ask_to_stop(process)
        codes: dict[str, set[int]] = {}
        for name, process in left:
            try:
                codes.setdefault(name, set()).add(process.wait(PATIENCE_S))
            except subprocess.TimeoutExpired:
                process.kill()
                codes.setdefault(name, set()).add(process.wait())
        return codes


@contextmanager
def watching(settings: Settings, *names: str) -> Iterator[Callable[[], int]]:
    """Gives the question how much waits for some processes."""
    look = lag.Inspector(settings)
    asked: Mapping[str, Callable[[], int]] = {
        "relay": partial(look.unpublished, "register"),
        "exchange": partial(look.behind, DECLARATIONS, look.committed),
        "audit": partial(look.behind, (DISCLOSURES,), partial(look.stored, "kruispunt", "audit")),
    } | {f"sink-{name}": partial(look.behind, (delivery(name),), partial(look.stored, name, "store")) for name in SINKS}
    try:
        yield lambda: sum(asked[name]() for name in names)
    finally:
        look.close()


@dataclass(frozen=True)
class Outcome:
    """What lies where at the end."""

    copies: dict[str, list[str]]
    facts: list[str]
    dead: list[bytes]


def finish(settings: Settings, *names: str) -> None:
    """Wait until nothing waits any more."""
    with watching(settings, *names) as waiting:
        until(lambda: waiting() == 0, f"{', '.join(names)} do not come to an end", PATIENCE_S)


@pytest.fixture(scope="module")
def outcome(servers: Settings) -> Iterator[Outcome]:
    put(servers)
    running = Processes(servers)
    try:
        running.start("relay")
        running.start("api")
        finish(servers, "relay")
        # Two of them in the end: what one killed member held is shared out between both.
        running.kill_in_the_middle(("exchange",), "exchange", 2)
        running.start("exchange")
        finish(servers, "exchange")
        keepers = {f"sink-{name}": ("deliver", name) for name in SINKS} | {"audit": ("audit",)}
        with ThreadPoolExecutor() as pool:
            kills = [pool.submit(running.kill_in_the_middle, verb, name, 1) for name, verb in keepers.items()]
        for kill in kills:
            kill.result()
        finish(servers, *keepers)
        yield read(servers)
    finally:
        codes = running.end()
    assert (codes["relay"], codes["exchange"]) == ({0}, {0})


def read(settings: Settings) -> Outcome:
    book = SchemaBook()
    for projection in projections(load()):
        book.add(projection.contract)
    pseudonyms = {pseudonym(settings.pepper(), person) for person in PERSONS}

    def mine(body: bytes) -> bool:
        return MARK.encode() in body

    copies: dict[str, list[str]] = {}
    for name in SINKS:
        for message in kafka.read_all(settings, "inspector", delivery(name)):
            if bytes(message.key() or b"") in pseudonyms and mine(message.value() or b""):
                number, body = split(message.value() or b"")
                copies.setdefault(name, []).append(decode_body(book.get(number), body)["event"])
    bundles = (
        decode_body(contract(FACTS), split(one.value() or b"")[1])
        for one in kafka.read_all(settings, "inspector", FACTS)
        # Others write on this broker, too, and not only what can be read.
        if mine(one.value() or b"")
    )
    facts = [
        decode_body(book.get(fact["contract"]), fact["body"])["event"]
        for bundle in bundles
        for fact in bundle["facts"]
        if mine(fact["body"])
    ]
    letters = (
        decode_body(contract(DEAD_LETTERS), split(one.value() or b"")[1])
        for one in kafka.read_all(settings, "inspector", DEAD_LETTERS)
        if mine(one.value() or b"")
    )
    return Outcome(copies, facts, [one["value"] for one in letters if mine(one["value"] or b"")])


@cache
def expected() -> dict[str, set[str]]:
    """What the pure part says."""
    given = [PublishedEvent(contract(kind), body) for kind, _, body in events()]
    access = Access(in_force(projections(load()), legal_today()))
    found: dict[str, set[str]] = {}
    for copy in narrow(given, access, dossiers()).copies:
        found.setdefault(copy.projection.recipient, set()).add(copy.event)
    return found


def test_no_copy_is_made_whose_schema_nobody_can_look_up(servers: Settings) -> None:
    known = projections(load())
    check_published(servers, known)
    schema = known[0].contract.schema | {"doc": "Unheard of."}
    unknown = replace(known[0], deliberation="99/999@1", contract=make(known[0].contract.name, schema))
    with pytest.raises(Stop, match="99/999@1 are not published"):
        check_published(servers, [*known, unknown])


def test_every_institution_gets_each_of_its_copies_once(outcome: Outcome) -> None:
    assert any(expected()[name] for name in SINKS)
    for name in SINKS:
        assert Counter(outcome.copies[name]) == Counter(expected()[name])


def test_the_rules_get_each_fact_once(outcome: Outcome) -> None:
    assert Counter(outcome.facts) == Counter(expected()[RULES])


def test_a_message_that_is_no_event_is_kept_whole_and_holds_nobody_up(outcome: Outcome) -> None:
    assert outcome.dead == [MARK.encode()]


@pytest.mark.parametrize("institution", SINKS)
def test_an_institution_stores_each_delivery_once(servers: Settings, outcome: Outcome, institution: str) -> None:
    with postgres.connect(servers, institution, institution) as connection:
        stored = connection.execute("select event from store.record where declaration = %s", (MARK,)).fetchall()
    assert Counter(event for (event,) in stored) == Counter(outcome.copies[institution])


def test_what_an_institution_stores_is_what_it_may_see(servers: Settings, outcome: Outcome) -> None:
    assert outcome.copies["rva"]
    with postgres.connect(servers, "rva", "rva") as connection:
        row = connection.execute(
            "select person, employer, quarter, status, version, kind, deliberation, content from store.record"
            " where declaration = %s and person = %s",
            (MARK, PERSONS[0]),
        ).fetchone()
    assert row is not None
    assert row[:7] == (
        PERSONS[0], sample(KINDS[1])["employer"], "2026Q3", "original", 1, "declarations.working-time", "20/296@2",
    )  # fmt: skip
    assert set(row[7]) == {"lines"}
    assert {"start", "end", "services"} < set(row[7]["lines"][0]["occupations"][0])
    assert "establishment" not in row[7]["lines"][0]


def test_every_copy_and_every_fact_is_in_the_record_of_disclosures_once(servers: Settings, outcome: Outcome) -> None:
    mine = sorted({event for found in expected().values() for event in found})
    with postgres.connect(servers, "audit") as connection:
        logged = connection.execute(
            "select recipient, event from audit.disclosure where event = any(%s)", (mine,)
        ).fetchall()
    found: list[verifier.Discrepancy] = []
    with postgres.connect(servers, "auditor") as connection:
        report = verifier.verify(
            connection, verifier.public_keys([servers.public_keys.read_bytes()]), tell=found.append
        )  # fmt: skip
    assert found == []
    assert report.checked["disclosure rows"] >= len(logged) > 0
    assert report.checked["checkpoints"] > 0
    assert Counter(logged) == Counter((recipient, event) for recipient, found in expected().items() for event in found)
    assert outcome.facts


def test_everything_that_was_published_was_exchanged_and_counted(servers: Settings, outcome: Outcome) -> None:
    published = sum(1 for name in DECLARATIONS for _ in kafka.read_all(servers, "inspector", name))
    with postgres.connect(servers, "inspector") as connection:
        row = connection.execute("select sum(exchanged) from audit.segment").fetchone()
    assert row == (published,)
    assert outcome.facts


def test_refusals_are_counted_by_recipient_and_reason(servers: Settings, outcome: Outcome) -> None:
    with postgres.connect(servers, "inspector") as connection:
        found = set(connection.execute("select distinct recipient, reason from audit.refusal").fetchall())
    assert {("rva", "not authorised"), ("fpd", "person not integrated"), ("nic", "person not integrated")} <= found
    assert outcome.facts


@pytest.mark.parametrize("statement", ["update audit.{} set number = 0", "delete from audit.{}", "truncate audit.{}"])
@pytest.mark.parametrize("role", ["audit", "owner"])
@pytest.mark.parametrize("table", ["segment", "disclosure", "refusal"])
def test_nobody_changes_the_record_of_disclosures(
    servers: Settings, outcome: Outcome, table: str, role: str, statement: str
) -> None:
    assert outcome.facts
    with postgres.connect(servers, role) as connection:
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation)):
            connection.execute(statement.format(table).encode())
        connection.rollback()
