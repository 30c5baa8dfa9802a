"""The rules stream on real Kafka and PostgreSQL: each bundle decided once, whatever happens to the process."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
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
from rules.casebook.case_events import EMPLOYER, decisions
from rules.catalogue import decide_all
from rules.findings.finding import Finding
from rules.law.knowledge import known_on
from rules.law.law import Law
from rules.law.load import shipped_law
from rules.stream.held_facts import PARTS
from rules.stream.run import STOP_S
from rules.stream.transaction import Decider
from rules.view.situation import Situation
from schemas.codec import decode_body, encode, split
from schemas.contracts import contract
from schemas.identifiers import derive, pseudonym
from schemas.registration import SchemaVersion, subject
from schemas.topics import FACTS, SCHEMAS
from tests.builders import persons, waiting
from tests.builders.facts import NARROW, UNCLAIMED, Facts, case_facts, decided, event_name
from tests.builders.processes import as_process, ask_to_stop

DUE = {3000: 1203.71}
AT = datetime(2026, 10, 20, 9, tzinfo=UTC)
PATIENCE_S = 60
PARTITIONS = 4
MOVE = """
insert into rules.position as kept (topic, partition, next) values (%s, %s, %s)
on conflict (topic, partition) do update set next = greatest(kept.next, excluded.next)
"""

until = partial(waiting.until, what="the rules did not get there in time")


person = partial(persons.national_number, born=date(1985, 1, 1))


def key(settings: Settings, number: int) -> bytes:
    return pseudonym(settings.pepper(), person(number))


def declaration(number: int, quarter: str) -> str:
    return derive("declaration", person(number), quarter)


def facts(settings: Settings, number: int, case: dict[str, Any], version: int = 1, status: str = "original") -> Facts:
    """The three narrowed facts of a case about one person."""
    name = declaration(number, case["quarter"])
    return case_facts(
        key(settings, number), case, version=version, declaration=name, status=status, person=person(number)
    )


def event(number: int, kind: str) -> str:
    """The event of this kind about one person in the quarter that nobody claimed for."""
    return event_name(kind, declaration(number, UNCLAIMED["quarter"]), 1)


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


def _written(settings: Settings, query: str, values: tuple[Any, ...]) -> None:
    with postgres.connect(settings, "rules") as connection:
        connection.execute(query.encode(), values)


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
    (written,) = decisions(case) or []
    send(servers, [(3, decided(person(3), "decision-3", written, key=key(servers, 3)))])
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
    (letter,) = [one for one in letters(servers) if one["key"] == key(servers, 5)]
    assert (letter["stage"], letter["code"], letter["partition"]) == ("rules", "unreadable-fact", 1)
    kept = decode_body(contract(FACTS), split(letter["value"])[1])
    assert [entry["body"] for entry in kept["facts"]] == [entry["body"] for entry in broken]


ON_AN_ALLOWANCE = ("increased_reimbursement", "maximum_billing", "social_energy_tariff")
"""The rules over a history that speak on a disability allowance nobody turned into another right."""


def allowance(settings: Settings, number: int) -> Facts:
    """The decision of a disability allowance that runs since the beginning of the year."""
    given = {"kind": "disability_allowance", "from": date(2026, 1, 1)}
    return decided(person(number), f"allowance-{number}", given, key=key(settings, number))


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
            part += [one for number in some if number % 5 == 0 for one in allowance(servers, number)]
            bundles.append((partition, part))
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
from rules.view.situation import Situation
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
        letter = found[key(servers, number)]
        assert letter["reason"].startswith(f"{raised} in <string>")
        assert person(number) not in str(letter["reason"])
        kept = decode_body(contract(FACTS), split(letter["value"])[1])["facts"]
        ids = [decode_body(NARROW[kind], one["body"])["event"] for kind, one in zip(PARTS, kept, strict=True)]
        assert ids == [event(number, kind) for kind in PARTS]
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
    assert event(two, PARTS[0]) in letter["reason"]
    assert event(41, PARTS[2]) in letter["reason"]
    assert about(servers, two) == about(servers, 41) == []


FAULTY = """
from backbone.settings import load
from rules.stream.transaction import Decider
from rules.view.situation import Situation
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
from rules.view.situation import Situation
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
        _written(servers, MOVE, (FACTS, far, 8))
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


OLDER = """
from datetime import date
from backbone.settings import load
from rules.law.knowledge import known_on
from rules.law.load import shipped_law
from rules.stream.run import run
from rules.stream.transaction import Decider
from rules.view.situation import Situation

settings = load()
run(settings, Decider(settings, law=known_on(date(2026, 11, 27), shipped_law())))
"""
DECREED = date(2026, 11, 28)
"""The day on which the figures became known that a decree of June 2025 gave the second quarter of 2025."""
REACHED = {"quarter": "2025Q2", "wage": {1: 6771.00}, "days": {1: 65}}
OLD_LAW, NEW_LAW = 74928, 96689
"""0.14 x (11,233.89 - 6,771) is 624.80, and 0.40 x (7,082.19 - 6,771) 124.48; since the decree 0.21 x (8,400 - 6,771)
is 342.09."""
DECIDED = "select sum(decided) from rules.law_change"
REDECIDE = ("rules", "redecide", "--rule", "structural_reduction", "--reason", "the decree of June 2025", "--json")


def amounts(settings: Settings, numbers: range, after: int) -> dict[tuple[str, int], set[tuple[int | None, bool]]]:
    """What is told of the structural reduction of these persons, by status and version: amounts, and whether by law."""
    persons, found = set(map(person, numbers)), defaultdict(set)
    for one in told(settings, after=after):
        if one["person"] in persons and one["rule"] == "structural_reduction":
            found[one["status"], one["version"]].add((one["amount"], one["law_change"] is not None))
    return dict(found)


def test_a_decree_that_reaches_back_is_told_once_to_each_whom_it_touches_whoever_is_killed(
    servers: Settings, process: Process, another: Callable[..., Process]
) -> None:
    numbers, before = range(4_000, 5_000), count(servers)
    assert process.end() == 0
    older = another(OLDER)
    bundles: list[tuple[int, Facts]] = []
    for partition in range(PARTITIONS):
        some = [number for number in numbers if partition_of(number) == partition]
        bundles.append((partition, [one for number in some for one in facts(servers, number, REACHED)]))
    send(servers, [*bundles, (1, facts(servers, 65, UNCLAIMED))])
    until(lambda: count(servers) >= before + len(numbers) + 1)
    assert amounts(servers, numbers, before) == {("found", 1): {(OLD_LAW, False)}}

    # A process that runs with older figures leaves everybody to one that has the new ones.
    begun = json.loads(as_process(servers.home, *REDECIDE, "--no-wait").stdout)
    assert (begun["known_since"], begun["decided"], begun["persons"] >= len(numbers)) == (DECREED.isoformat(), 0, True)
    law = known_on(DECREED - timedelta(days=1), shipped_law())
    with closing(Decider(servers, law=law)) as behind:
        assert behind.decide_again() == 0
    older.end()

    process.start()
    with another():
        until(lambda: _rows(servers, DECIDED) > [(0,)])
        process.end(signal.SIGKILL)
        process.start()
        until(lambda: _rows(servers, DECIDED) == [(begun["persons"],)])
    told_of = {("found", 1): {(OLD_LAW, False)}, ("replaced", 2): {(NEW_LAW, True)}}
    assert amounts(servers, numbers, before) == told_of
    changes = [one for one in told(servers, after=before) if one["law_change"]]
    assert len([one for one in changes if one["person"] in set(map(person, numbers))]) == len(numbers)
    assert {one["law_change"]["known"] for one in changes} == {DECREED}
    assert about(servers, 65) == [("found", 1)]

    again = as_process(servers.home, *REDECIDE)
    assert (again.returncode, json.loads(again.stdout)["changed"]) == (0, 0)
    assert amounts(servers, numbers, before) == told_of
    acts = json.loads(as_process(servers.home, "audit", "acts", "--json").stdout)
    on_record = [one for one in acts if one["about"] == begun["change"]]
    assert [one["detail"]["reason"] for one in on_record] == ["the decree of June 2025"] * 2
    assert {one["detail"]["persons"] for one in on_record} == {begun["persons"]}


def test_nobody_is_decided_again_while_a_bundle_is_in_hand(servers: Settings, process: Process) -> None:
    far, began, go = 9_003, threading.Event(), threading.Event()
    ended: list[str] = []

    def slowly(seen: Situation, day: date, law: Law) -> list[Finding]:
        began.set()
        assert go.wait(PATIENCE_S)
        return decide_all(seen, day, law)

    def take() -> None:
        assert bundles.take(far, 7, value)
        ended.append("bundle")

    def decide_again() -> None:
        assert others.decide_again()
        ended.append("others")

    value = encode(contract(FACTS), {"at": AT, "facts": facts(servers, 81, REACHED)})
    assert process.end() == 0
    _written(servers, MOVE, (FACTS, far, 7))
    with closing(Decider(servers, decide=slowly)) as bundles, closing(Decider(servers)) as others:
        threads = [threading.Thread(target=one) for one in (take, decide_again)]
        threads[0].start()
        assert began.wait(PATIENCE_S)
        assert as_process(servers.home, *REDECIDE, "--no-wait").returncode == 0
        threads[1].start()
        threads[1].join(1)
        assert ended == []
        go.set()
        for thread in threads:
            thread.join(PATIENCE_S)
    assert ended == ["bundle", "others"]
    process.start()
    until(lambda: _rows(servers, "select sum(persons - decided) from rules.law_change") == [(0,)])
    assert set(about(servers, 81)) == {("found", 1)}
