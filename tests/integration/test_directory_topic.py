"""What an institution says about its dossiers is taken in once and answered once, whoever is killed on the way."""

import hashlib
import json
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from typing import Any

import pytest

from backbone import kafka, postgres
from backbone.settings import Settings
from consumers.directory.alarms import set_limit
from consumers.directory.lookup import LOOK_BACK, LOOK_UP
from kruispunt.monitoring import lag
from schemas.codec import decode_body, encode, split
from schemas.contracts import contract
from schemas.identifiers import derive, inss
from schemas.institutions import INSTITUTIONS
from schemas.legal_day import first_moment
from schemas.topics import ANSWERS, CHANGES, answers, changes
from tests.builders.persons import national_number
from tests.builders.processes import ask_to_stop, start
from tests.builders.waiting import until

MARK = derive("directory topic", str(time.time_ns()))[:12]
PERSONS = [national_number(number, date(1912, 1, 1)) for number in range(6_000)]
QUALITY = {"rva": "18/1", "nic": "11/2"}
PATIENCE_S = 120.0
JUNE = date(2026, 6, 30)


def change(name: str, action: str, person: str, institution: str = "rva", **other: Any) -> bytes:
    record = {
        "change": f"{MARK}-{name}", "action": action, "person": person, "quality": QUALITY[institution],
        "from": date(2026, 1, 1), "until": None, "version": 1,
    } | other  # fmt: skip
    return encode(contract(CHANGES), record)


@cache
def records(institution: str) -> list[bytes]:
    """Everybody is taken on file, half of them changed, a third ended; some is said twice, and some is nonsense."""
    made = []
    for place, person in enumerate(PERSONS):
        say = partial(change, person=person, institution=institution)
        made.append(say(f"{place}-1", "integrate", until=JUNE))
        if place % 2 == 0:
            made += [say(f"{place}-2", "change", version=2)] * 2
        if place % 3 == 0:
            made.append(say(f"{place}-3", "end", version=2 + (place % 2 == 0)))
        if place % 500 == 0:
            made += [
                MARK.encode(),
                b"",
                say(f"{place}-4", "integrate")[:-1],
                say(f"{place}-5", "integrate") + b"\0",
                say(f"{place}-6\0", "integrate"),
                say(f"{place}-7" + "x" * 100_000, "integrate"),
                say(f"{place}-8", "integrate", person="7301\x0010100199", quality="18/1\0" + "x" * 100_000),
            ]
    return made


def put(settings: Settings, institution: str, values: list[bytes]) -> None:
    writer = kafka.producer(settings, institution)
    for value in values:
        writer.produce(changes(institution), value)
    assert writer.flush(PATIENCE_S) == 0


def answered(settings: Settings, institution: str) -> list[tuple[bytes, dict[str, Any]]]:
    """The answers of this run with their keys, as the institution reads them with its own credentials."""
    found = [
        (bytes(message.key() or b""), decode_body(contract(ANSWERS), split(message.value() or b"")[1]))
        for message in kafka.read_all(settings, institution, answers(institution))
    ]
    return [one for one in found if one[1]["change"].startswith(MARK) or not one[1]["change"]]


@contextmanager
def process(settings: Settings, verb: str, **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
    running = start(settings.home, verb, streams=streams)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


@contextmanager
def waiting(settings: Settings) -> Iterator[dict[str, Callable[[], int]]]:
    look = lag.Inspector(settings)
    topics = tuple(changes(name) for name in INSTITUTIONS)
    try:
        yield {
            "dossiers": partial(look.behind, topics, partial(look.stored, "kruispunt", "directory")),
            "relay": partial(look.unpublished, "directory"),
        }
    finally:
        for connection in look._connections.values():
            connection.close()


def finish(settings: Settings) -> None:
    """Let one process take in what waits, and the relay publish the answers; both stop well."""
    with waiting(settings) as stage, process(settings, "dossiers") as taking, process(settings, "relay") as relay:
        for name in stage:
            until(lambda name=name: stage[name]() == 0, f"{name} does not come to an end", PATIENCE_S)  # type: ignore[misc]
        for running in (taking, relay):
            ask_to_stop(running)
        assert (taking.wait(PATIENCE_S), relay.wait(PATIENCE_S)) == (0, 0)


@dataclass(frozen=True)
class Outcome:
    """What the directory keeps of the persons of this run, and what came before."""

    dossiers: dict[tuple[str, str], tuple[date | None, int, bool]]
    integrations: Counter[tuple[str, str, date | None]]
    answers: dict[str, list[tuple[bytes, dict[str, Any]]]]


@pytest.fixture(scope="module")
def outcome(servers: Settings) -> Outcome:
    for institution in QUALITY:
        put(servers, institution, records(institution))
    kills = 0
    with waiting(servers) as stage:
        while kills < 4:
            before = stage["dossiers"]()
            with process(servers, "dossiers") as running:
                until(lambda before=before: stage["dossiers"]() < before, "nothing is taken in", PATIENCE_S)  # type: ignore[misc]
                running.send_signal(signal.SIGKILL)
                kills += 1
    finish(servers)
    with postgres.connect(servers, "operator") as connection:
        kept = connection.execute(
            "select institution, person, until, version, ended is not null from directory.dossier"
            " where person = any(%s)",
            (PERSONS,),
        ).fetchall()
    with postgres.connect(servers, "replay") as connection:
        new = connection.execute(
            "select institution, person, until from directory.integration where person = any(%s)", (PERSONS,)
        ).fetchall()
    return Outcome(
        {(institution, person): (last, version, ended) for institution, person, last, version, ended in kept},
        Counter(new),
        {institution: answered(servers, institution) for institution in QUALITY},
    )


def test_every_dossier_is_as_the_last_change_says(outcome: Outcome) -> None:
    assert outcome.dossiers
    for institution in QUALITY:
        for place, person in enumerate(PERSONS):
            changed, ended = place % 2 == 0, place % 3 == 0
            expected = (None if changed else JUNE, 1 + changed + ended, ended)
            assert outcome.dossiers[institution, person] == expected


def test_every_integration_and_every_growth_is_told_to_replays_once(outcome: Outcome) -> None:
    assert outcome.integrations == Counter(
        (institution, person, last)
        for institution in QUALITY
        for place, person in enumerate(PERSONS)
        for last in ([JUNE, None] if place % 2 == 0 else [JUNE])
    )


def test_every_record_is_answered_once_and_the_same_change_the_same(servers: Settings, outcome: Outcome) -> None:
    for institution in QUALITY:
        told = outcome.answers[institution]
        taken = Counter(one["change"] for _, one in told if one["accepted"])
        assert taken == Counter(
            {f"{MARK}-{place}-{step}": times for place in range(len(PERSONS)) for step, times in steps(place)}
        )
        twice = [one for _, one in told if one["change"] == f"{MARK}-0-2"]
        assert twice[0] == twice[1]
        arrived = sum(1 for _ in kafka.read_all(servers, "inspector", changes(institution)))
        everything = [
            decode_body(contract(ANSWERS), split(message.value() or b"")[1])
            for message in kafka.read_all(servers, institution, answers(institution))
        ]
        assert sum(map(records_answered, everything)) == arrived


def records_answered(answer: dict[str, Any]) -> int:
    """Records one behind the other that cannot be read have one answer, which says how many they are."""
    several = re.search(r"\((\d+) records, ", answer["reason"])
    return int(several[1]) if several else 1


def steps(place: int) -> list[tuple[int, int]]:
    return [(1, 1), *([(2, 2)] if place % 2 == 0 else []), *([(3, 1)] if place % 3 == 0 else [])]


def test_bytes_that_are_no_change_are_answered_once_with_a_code_and_no_id(outcome: Outcome) -> None:
    refused = Counter(one["code"] for _, one in outcome.answers["nic"] if not one["accepted"])
    places = len(range(0, len(PERSONS), 500))
    assert refused["000050"] >= places
    assert refused["000051"] == 2 * places
    assert refused["400010"] == places
    assert all(one["change"] == "" for _, one in outcome.answers["nic"] if one["code"] == "000050")
    runs = [one for _, one in outcome.answers["nic"] if "4 records, " in one["reason"]]
    assert len(runs) >= places


def test_an_answer_lies_under_the_hash_of_its_change_and_repeats_no_number(outcome: Outcome) -> None:
    for institution in QUALITY:
        assert any(one["accepted"] for _, one in outcome.answers[institution])
        for key, one in outcome.answers[institution]:
            if one["accepted"]:
                assert key == hashlib.sha256(one["change"].encode()).digest()[:16]
            assert "7301" not in one["reason"]


def test_an_institution_speaks_for_itself_only(servers: Settings, outcome: Outcome) -> None:
    person = PERSONS[1]
    put(servers, "rva", [change("own", "end", person, "rva", version=2, quality="11/2")])
    finish(servers)
    [one] = [one for _, one in answered(servers, "rva") if one["change"] == f"{MARK}-own"]
    assert (one["accepted"], one["code"], one["version"]) == (False, "300010", 0)
    with postgres.connect(servers, "operator") as connection:
        row = connection.execute(
            "select ended from directory.dossier where person = %s and institution = 'nic'", (person,)
        ).fetchone()
    assert row == (None,)
    assert outcome.dossiers["nic", person] == (JUNE, 1, False)


def test_an_alarm_of_an_institution_is_in_the_log_of_the_process_without_a_number(
    servers: Settings, outcome: Outcome
) -> None:
    person = inss(120202001, after_2000=False)
    with postgres.connect(servers, "owner") as connection:
        connection.execute("delete from directory.alarm where institution = 'rva'")
        set_limit(connection, 1)
    try:
        put(servers, "rva", [change("alarm", "integrate", person)])
        with waiting(servers) as stage, process(servers, "dossiers", stderr=subprocess.PIPE) as running:
            until(lambda: stage["dossiers"]() == 0, "it is not taken in", PATIENCE_S)
            ask_to_stop(running)
            logged = running.communicate(timeout=PATIENCE_S)[1].decode()
    finally:
        with postgres.connect(servers, "owner") as connection:
            set_limit(connection, servers.mass_integrations)
    (line,) = (json.loads(line) for line in logged.splitlines() if "alarm" in line)
    assert {name: line[name] for name in ("level", "process", "event", "institution", "limit")} == {
        "level": "warning", "process": "dossiers", "event": "alarm: mass integration", "institution": "rva", "limit": 1,
    }  # fmt: skip
    assert line["integrations"] > outcome.integrations.total() // len(QUALITY)
    assert person not in logged


def test_a_look_up_of_a_batch_goes_by_the_index_whatever_has_ended(servers: Settings, outcome: Outcome) -> None:
    assert outcome.dossiers
    with postgres.connect(servers, "exchange") as connection:
        # A small table is read faster from end to end; what counts is that a large one need not be.
        connection.execute("set enable_seqscan = off")
        for query, values, indexes in (
            (LOOK_UP, (PERSONS[:200],), ["dossier_live"]),
            (LOOK_BACK, {"persons": PERSONS[:200], "begins": first_moment(JUNE)}, ["dossier_live", "dossier_ended"]),
        ):
            plan = "\n".join(row[0] for row in connection.execute("explain " + query, values))
            assert all(index in plan for index in indexes)
            assert plan.count("Index Cond: (person = ANY") == len(indexes)
            assert "Seq Scan" not in plan
