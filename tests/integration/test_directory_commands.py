"""Dossiers by command: integrated, changed, ended, looked up; each act and refusal is on record with its code."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from backbone import kafka, postgres
from backbone.settings import Settings
from consumers.directory.alarms import set_limit
from consumers.directory.change_decision import INTEGRATE, DossierChange, DossierKey
from consumers.directory.store import take_in_one
from consumers.exchange.run import Exchange
from schemas.codec import encode
from schemas.contracts import contract
from schemas.identifiers import derive, inss, pseudonym
from schemas.legal_day import legal_today
from schemas.samples import sample
from schemas.topics import delivery
from tests.builders.processes import COMMAND, Answer, within

FRESH = time.time_ns() // 1_000_000
PERSON, OTHER, THIRD = (inss(750202000 + (FRESH + step) % 990, after_2000=False) for step in range(3))
WRONG = "85010100199"
KIND = "declarations.working-time"
MARK = derive("directory commands", str(time.time_ns()))
PATIENCE_S = 60.0


def run(settings: Settings, *words: str, said: str = "") -> Answer:
    return within(settings.home, *words, said=said)


def directory(settings: Settings, *words: str, said: str = "") -> Answer:
    return run(settings, "directory", *words, said=said)


def acts(settings: Settings, person: str) -> list[dict[str, Any]]:
    """The acts about a person, oldest first."""
    with postgres.connect(settings, "owner") as connection:
        lines = [json.loads(line) for (line,) in connection.execute("select line from audit.act order by number")]
    return [one for one in lines if one["about"] == pseudonym(settings.pepper(), person).hex()]


def kept(settings: Settings, person: str) -> list[tuple[Any, ...]]:
    with postgres.connect(settings, "operator") as connection:
        return connection.execute(
            "select quality, since, until, version, ended is not null from directory.dossier where person = %s"
            " order by ended nulls last, quality, since",
            (person,),
        ).fetchall()


def integrations(settings: Settings, person: str) -> list[tuple[Any, ...]]:
    with postgres.connect(settings, "replay") as connection:
        return connection.execute(
            "select institution, quality, until from directory.integration where person = %s order by id", (person,)
        ).fetchall()


def test_a_dossier_is_integrated_changed_and_ended_and_each_act_is_on_record(servers: Settings) -> None:
    first = "--from", "2026-01-01"
    done = directory(servers, "integrate", "rva", "-", "18/1", *first, "--until", "2026-06-30", said=PERSON + "\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert PERSON not in done.stdout
    assert directory(servers, "change", "rva", PERSON, "18/1", *first, "--open", "--version", "2").returncode == 0
    told = directory(servers, "change", "rva", PERSON, "18/1", *first, "--until", "2026-09-30", "--json")
    assert json.loads(told.stdout) == {"accepted": True, "code": "000000", "reason": "Taken in.", "version": 3}
    assert kept(servers, PERSON) == [("18/1", date(2026, 1, 1), date(2026, 9, 30), 3, False)]
    assert directory(servers, "end", "rva", PERSON, "18/1", *first).returncode == 0
    assert directory(servers, "integrate", "rva", PERSON, "18/1", *first).returncode == 0
    assert kept(servers, PERSON) == [
        ("18/1", date(2026, 1, 1), date(2026, 9, 30), 4, True),
        ("18/1", date(2026, 1, 1), None, 1, False),
    ]
    assert integrations(servers, PERSON) == [
        ("rva", "18/1", date(2026, 6, 30)), ("rva", "18/1", None), ("rva", "18/1", None),
    ]  # fmt: skip
    found = acts(servers, PERSON)
    assert [one["action"] for one in found] == [
        "integrated a dossier", "changed a dossier", "changed a dossier", "ended a dossier", "integrated a dossier",
    ]  # fmt: skip
    assert {one["by"] for one in found} == {"operator"}
    assert found[0]["detail"] == {
        "institution": "rva", "quality": "18/1", "from": "2026-01-01", "until": "2026-06-30", "version": 1, "codes": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (["integrate", "rva", WRONG, "18/1", "--from", "2026-01-01"], ["400010"]),
        (["integrate", "rva", OTHER, "18/77", "--from", "2026-01-01"], ["400020"]),
        (["integrate", "rva", OTHER, WRONG, "--from", "2026-01-01"], ["400020"]),
        (["integrate", "rva", OTHER, "10/10", "--from", "2026-01-01"], ["300010"]),
        (["integrate", "rva", OTHER, "18/1", "--from", "2026-01-01", "--until", "2025-12-31"], ["400030"]),
        (["change", "rva", OTHER, "18/1", "--from", "2026-01-01", "--open"], ["300020"]),
        (["end", "rva", OTHER, "18/1", "--from", "2026-01-01"], ["300020"]),
        (["integrate", "nic", OTHER, "11/2", "--from", "2026-05-01"], ["400040"]),
        (["change", "nic", OTHER, "11/2", "--from", "2026-01-01", "--until", "2026-07-01", "--version", "9"],
         ["400050", "400040"]),
        (["end", "nic", OTHER, "11/2", "--from", "2026-01-01", "--version", "1"], ["400050"]),
    ],
    ids=lambda value: None if isinstance(value[0], str) and len(value[0]) > 6 else " ".join(value[:1]),
)  # fmt: skip
def test_a_wrong_change_is_refused_with_its_codes_changes_nothing_and_is_on_record(
    servers: Settings, words: list[str], codes: list[str]
) -> None:
    for since, until in (("2026-01-01", "2026-03-31"), ("2026-05-01", "2026-05-31")):
        directory(servers, "integrate", "nic", OTHER, "11/2", "--from", since, "--until", until)
    person, before = words[2], kept(servers, OTHER)
    told = len(acts(servers, person))
    refused = directory(servers, *words)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert [code for code in codes if f"{code}: " in refused.stderr] == codes
    assert person not in refused.stderr
    assert (kept(servers, OTHER), len(before)) == (before, 2)
    [*_, act] = acts(servers, person)
    assert len(acts(servers, person)) == told + 1
    assert act["action"].startswith("was refused")
    assert act["detail"]["codes"] == codes
    assert WRONG not in json.dumps(act)


def test_two_who_speak_at_once_never_put_two_dossiers_on_one_day(servers: Settings) -> None:
    person = inss(740404000 + FRESH % 990, after_2000=False)
    first = DossierChange("", INTEGRATE, DossierKey(person, "rva", "18/1"), date(2026, 1, 1), None, 1)
    with ThreadPoolExecutor() as pool, postgres.connect(servers, "operator") as connection:
        assert take_in_one(connection.cursor(), first).faults == ()
        second = pool.submit(directory, servers, "integrate", "rva", person, "18/1", "--from", "2026-02-01")
        with postgres.connect(servers, "owner", autocommit=True) as watching:
            waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
            deadline = time.monotonic() + PATIENCE_S
            while watching.execute(waiting).fetchone() == (0,) and not second.done():
                assert time.monotonic() < deadline
                time.sleep(0.05)
        connection.commit()
        refused = second.result(PATIENCE_S)
    assert (refused.returncode, "400040: " in refused.stderr) == (1, True)
    assert len(kept(servers, person)) == 1


def test_wrong_use_is_told_and_nothing_is_done(servers: Settings) -> None:
    assert directory(servers, "integrate", "xyz", PERSON, "18/1", "--from", "2026-01-01").returncode == 2
    assert directory(servers, "change", "rva", PERSON, "18/1", "--from", "2026-01-01").returncode == 2
    assert directory(servers, "end", "rva", PERSON, "18/1", "--from", "soon").returncode == 2


def test_every_look_up_of_a_person_is_on_record_and_so_is_every_refusal(servers: Settings) -> None:
    directory(servers, "integrate", "bouw", THIRD, "38/0", "--from", "2020-01-01")
    before = len(acts(servers, THIRD))
    found = directory(servers, "--person", "-", "--json", said=THIRD)
    assert json.loads(found.stdout) == [
        {"person": THIRD, "institution": "bouw", "quality": "38/0", "from": "2020-01-01", "until": None}
    ]
    elsewhere = directory(servers, "--person", THIRD, "--institution", "rva")
    assert (elsewhere.returncode, elsewhere.stdout) == (1, "")
    assert "300020: " in elsewhere.stderr
    assert run(servers, "entitlements", "--person", THIRD, "--institution", "bouw", "--json").returncode == 0
    refused = run(servers, "entitlements", "--person", "-", "--institution", "rva", "--json", said=THIRD)
    assert (refused.returncode, json.loads(refused.stdout)) == (1, [])
    made = acts(servers, THIRD)[before:]
    assert [(one["action"], one["detail"]["institution"], one["detail"]["code"]) for one in made] == [
        ("looked up a person", None, "000000"),
        ("was refused a look-up of a person", "rva", "300020"),
        ("looked up a person", "bouw", "000000"),
        ("was refused a look-up of a person", "rva", "300020"),
    ]
    for words in (("directory",), ("entitlements",)):
        before = len(acts(servers, WRONG))
        wrong = run(servers, *words, "--person", WRONG)
        assert wrong.returncode == 2
        assert "400010: " in wrong.stderr
        [*_, act] = acts(servers, WRONG)
        assert (len(acts(servers, WRONG)), act["detail"]["code"]) == (before + 1, "400010")


def last_acts(settings: Settings, number: int) -> list[tuple[Any, ...]]:
    """By whom, what and about what the last acts were, oldest first."""
    with postgres.connect(settings, "owner") as connection:
        rows = connection.execute("select line from audit.act order by number desc limit %s", (number,)).fetchall()
    made = [json.loads(line) for (line,) in reversed(rows)]
    return [(one["by"], one["action"], one["about"]) for one in made]


def test_who_lists_national_numbers_or_prints_a_password_is_on_record_before(servers: Settings) -> None:
    directory(servers, "integrate", "bouw", THIRD, "38/0", "--from", "2020-01-01")
    with postgres.connect(servers, "owner") as connection:
        # Nobody can be put on record now, so nobody may see anything.
        connection.execute("lock table audit.act in access exclusive mode")
        waiting = [
            subprocess.Popen(
                [COMMAND, *words],
                env={**os.environ, "KRUISPUNT_HOME": str(servers.home)},
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            for words in (("directory", "--json"), ("credentials", "rva"))
        ]
        stuck = "select count(*) from pg_locks where relation = 'audit.act'::regclass and not granted"
        with postgres.connect(servers, "owner", autocommit=True) as watching:
            deadline = time.monotonic() + PATIENCE_S
            while watching.execute(stuck).fetchone() != (2,):
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert [one.poll() for one in waiting] == [None, None]
        for one in waiting:
            one.kill()
        assert [one.communicate(timeout=PATIENCE_S)[0] for one in waiting] == [b"", b""]
    assert THIRD in directory(servers, "--json").stdout
    assert THIRD not in directory(servers, "--json", "--institution", "rva").stdout
    assert directory(servers).returncode == 0
    assert "sasl.password=" in run(servers, "credentials", "rva").stdout
    assert last_acts(servers, 3) == [
        ("operator", "listed dossiers", "every institution"),
        ("operator", "listed dossiers", "rva"),
        ("operator", "printed credentials", "rva"),
    ]


def alarms(settings: Settings) -> list[tuple[str, int]]:
    """The alarms that `status` shows: of which institution, how many dossiers."""
    shown = json.loads(run(settings, "status", "--json").stdout)["alarms"]
    return [(one["institution"], one["integrations"]) for one in shown if one["institution"] == "bouw"]


def test_very_many_new_dossiers_raise_an_alarm_that_stays_until_it_is_acknowledged(
    servers: Settings, tmp_path: Path
) -> None:
    persons = [inss(730303000 + (FRESH + step) % 990, after_2000=False) for step in range(5)]
    keys = {"institution": "bouw", "quality": "38/0", "from": "2019-01-01", "until": None}
    (tmp_path / "directory.jsonl").write_text("".join(json.dumps({"person": one} | keys) + "\n" for one in persons[:3]))
    with postgres.connect(servers, "owner") as connection:
        row = connection.execute("select coalesce(sum(number), 0) from directory.integrated where institution = 'bouw'")
        before = int((row.fetchone() or (0,))[0])
        set_limit(connection, before + 3)
    try:
        assert run(servers, "load", str(tmp_path)).stderr == ""
        assert alarms(servers) == []
        for number, person in enumerate(persons[3:], start=4):
            told = directory(servers, "integrate", "bouw", person, "38/0", "--from", "2019-01-01")
            assert (told.returncode, "alarm: bouw took" in told.stderr) == (0, number == 4)
            assert alarms(servers) == [("bouw", before + number)]
        assert "alarm: bouw took" in run(servers, "status").stdout
        assert persons[3] not in told.stderr
        assert directory(servers, "acknowledge", "bouw", "--reason", "a load that was announced").returncode == 0
        assert alarms(servers) == []
        assert directory(servers, "acknowledge", "bouw", "--reason", "once more").returncode == 1
        assert json.loads(directory(servers, "alarms", "--json").stdout)[-1]["acknowledged"] is not None
        assert "bouw" in directory(servers, "alarms").stdout
        made = last_acts(servers, 4)
        assert made.count(("operator", "raised an alarm", "bouw")) == 1
        assert made[-1] == ("operator", "acknowledged alarms", "bouw")
    finally:
        with postgres.connect(servers, "owner") as connection:
            set_limit(connection, servers.mass_integrations)


@pytest.fixture(scope="module")
def exchange(servers: Settings) -> Iterator[Exchange]:
    """One exchange that is never restarted."""
    opened = Exchange.open(servers, structlog.get_logger())
    yield opened
    opened.close()


def delivered(settings: Settings, exchange: Exchange, person: str, name: str) -> bool:
    """Whether bouw gets a copy of an event about a person that is published now."""
    event, after = derive(MARK, name), derive(MARK, name, "after")
    keep = inss(751212123, after_2000=False)
    with postgres.connect(settings, "operator") as connection:
        connection.execute(
            "insert into directory.dossier values (%s, 'bouw', '38/0', '2020-01-01') on conflict do nothing", (keep,)
        )
    writer = kafka.producer(settings, "relay")
    key = pseudonym(settings.pepper(), person)
    for who, what in ((person, event), (keep, after)):
        record = sample(KIND) | {"event": what, "declaration": MARK, "person": who, "quarter": "2026Q3"}
        writer.produce(KIND, encode(contract(KIND), record), key)
        assert writer.flush(PATIENCE_S) == 0
    deadline = time.monotonic() + PATIENCE_S
    while True:
        values = [message.value() or b"" for message in kafka.read_all(settings, "bouw", delivery("bouw"))]
        if any(after.encode() in value for value in values):
            return any(event.encode() in value for value in values)
        assert time.monotonic() < deadline, "nothing was delivered"
        exchange.handle_batch()


def test_an_ended_dossier_stops_delivery_from_the_next_batch_on_and_stays_for_looking_back(
    servers: Settings, exchange: Exchange
) -> None:
    person = inss(760303000 + FRESH % 990, after_2000=False)
    assert not delivered(servers, exchange, person, "before")
    directory(servers, "integrate", "bouw", person, "38/0", "--from", "2020-01-01")
    assert delivered(servers, exchange, person, "on file")
    assert directory(servers, "end", "bouw", person, "38/0", "--from", "2020-01-01").returncode == 0
    assert not delivered(servers, exchange, person, "ended")

    def seen(*on: str) -> list[str]:
        found = run(servers, "entitlements", "--person", person, "--institution", "bouw", "--json", *on)
        return [one["recipient"] for one in json.loads(found.stdout)]

    today = legal_today()
    assert seen("--on", str(today - timedelta(days=1)))
    assert seen("--on", str(today))
    assert not seen("--on", str(today + timedelta(days=1)))
    assert directory(servers, "--person", person).returncode == 1
    listed = json.loads(directory(servers, "--institution", "bouw", "--json").stdout)
    assert person not in {one["person"] for one in listed}
    assert {one["institution"] for one in listed} == {"bouw"}
    directory(servers, "integrate", "bouw", person, "38/0", "--from", "2020-01-01")
    assert delivered(servers, exchange, person, "on file again")
