"""The rules stream on real Kafka and PostgreSQL: each bundle decided once, whatever happens to the process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Self

import pytest

from backbone import kafka, postgres
from backbone.errors import Retry
from backbone.offsets import Offsets
from backbone.settings import Settings
from backbone.stack.ports import reachable
from backbone.stack.processes import PROCESSES
from backbone.stack.stack import status
from rules.casebook.case_events import EMPLOYER, decisions, events
from rules.catalogue import decide_all
from rules.findings.finding import Finding
from rules.law.law import Law
from rules.stream.run import STOP_S
from rules.stream.transaction import Decider
from rules.view.required_fields import NEEDS
from rules.view.situation import Situation
from schemas.codec import decode_body, encode, encode_body, split
from schemas.contracts import Contract, contract, make
from schemas.fields import narrower
from schemas.identifiers import derive, inss, pseudonym
from schemas.registration import SchemaVersion, subject
from schemas.topics import FACTS, SCHEMAS
from tests.builders import waiting
from tests.builders.processes import ask_to_stop

KINDS = ("declarations.wages", "declarations.working-time", "declarations.contributions")
NARROW: dict[str, Contract] = {kind: make(kind, narrower(contract(kind).schema, NEEDS[kind])) for kind in NEEDS}
UNCLAIMED = {"quarter": "2026Q3", "wage": {1: 6771.00}, "days": {1: 66}, "claimed on the line": {1: 900.00}}
DUE = {3000: 1203.71}
AT = datetime(2026, 10, 20, 9, tzinfo=UTC)
PATIENCE_S = 60
PARTITIONS = 4
MOVE = """
insert into rules.position as kept (topic, partition, next) values (%s, %s, %s)
on conflict (topic, partition) do update set next = greatest(kept.next, excluded.next)
"""

Facts = list[dict[str, Any]]

until = partial(waiting.until, what="the rules did not get there in time")


def person(number: int) -> str:
    return inss(850101000 + number, after_2000=False)


def facts(settings: Settings, number: int, case: dict[str, Any], version: int = 1, status: str = "original") -> Facts:
    """The three narrowed facts of a case about one person."""
    national = person(number)
    envelope = {
        "declaration": derive("declaration", EMPLOYER, case["quarter"]),
        "version": version,
        "status": status,
        "person": national,
        "occurred_at": AT,
        "trace_parent": "",
        "deliberation": "24/100@1",
        "replay": False,
    }
    return [
        fact(settings, national, kind, {**event, **envelope, "event": derive("event", national, kind, str(version))})
        for kind, event in zip(KINDS, events(case), strict=True)
    ]


def fact(settings: Settings, national: str, kind: str, record: dict[str, Any]) -> dict[str, Any]:
    return {
        "person": pseudonym(settings.pepper(), national),
        "contract": NARROW[kind].id,
        "body": encode_body(NARROW[kind], record),
    }


def partition_of(number: int) -> int:
    return number % PARTITIONS


def send(settings: Settings, bundles: list[tuple[int, Facts]], *, commit: bool = True) -> None:
    """Write bundles (partition, facts) as the exchange does, in one transaction."""
    writer = kafka.producer(settings, "exchange", "exchange-rules-test")
    writer.init_transactions(30)
    writer.begin_transaction()
    for partition, some in bundles:
        writer.produce(FACTS, encode(contract(FACTS), {"at": AT, "facts": some}), partition=partition)
    writer.flush(30)
    if commit:
        writer.commit_transaction(30)
    else:
        writer.abort_transaction(30)


@pytest.fixture(scope="module")
def schemas(servers: Settings) -> None:
    """The narrower schemas are in the topic that keeps them all, as the exchange sees to."""
    import json

    writer = kafka.producer(servers, "registrar")
    for kind, narrow in NARROW.items():
        version = SchemaVersion(f"{subject(FACTS)}.test.{kind}", 1, narrow.id, json.dumps(narrow.schema))
        writer.produce(SCHEMAS, key=version.key(), value=version.value())
    writer.flush(30)


SOUND = "from backbone.settings import load; from rules.stream.run import run; run(load())"


class Process:
    """The rules as a process of their own, which a test may kill."""

    def __init__(self, settings: Settings, code: str = SOUND) -> None:
        self._settings = settings
        self._code = code
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._running = subprocess.Popen(
            [sys.executable, "-c", self._code],
            env={**os.environ, "KRUISPUNT_HOME": str(self._settings.home)},
            stdout=subprocess.DEVNULL,
        )

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self._running is not None
        if number == signal.SIGTERM:
            ask_to_stop(self._running)
        else:
            self._running.send_signal(number)
        return self._running.wait(30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End it, also where the test fails: it would take bundles of the next one."""
        self.end()

    def shown(self) -> list[str]:
        """What it calls itself."""
        assert self._running is not None
        return (PROCESSES / str(self._running.pid) / "cmdline").read_text("utf-8").rstrip("\0").split("\0")

    def wait(self) -> int:
        assert self._running is not None
        return self._running.wait(PATIENCE_S)


@pytest.fixture(scope="module")
def caught_up(servers: Settings) -> None:
    """The rules are at the end of their topic: other tests left bundles there that take minutes to decide."""
    with closing(Offsets(servers, "inspector")) as offsets:
        ends = offsets.ends([FACTS], servers.partitions, open_too=True)
    with postgres.connect(servers, "rules") as connection, connection.cursor() as cursor:
        for (topic, partition), end in ends.items():
            cursor.execute(MOVE, (topic, partition, end))


@pytest.fixture(scope="module")
def another(servers: Settings, schemas: None, caught_up: None) -> Iterator[Callable[..., Process]]:
    """Starts processes, and sees that none outlives the tests of this module."""
    started: list[Process] = []

    def start(code: str = SOUND) -> Process:
        started.append(Process(servers, code))
        started[-1].start()
        return started[-1]

    yield start
    for process in started:
        process.end()


@pytest.fixture(scope="module")
def process(another: Callable[..., Process]) -> Process:
    """The process that the tests of this module share."""
    return another()


def _rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with postgres.connect(settings, "rules") as connection:
        return connection.execute(query.encode()).fetchall()


def told(settings: Settings, number: int | None = None, after: int = 0) -> list[dict[str, Any]]:
    """The findings in the outbox, about one person where a number is given, in order; those after the first `after`."""
    national = "" if number is None else person(number)
    with postgres.connect(settings, "relay") as connection:
        values = connection.execute(
            "select value from rules.outbox where topic = 'findings' and position(%s in value) > 0"
            " order by id offset %s",
            (national.encode(), after),
        ).fetchall()
    found = [decode_body(contract("findings"), split(value)[1]) for (value,) in values]
    return [one for one in found if national in {"", one["person"]}]


def count(settings: Settings) -> int:
    """How many findings the outbox holds."""
    with postgres.connect(settings, "relay") as connection:
        row = connection.execute("select count(*) from rules.outbox where topic = 'findings'").fetchone()
    assert row is not None
    return int(row[0])


def letters(settings: Settings) -> list[dict[str, Any]]:
    """Every dead letter in the outbox, in order."""
    with postgres.connect(settings, "relay") as connection:
        values = connection.execute(
            "select value from rules.outbox where topic = 'dead-letters' order by id"
        ).fetchall()
    return [decode_body(contract("dead-letters"), split(value)[1]) for (value,) in values]


def about(settings: Settings, number: int) -> list[tuple[str, int]]:
    return [(one["status"], one["version"]) for one in told(settings, number)]


def test_a_missed_reduction_is_told_then_withdrawn_by_the_correction_that_takes_it(
    servers: Settings, process: Process
) -> None:
    send(servers, [(1, facts(servers, 1, UNCLAIMED))])
    until(lambda: about(servers, 1) == [("found", 1)])
    finding = told(servers, 1)[0]
    assert (finding["rule"], finding["amount"], finding["certainty"]) == ("structural_reduction", 120371, "likely")

    send(servers, [(1, facts(servers, 1, {**UNCLAIMED, "claimed": DUE}, version=2, status="changed"))])
    until(lambda: about(servers, 1) == [("found", 1), ("withdrawn", 2)])


def test_the_three_parts_may_come_in_three_bundles_and_twice(servers: Settings, process: Process) -> None:
    wages, working_time, contributions = facts(servers, 2, UNCLAIMED)
    send(servers, [(2, [contributions]), (2, [wages]), (2, [wages])])
    send(servers, [(2, [working_time]), (2, [working_time, contributions])])
    until(lambda: about(servers, 2) == [("found", 1)])
    send(servers, [(2, facts(servers, 6, UNCLAIMED))])
    until(lambda: about(servers, 6) == [("found", 1)])
    assert about(servers, 2) == [("found", 1)]


def test_a_decision_that_comes_after_the_job_is_seen(servers: Settings, process: Process) -> None:
    case = {
        "quarter": "2026Q3",
        "from": date(2026, 7, 1),
        "contract": (19, 38),
        "wage": {1: 3900.00},
        "hours": {1: 247},
        "claimed": {3000: 9999.00},
        "claimed on the line": {1: 9999.00},
        "decisions": [
            {"kind": "unemployment_benefit", "nature": "01", "from": date(2025, 1, 1), "until": date(2026, 6, 30)}
        ],
    }
    send(servers, [(3, facts(servers, 3, case))])
    (decided,) = decisions(case) or []
    envelope = {
        "declaration": "decision-3", "version": 1, "status": "original", "quarter": "2025Q1", "employer": "",
        "person": person(3), "occurred_at": AT, "trace_parent": "", "deliberation": "24/100@1", "replay": False,
    }  # fmt: skip
    send(servers, [(3, [fact(servers, person(3), "declarations.entitlements", {**decided, **envelope})])])
    until(lambda: about(servers, 3) == [("found", 1), ("found", 1)])
    found = {one["rule"]: (one["side"], one["amount"], one["employer"]) for one in told(servers, 3)}
    assert found == {
        "income_guarantee": ("citizen", None, EMPLOYER),
        "additional_holiday": ("citizen", None, ""),
    }


def test_a_right_over_two_quarters_is_found_whichever_comes_first_and_outlives_a_kill(
    servers: Settings, process: Process
) -> None:
    work = {"wage": {1: 9000.00}, "days": {1: 60}, "claimed": {3000: 9999.00}, "claimed on the line": {1: 9999.00}}
    before = {**work, "quarter": "2003Q4", "from": date(2003, 10, 1)}
    after = {**work, "quarter": "2004Q1", "from": date(2003, 10, 1)}
    young = 11
    assert person(young).startswith("8501")
    send(servers, [(3, facts(servers, young, after))])
    until(lambda: about(servers, young) == [("found", 1)])
    process.end(signal.SIGKILL)
    process.start()
    send(servers, [(3, facts(servers, young, {**before, "days": {1: 12}}))])
    until(lambda: about(servers, young) == [("found", 1), ("withdrawn", 2)])
    send(servers, [(3, facts(servers, young, before, version=2, status="changed"))])
    until(lambda: about(servers, young) == [("found", 1), ("withdrawn", 2), ("found", 3)])
    finding = told(servers, young)[0]
    assert (finding["rule"], finding["employer"], finding["quarter"]) == ("youth_holiday", "", "2004Q1")
    assert len(_rows(servers, "select from rules.history")) >= 1


def test_a_bundle_of_a_transaction_that_was_given_up_is_never_read(servers: Settings, process: Process) -> None:
    send(servers, [(0, facts(servers, 4, UNCLAIMED))], commit=False)
    send(servers, [(0, facts(servers, 8, UNCLAIMED))])
    until(lambda: about(servers, 8) == [("found", 1)])
    assert about(servers, 4) == []


def test_what_cannot_be_read_is_set_aside_and_the_rest_goes_on(servers: Settings, process: Process) -> None:
    broken = facts(servers, 5, UNCLAIMED)
    broken[0]["body"] = b"\xff\xff"
    send(servers, [(1, broken + facts(servers, 9, UNCLAIMED))])
    until(lambda: about(servers, 9) == [("found", 1)])
    assert about(servers, 5) == []
    key = pseudonym(servers.pepper(), person(5))
    (letter,) = [one for one in letters(servers) if one["key"] == key]
    assert (letter["stage"], letter["code"], letter["partition"]) == ("rules", "unreadable-fact", 1)
    kept = decode_body(contract(FACTS), split(letter["value"])[1])
    assert [entry["body"] for entry in kept["facts"]] == [entry["body"] for entry in broken]


ON_AN_ALLOWANCE = ("increased_reimbursement", "maximum_billing", "social_energy_tariff")
"""The rules over a history that speak on a disability allowance nobody turned into another right."""


def allowance(settings: Settings, number: int) -> dict[str, Any]:
    """The decision of a disability allowance that runs since the beginning of the year."""
    given = {"decisions": [{"kind": "disability_allowance", "from": date(2026, 1, 1)}]}
    (decided,) = decisions(given) or []
    envelope = {
        "event": derive("event", person(number), "allowance"), "declaration": f"allowance-{number}", "version": 1,
        "status": "original", "quarter": "2026Q1", "employer": "", "person": person(number), "occurred_at": AT,
        "trace_parent": "", "deliberation": "24/100@1", "replay": False,
    }  # fmt: skip
    return fact(settings, person(number), "declarations.entitlements", {**decided, **envelope})


def test_two_workers_decide_each_bundle_once_while_they_are_killed_again_and_again(
    servers: Settings, process: Process, another: Callable[..., Process]
) -> None:
    before = count(servers)
    numbers = range(1_000, 3_000)
    idle = [number for number in numbers if number % 5 == 0]
    bundles: list[tuple[int, Facts]] = []
    for start in range(numbers.start, numbers.stop, 20):
        for partition in range(PARTITIONS):
            some = [number for number in range(start, start + 20) if partition_of(number) == partition]
            part = [one for number in some for one in facts(servers, number, UNCLAIMED)]
            bundles.append((partition, part + [allowance(servers, number) for number in some if number % 5 == 0]))
    send(servers, bundles)
    expected = len(numbers) + len(ON_AN_ALLOWANCE) * len(idle)
    with another() as second:
        for victim, pause in ((process, 0.0), (second, 0.11), (process, 0.23)):
            so_far = count(servers)
            until(lambda so_far=so_far: count(servers) > so_far or count(servers) == before + expected)  # type: ignore[misc]
            time.sleep(pause)
            victim.end(signal.SIGKILL)
            victim.start()
        until(lambda: count(servers) >= before + expected)
    findings = told(servers, after=before)
    assert len(findings) == len({one["finding"] for one in findings}) == expected
    for rule in ON_AN_ALLOWANCE:
        assert sorted(one["person"] for one in findings if one["rule"] == rule) == sorted(map(person, idle))
    assert {(one["status"], one["version"]) for one in findings} == {("found", 1)}
    assert len(_rows(servers, "select from rules.fact where version = 1")) >= 3 * len(numbers)


BROKEN = """
import rules.stream.person
from backbone.settings import load
from rules.catalogue import decide_all, decide_history
from rules.stream.transaction import Decider
from rules.stream.run import run

def one_raises(seen, day, law):
    if seen.person == "{slot}":
        raise ZeroDivisionError(seen.person)
    return decide_all(seen, day, law)

def another_raises(seen, day, law):
    if seen.person == "{history}":
        raise KeyError(seen.person)
    return decide_history(seen, day, law)

rules.stream.person.decide_history = another_raises
settings = load()
run(settings, Decider(settings, decide=one_raises))
"""


def test_a_rule_that_raises_sets_that_person_aside_with_the_events_and_the_rest_goes_on(
    servers: Settings, process: Process, another: Callable[..., Process]
) -> None:
    slot, history, sound = 21, 25, 29
    assert process.end() == 0
    before = len(letters(servers))
    broken = another(BROKEN.format(slot=person(slot), history=person(history)))
    send(servers, [(1, [one for number in (slot, history, sound) for one in facts(servers, number, UNCLAIMED)])])
    until(lambda: about(servers, sound) == [("found", 1)])
    assert about(servers, slot) == about(servers, history) == []
    found = {one["key"]: one for one in letters(servers)[before:]}
    assert {one["code"] for one in found.values()} == {"undecidable-person"}
    for number, raised in ((slot, "ZeroDivisionError"), (history, "KeyError")):
        letter = found[pseudonym(servers.pepper(), person(number))]
        assert letter["reason"].startswith(f"{raised} in <string>")
        assert person(number) not in str(letter["reason"])
        kept = decode_body(contract(FACTS), split(letter["value"])[1])["facts"]
        ids = [decode_body(NARROW[kind], one["body"])["event"] for kind, one in zip(KINDS, kept, strict=True)]
        assert ids == [derive("event", person(number), kind, "1") for kind in KINDS]
    broken.end()
    process.start()
    send(servers, [(1, facts(servers, slot, UNCLAIMED) + facts(servers, history, UNCLAIMED))])
    until(lambda: about(servers, slot) == about(servers, history) == [("found", 1)])


def test_a_person_with_two_numbers_is_set_aside_and_the_rest_goes_on(servers: Settings, process: Process) -> None:
    two, sound = 33, 37
    mixed = facts(servers, two, UNCLAIMED)
    mixed[2] = {**facts(servers, 41, UNCLAIMED)[2], "person": mixed[0]["person"]}
    send(servers, [(1, mixed + facts(servers, sound, UNCLAIMED))])
    until(lambda: about(servers, sound) == [("found", 1)])
    letter = letters(servers)[-1]
    assert letter["code"] == "contradictory-facts"
    assert derive("event", person(two), KINDS[0], "1") in letter["reason"]
    assert derive("event", person(41), KINDS[2], "1") in letter["reason"]
    assert about(servers, two) == about(servers, 41) == []


FAULTY = """
from backbone.settings import load
from rules.stream.transaction import Decider
from rules.stream.run import run

class Faulty(Decider):
    def take(self, partition, offset, value):
        raise ValueError("a fault of the process, not of the bundle")

run(load(), Faulty(load()))
"""


def test_a_process_with_a_fault_stops_and_passes_no_bundle(
    servers: Settings, process: Process, another: Callable[..., Process]
) -> None:
    assert process.end() == 0, "a process stops when asked"
    faulty = another(FAULTY)
    send(servers, [(1, facts(servers, 13, UNCLAIMED)), (1, facts(servers, 17, UNCLAIMED))])
    assert faulty.wait() == 1
    assert about(servers, 13) == about(servers, 17) == []
    process.start()
    until(lambda: about(servers, 13) == about(servers, 17) == [("found", 1)])


SLOW = """
import time
from pathlib import Path
from backbone.settings import load
from rules.catalogue import decide_all
from rules.stream.transaction import Decider
from rules.stream.run import run

def slowly(seen, day, law):
    Path({deciding!r}).touch()
    time.sleep(2)
    return decide_all(seen, day, law)

run(load(), Decider(load(), decide=slowly))
"""
OPEN = "select from pg_stat_activity where usename = 'rules' and xact_start is not null and pid <> pg_backend_pid()"


def test_a_process_asked_to_stop_finishes_the_bundle_in_hand(
    servers: Settings, process: Process, another: Callable[..., Process], tmp_path: Path
) -> None:
    assert process.end() == 0
    deciding = tmp_path / "deciding"
    slow = another(SLOW.format(deciding=str(deciding)))
    send(servers, [(1, facts(servers, 45, UNCLAIMED))])
    until(deciding.exists)
    assert _rows(servers, OPEN) == [], "no transaction is open while a bundle is decided"
    assert slow.end() == 0
    assert about(servers, 45) == [("found", 1)]
    process.start()
    send(servers, [(1, facts(servers, 49, UNCLAIMED))])
    until(lambda: about(servers, 49) == [("found", 1)])
    assert about(servers, 45) == [("found", 1)]


def test_what_was_decided_counts_only_where_the_position_is_still_the_same(servers: Settings, schemas: None) -> None:
    far = 9_002

    def overtaken(seen: Situation, day: date, law: Law) -> list[Finding]:
        with postgres.connect(servers, "rules") as connection:
            connection.execute(MOVE, (FACTS, far, 8))
        return decide_all(seen, day, law)

    value = encode(contract(FACTS), {"at": AT, "facts": facts(servers, 77, UNCLAIMED)})
    with closing(Decider(servers, decide=overtaken)) as decider:
        with pytest.raises(Retry, match="faster"):
            decider.take(far, 7, value)
        assert about(servers, 77) == []
        assert not decider.take(far, 7, value)
    assert about(servers, 77) == []
    assert _rows(servers, "select next from rules.position where partition = 9002") == [(8,)]


@pytest.mark.parametrize(("trouble", "remedy"), [(signal.SIGKILL, None), (signal.SIGSTOP, signal.SIGCONT)])
def test_a_process_asked_to_stop_ends_also_where_the_broker_is_gone_or_says_nothing(
    servers: Settings, process: Process, trouble: signal.Signals, remedy: signal.Signals | None
) -> None:
    number = 53 if remedy else 57
    send(servers, [(1, facts(servers, number, UNCLAIMED))])
    until(lambda: about(servers, number) == [("found", 1)])
    broker = next(state.pid for state in status(servers.home) if state.name == "kafka")
    os.kill(broker, trouble)
    try:
        time.sleep(1)
        asked = time.monotonic()
        assert process.end() == 0
        assert time.monotonic() - asked < STOP_S + 3
    finally:
        if remedy:
            os.kill(broker, remedy)
        until(lambda: reachable(int(servers.kafka_bootstrap.rpartition(":")[2])))
        process.start()
    send(servers, [(1, facts(servers, number + 8, UNCLAIMED))])
    until(lambda: about(servers, number + 8) == [("found", 1)])


def test_a_process_keeps_its_name(process: Process) -> None:
    assert process.shown() == [sys.executable, "-c", SOUND]
