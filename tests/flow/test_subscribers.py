"""An institution's developer copies an example, has credentials and nothing else, and gets each record exactly once."""

import ast
import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import TopicPartition

from backbone import kafka, postgres
from backbone.schema_topic import published_book
from backbone.settings import Settings
from backbone.stack.artifacts import cache_folder, repository
from consumers.deliberations import load
from consumers.narrowing.projection import Projection, projections
from schemas.codec import decode_body, encode, split
from schemas.contracts import contract
from schemas.identifiers import derive
from schemas.samples import sample
from schemas.topics import delivery
from tests.builders.persons import national_number
from tests.builders.processes import Kruispunt, as_process, start
from tests.builders.quarters import Declared
from tests.builders.waiting import until

ROOT = Path(__file__).parents[2]
KIT = ROOT / "examples" / "subscriber"
PAGE = ROOT / "docs" / "subscribe.md"
LANGUAGES = ("python", "java")
PERSONS = 120
MANY = 8_000
PATIENCE_S = 90.0
IDLE_S = "3"
NAMES = "event, deliberation, declaration, version, status, quarter, employer, person, replay, occurred_at, content"

Stored = dict[tuple[str, str], tuple[Any, ...]]


@pytest.fixture(scope="session")
def jar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Java example, copied out of the checkout and built as the page says."""
    folder = tmp_path_factory.mktemp("copied") / "java"
    shutil.copytree(KIT / "java", folder, ignore=shutil.ignore_patterns("target"))
    (command,) = [line for line in lines_of("Java") if line.startswith("mvn ")]
    maven = [*command.split(), *repository(cache_folder(folder))]
    answer = subprocess.run(maven, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return folder / "target" / "subscriber.jar"


def lines_of(language: str) -> list[str]:
    """What the page tells a developer to type."""
    (section,) = re.findall(
        rf"^## Ten minutes, in {language}$(.*?)^## ", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    return re.findall(r"^\$ (.*)$", section, re.MULTILINE)


@pytest.fixture(params=LANGUAGES)
def example(request: pytest.FixtureRequest) -> list[str]:
    """How an example is started."""
    if request.param == "python":
        return [sys.executable, str(KIT / "python" / "subscriber.py")]
    # Short runs: what makes a JVM fast in the long run makes these slow.
    return ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", str(request.getfixturevalue("jar"))]


class Subscriber:
    """An example as a developer has it: a program, the output of `kruispunt credentials` in a file, a database file."""

    def __init__(self, example: list[str], settings: Settings, institution: str, folder: Path) -> None:
        self._example = example
        self.credentials = folder / f"{institution}.properties"
        self.database = folder / f"{institution}.sqlite"
        printed = as_process(settings.home, "credentials", institution)
        assert printed.returncode == 0, printed.stderr
        self.credentials.write_text(printed.stdout, "utf-8")

    def command(self, *options: str) -> list[str]:
        return [*self._example, str(self.credentials), str(self.database), *options]

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command("--until-idle", IDLE_S, *options),
            capture_output=True, text=True, check=False, timeout=PATIENCE_S,
        )  # fmt: skip

    def catch_up(self, *options: str) -> str:
        answer = self.run(*options)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    @contextmanager
    def started(self) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(self.command(), stdout=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.kill()

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database)) as database:
            return database.execute(query).fetchall()

    def do(self, script: str) -> None:
        with closing(sqlite3.connect(self.database)) as database:
            database.executescript(script)

    def stored(self) -> Stored:
        return {
            (row[0], row[1]): (*row[2:8], bool(row[8]), datetime.fromisoformat(row[9]), json.loads(row[10]))
            for row in self.ask(f"select {NAMES} from record")  # noqa: S608
        }


@pytest.fixture(scope="module")
def delivered(kruispunt: Kruispunt, stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A population declared, and everything arrived."""
    declared = Declared.SUBSCRIBERS
    folder = tmp_path_factory.mktemp("population")
    files = [*declared.generate(PERSONS, folder), folder / "entitlements.jsonl"]
    submit = ("submit", "--on", str(declared.sent_on), *files)
    for arguments in (("load", folder), submit, ("wait", "--timeout", "120")):
        answer = kruispunt(*arguments)
        assert answer.returncode == 0, answer.stdout + answer.stderr
    return stack


def test_a_subscriber_has_exactly_what_the_institutions_own_store_has(
    example: list[str], delivered: Settings, tmp_path: Path
) -> None:
    with postgres.connect(delivered, "rva", "rva") as connection:
        kept = connection.execute(f"select {NAMES} from store.record").fetchall()  # noqa: S608
        kinds = {contract(kind).schema["name"] for (kind,) in connection.execute("select kind from store.record")}
    subscriber = Subscriber(example, delivered, "rva", tmp_path)
    said = subscriber.catch_up()
    found = subscriber.stored()
    assert len(found) == len(kept) > PERSONS / 4
    assert found == {(row[0], row[1]): row[2:] for row in kept}
    assert {kind for (kind,) in subscriber.ask("select kind from record")} == kinds
    assert not [row for row in found.values() if row[5] in said]
    assert subscriber.database.stat().st_mode & 0o077 == 0


def typed(line: str, folder: Path) -> str:
    """A line of the page, typed in a folder."""
    answer = subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_who_types_what_the_page_says_sees_a_record_in_python(delivered: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "a copy"
    shutil.copytree(KIT / "python", folder)
    Subscriber([], delivered, "rva", folder)
    make, install, read, look = lines_of("Python")
    assert (make, install) == ("python3 -m venv venv", "venv/bin/pip install -r requirements.txt")
    # A venv of its own would only bring once more what is here; a contract test holds that it is the same version.
    (folder / "venv" / "bin").mkdir(parents=True)
    (folder / "venv" / "bin" / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', "utf-8")
    (folder / "venv" / "bin" / "python").chmod(0o755)
    assert typed(read, folder).startswith("stored ")
    # Whichever came first: what it shows is a record that the institution's own store holds, content and all.
    event, deliberation, *_, content = ast.literal_eval(typed(look, folder))
    with postgres.connect(delivered, "rva", "rva") as connection:
        held = connection.execute(
            "select content from store.record where event = %s and deliberation = %s", (event, deliberation)
        ).fetchone()
    assert held is not None
    assert json.loads(content) == held[0]


def test_who_types_what_the_page_says_sees_a_record_in_java(delivered: Settings, jar: Path) -> None:
    folder = jar.parents[1]
    kept = Subscriber([], delivered, "rva", folder)
    build, read = lines_of("Java")
    assert build.startswith("mvn ")
    assert typed(read, folder).startswith("stored ")
    assert kept.stored()


# What no declaration makes yet: corrections, replays, gaps. Written as the exchange writes it.


@pytest.fixture(scope="module")
def exchange(servers: Settings) -> Iterator[Settings]:
    """A broker with nothing on it but what a test writes there, and the schemas served."""
    with start(servers.home, "api") as process:
        try:
            until(lambda: serves(servers.registry_url), "no schemas are served", PATIENCE_S)
            yield servers
        finally:
            process.terminate()


def serves(registry_url: str) -> bool:
    try:
        return bool(httpx.get(f"{registry_url}/health").json()["schemas"])
    except httpx.TransportError:
        return False


def projected(recipient: str) -> list[Projection]:
    return [one for one in projections(load()) if one.recipient == recipient]


def copy(projection: Projection, declaration: str, person: str, version: int, **others: Any) -> bytes:
    """One record as the exchange writes it."""
    event = derive(declaration, person, str(version), projection.contract.name)
    about = {"event": event, "declaration": declaration, "person": person, "version": version}
    basis = {"deliberation": projection.deliberation, "replay": False}
    return encode(projection.contract, sample(projection.contract.name) | about | basis | others)


def deliver(settings: Settings, institution: str, values: list[bytes], *, commit: bool = True) -> None:
    """In this order, in one partition, in one transaction of the exchange."""
    writer = kafka.producer(settings, "exchange", "exchange-kit")
    writer.init_transactions()
    writer.begin_transaction()
    for number, value in enumerate(values):
        writer.produce(delivery(institution), value, partition=0)
        if number % 1_000 == 0:
            writer.poll(0)
    assert writer.flush() == 0
    (writer.commit_transaction if commit else writer.abort_transaction)()


def fresh(what: str) -> str:
    return derive(what, str(time.time_ns()))


person = partial(national_number, born=date(1962, 1, 1))


def test_a_higher_version_replaces_a_lower_one_in_whatever_order_they_come_once_it_is_committed(
    example: list[str], exchange: Settings, tmp_path: Path
) -> None:
    one, other = [each for each in projected("ocmw") if each.contract.name == "declarations.working-time"][:2]
    changed, cancelled, again, mixed = (fresh(name) for name in ("changed", "cancelled", "again", "mixed"))
    me, you = person(1), person(2)
    deliver(
        exchange,
        "ocmw",
        [
            copy(one, changed, me, 1),
            copy(one, changed, me, 2, status="changed"),
            copy(one, changed, you, 1),
            copy(one, cancelled, me, 1),
            copy(one, cancelled, me, 2, status="cancelled"),
            copy(one, again, me, 1),
            copy(one, again, me, 2, status="cancelled"),
            copy(one, again, me, 3, status="reactivated"),
            copy(one, mixed, me, 2, status="changed"),
            copy(one, mixed, me, 1, replay=True),
            copy(other, mixed, me, 1),
        ],
    )
    deliver(exchange, "ocmw", [copy(one, mixed, me, 9, status="cancelled")], commit=False)
    subscriber = Subscriber(example, exchange, "ocmw", tmp_path)
    said = subscriber.catch_up()
    names = {changed: "changed", cancelled: "cancelled", again: "again", mixed: "mixed"}

    def seen(view: str) -> set[tuple[Any, ...]]:
        rows = subscriber.ask(f"select declaration, person, deliberation, version, status from {view}")  # noqa: S608
        return {(names[row[0]], *row[1:]) for row in rows if row[0] in names}

    holds = {
        ("changed", me, one.deliberation, 2, "changed"),
        ("changed", you, one.deliberation, 1, "original"),
        ("again", me, one.deliberation, 3, "reactivated"),
        ("mixed", me, one.deliberation, 2, "changed"),
        ("mixed", me, other.deliberation, 1, "original"),
    }
    assert seen("in_force") == holds
    assert seen("current") == {*holds, ("cancelled", me, one.deliberation, 2, "cancelled")}
    marked = subscriber.ask("select declaration, version from record where replay")
    assert [row for row in marked if row[0] in names] == [(mixed, 1)]
    assert "replayed" in said


def test_reading_again_stores_nothing_twice(example: list[str], exchange: Settings, tmp_path: Path) -> None:
    projection, declaration = projected("ocmw")[0], fresh("again")
    values = [copy(projection, declaration, person(number), 1) for number in range(20)]
    deliver(exchange, "ocmw", values)
    subscriber = Subscriber(example, exchange, "ocmw", tmp_path)
    subscriber.catch_up()
    before = subscriber.stored()
    deliver(exchange, "ocmw", values)
    said = subscriber.catch_up("--again")
    assert said.startswith("stored 0:")
    assert "seen before" in said
    assert subscriber.stored() == before


@pytest.fixture(scope="module")
def many(exchange: Settings) -> set[str]:
    """So many records that nobody stores them in one go; their events, and what lay there before."""
    (projection,) = projected("fin")
    declaration = fresh("many")
    book = published_book(exchange, "inspector")
    frames = [split(message.value() or b"") for message in kafka.read_all(exchange, "inspector", delivery("fin"))]
    before = {decode_body(book.get(number), body)["event"] for number, body in frames}
    values = [copy(projection, declaration, person(number), 1) for number in range(MANY)]
    deliver(exchange, "fin", values)
    return before | {derive(declaration, person(number), "1", projection.contract.name) for number in range(MANY)}


def test_killing_a_subscriber_at_any_moment_loses_and_doubles_nothing(
    example: list[str], exchange: Settings, many: set[str], tmp_path: Path
) -> None:
    subscriber = Subscriber(example, exchange, "fin", tmp_path)
    said, kept = "", 0
    for lines, pause in ((1, 0.0), (2, 0.003), (1, 0.011)):
        with subscriber.started() as process:
            assert process.stdout
            for _ in range(lines):
                said += process.stdout.readline()
            time.sleep(pause)
            process.kill()
        ((number,),) = subscriber.ask("select count(*) from record")
        assert kept < number < MANY
        kept = number
    said += subscriber.catch_up()
    assert {event for (event,) in subscriber.ask("select event from record")} == many
    # Not because doubles were recognised: none was read again.
    assert "seen before" not in said


def test_what_breaks_in_a_batch_leaves_neither_records_nor_position(
    example: list[str], exchange: Settings, many: set[str], tmp_path: Path
) -> None:
    subscriber = Subscriber(example, exchange, "fin", tmp_path)
    with subscriber.started() as process:
        assert process.stdout
        process.stdout.readline()
    ((stored, position),) = subscriber.ask("select count(*), (select sum(next) from position) from record")
    # The database refuses in the middle of the next batch, or between its records and the position.
    for moment in ("after insert on record", "before update on position"):
        subscriber.do(f"create trigger full {moment} begin select raise(fail, 'disk full'); end")
        answer = subscriber.run()
        assert (answer.returncode, answer.stdout) == (1, "")
        assert "disk full" in answer.stderr
        assert subscriber.ask("select count(*), (select sum(next) from position) from record") == [(stored, position)]
        subscriber.do("drop trigger full")
    subscriber.catch_up()
    assert {event for (event,) in subscriber.ask("select event from record")} == many


def test_falling_behind_the_retention_is_told_and_never_jumped_over(
    example: list[str], exchange: Settings, tmp_path: Path
) -> None:
    (projection,) = projected("energie")
    subscriber = Subscriber(example, exchange, "energie", tmp_path)
    first, lost, last = (copy(projection, fresh("gap"), person(number), 1) for number in range(3))
    deliver(exchange, "energie", [first])
    subscriber.catch_up()
    before = subscriber.stored()
    deliver(exchange, "energie", [lost])
    # Behind a transaction stands its marker, which takes an offset.
    ((end,),) = subscriber.ask("select next from position where partition = 0")
    gone = TopicPartition(delivery("energie"), 0, end + 2)
    admin = kafka.admin(exchange)
    [deleting] = admin.delete_records([gone]).values()
    deleting.result(PATIENCE_S)
    deliver(exchange, "energie", [last])
    answer = subscriber.run()
    assert answer.returncode == 1
    assert "you fell behind its retention" in answer.stderr
    assert "--again" in answer.stderr
    assert subscriber.stored() == before
    subscriber.catch_up("--again")
    assert len(subscriber.stored()) == len(before) + 1


@pytest.mark.parametrize(
    ("line", "instead", "code", "told"),
    [
        ("sasl.password=", "sasl.password=wrong", 1, "after a rotation the old ones are refused"),
        ("# topic=", "# topic=deliveries.nic", 1, "your right to it was withdrawn"),
        ("# group.prefix=", "# group.prefix=nic.", 1, "must begin with the group.prefix"),
        ("ssl.ca.location=", "ssl.ca.location=/nowhere/ca.pem", 2, "/nowhere/ca.pem, is not there"),
        ("ssl.ca.location=", f"ssl.ca.location={__file__}", 2, "The credentials cannot be used"),
        ("# topic=", "", 2, "has no line topic"),
    ],
)
def test_what_stands_in_the_way_is_told_with_its_remedy(
    example: list[str], exchange: Settings, tmp_path: Path, line: str, instead: str, code: int, told: str
) -> None:
    subscriber = Subscriber(example, exchange, "rjv", tmp_path)
    lines = subscriber.credentials.read_text("utf-8").splitlines()
    assert [each for each in lines if each.startswith(line)]
    changed = (instead if each.startswith(line) else each for each in lines)
    subscriber.credentials.write_text("\n".join(changed), "utf-8")
    answer = subscriber.run()
    assert (answer.returncode, answer.stdout) == (code, "")
    assert told in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "Exception" not in answer.stderr


def test_a_registry_that_is_silent_is_told_and_nothing_is_skipped(
    example: list[str], exchange: Settings, tmp_path: Path
) -> None:
    (projection,) = projected("rsz")
    deliver(exchange, "rsz", [copy(projection, fresh("silent"), person(1), 1)])
    subscriber = Subscriber(example, exchange, "rsz", tmp_path)
    right = subscriber.credentials.read_text("utf-8")
    subscriber.credentials.write_text(right.replace(exchange.registry_url, "http://127.0.0.1:9"), "utf-8")
    answer = subscriber.run()
    assert answer.returncode == 3
    assert "schema.registry.url" in answer.stderr
    assert subscriber.stored() == {}
    subscriber.credentials.write_text(right, "utf-8")
    subscriber.catch_up()
    assert subscriber.stored()


def test_a_record_that_cannot_be_read_is_told_with_its_place_and_not_skipped(
    example: list[str], exchange: Settings, tmp_path: Path
) -> None:
    (projection,) = [each for each in projected("bouw") if each.contract.name == "declarations.working-time"]
    good = copy(projection, fresh("broken"), person(1), 1)
    deliver(exchange, "bouw", [good[:20]])
    subscriber = Subscriber(example, exchange, "bouw", tmp_path)
    answer = subscriber.run()
    assert answer.returncode == 1
    assert "deliveries.bouw[0]@" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert subscriber.stored() == {}


def test_a_subscriber_that_is_asked_to_stop_ends_in_order(
    example: list[str], exchange: Settings, many: set[str], tmp_path: Path
) -> None:
    subscriber = Subscriber(example, exchange, "fin", tmp_path)
    with subscriber.started() as process:
        assert process.stdout
        said = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        said += process.stdout.read()
        assert process.wait(PATIENCE_S) == 0
    announced = sum(int(line.split(":")[0].removeprefix("stored ")) for line in said.splitlines())
    assert subscriber.ask("select count(*) from record") == [(announced,)]


def test_a_second_copy_takes_over_and_the_first_says_so(
    example: list[str], exchange: Settings, many: set[str], tmp_path: Path
) -> None:
    subscriber = Subscriber(example, exchange, "fin", tmp_path)
    with subprocess.Popen(subscriber.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as first:
        try:
            assert first.stdout
            assert first.stdout.readline()
            (other := tmp_path / "other").mkdir()
            with Subscriber(example, exchange, "fin", other).started():
                _, told = first.communicate(timeout=PATIENCE_S)
        finally:
            first.kill()
    assert first.returncode == 1
    assert "Another copy of this program has taken over." in told
