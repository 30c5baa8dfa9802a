"""A finding that was told is explained to whoever asks, and decided again to the same bytes, from what is stored."""

import json
import subprocess
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import pytest

from backbone import kafka, postgres
from backbone.settings import Settings
from rules.casebook.case_events import EMPLOYER
from rules.stream.held_facts import PARTS, WAGES, WORKING_TIME
from rules.stream.transaction import Decider
from schemas.codec import decode_body, encode, split
from schemas.contracts import contract
from schemas.identifiers import inss, pseudonym
from schemas.registration import SchemaVersion, subject
from schemas.registry import SchemaBook
from schemas.topics import FACTS, SCHEMAS
from tests.builders.facts import NARROW, UNCLAIMED, case_facts, event_name
from tests.builders.processes import within

AT = datetime(2026, 10, 20, 9, tzinfo=UTC)
PERSON = inss(900202011, after_2000=False)
YOUNG = inss(30315051, after_2000=True)
"""Somebody born on 15 March 2003, with a first job since October 2025."""
JOB: dict[str, Any] = {"from": date(2025, 10, 1), "days": {1: 60}}
FAR = 1_000_000
"""Offsets no test of the stream reaches: the position of this partition is moved by this test alone."""
PARTITION = 9_001


def bundle(settings: Settings, case: dict[str, Any], version: int, *, person: str = PERSON) -> bytes:
    name = "explained" if person == PERSON else f"lived-{case['quarter']}"
    key = pseudonym(settings.pepper(), person)
    facts = case_facts(key, {**case, "person": person}, version=version, declaration=name)
    return encode(contract(FACTS), {"at": AT, "facts": facts})


@pytest.fixture(scope="module")
def finding(servers: Settings) -> str:
    """A finding that was told, whose facts were replaced since by others that change nothing."""
    decider = _decider(servers)
    for number in (1, 2):
        assert decider.take(PARTITION, FAR + number, bundle(servers, UNCLAIMED, number))
    decider.close()
    return _told(servers, PERSON, "structural_reduction")


@pytest.fixture(scope="module")
def right(servers: Settings) -> str:
    """A right over two quarters of work that was told, and a correction since that leaves it as it is."""
    decider = _decider(servers)
    lived = [("2025Q4", JOB, 1), ("2026Q1", JOB, 1), ("2025Q4", {**JOB, "days": {1: 59}}, 2)]
    for offset, (quarter, job, version) in enumerate(lived, start=10):
        value = bundle(servers, {"quarter": quarter, **job}, version, person=YOUNG)
        assert decider.take(PARTITION, FAR + offset, value)
    decider.close()
    return _told(servers, YOUNG, "youth_holiday")


def _decider(servers: Settings) -> Decider:
    writer = kafka.producer(servers, "registrar")
    book = SchemaBook()
    for kind, narrow in NARROW.items():
        book.add(narrow)
        version = SchemaVersion(f"{subject(FACTS)}.test.{kind}", 1, narrow.id, json.dumps(narrow.schema))
        writer.produce(SCHEMAS, key=version.key(), value=version.value())
    writer.flush(30)
    return Decider(servers, book)


def _told(servers: Settings, person: str, rule: str) -> str:
    with postgres.connect(servers, "owner") as connection:
        rows = connection.execute(
            "select finding from rules.finding where person = %s and status = 'found' and body is not null",
            (pseudonym(servers.pepper(), person),),
        ).fetchall()
    (identifier,) = (row[0] for row in rows if _rule(servers, row[0]) == rule)
    return str(identifier)


def run(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return within(settings.home, "rules", *arguments)


def _rule(settings: Settings, finding: str) -> str:
    return str(json.loads(run(settings, "explain", finding, "--json").stdout)["rule"])


def test_a_finding_is_decided_again_to_the_same_bytes_though_its_facts_were_replaced(
    servers: Settings, finding: str
) -> None:
    answer = run(servers, "replay", finding, "--json")
    document = json.loads(answer.stdout)
    assert (answer.returncode, document["same"], document["events"], document["differences"]) == (0, True, 3, [])
    assert run(servers, "replay", finding).stdout.startswith("✓")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("nl", "Structurele vermindering"),
        ("fr", "Réduction structurelle"),
        ("de", "Strukturelle Ermäßigung"),
        ("en", "1,203.71"),
    ],
)
def test_a_finding_is_explained_to_people_in_their_language_without_a_national_number(
    servers: Settings, finding: str, language: str, words: str
) -> None:
    for audience in ("citizen", "jurist"):
        answer = run(servers, "explain", finding, "--for", audience, "--language", language)
        assert answer.returncode == 0, answer.stderr
        assert PERSON not in answer.stdout
        assert words in answer.stdout or audience == "jurist"
    assert PERSON in run(servers, "explain", finding, "--person").stdout


def test_a_jurist_sees_law_formula_figures_with_their_version_and_the_events(servers: Settings, finding: str) -> None:
    shown = run(servers, "explain", finding, "--for", "jurist").stdout
    for words in (
        "Programme law (I)",
        "R  = F + alpha",
        "REPO",
        event_name(WAGES, "explained", 1),
        f"employer {EMPLOYER}",
    ):
        assert words in shown


@pytest.mark.parametrize(
    ("language", "held"), [("nl", "vervuld"), ("fr", "remplie"), ("de", "erfüllt"), ("en", "held")]
)
def test_a_condition_is_explained_with_what_became_of_it(
    servers: Settings, finding: str, language: str, held: str
) -> None:
    for audience in ("citizen", "jurist"):
        shown = run(servers, "explain", finding, "--for", audience, "--language", language).stdout
        assert held in " ".join(shown.split())
    outcomes = {
        step["step"]: step["outcome"] for step in json.loads(run(servers, "explain", finding, "--json").stdout)["trace"]
    }
    assert (outcomes["worker code"], outcomes["W"], outcomes["S0"]) == ("held", "held", None)


def test_a_program_gets_every_condition_with_source_figures_and_events(servers: Settings, finding: str) -> None:
    document = json.loads(run(servers, "explain", finding, "--json").stdout)
    assert (document["person"], document["amount"], document["certainty"]) == (None, "1203.71", "likely")
    assert {one["event"] for one in document["evidence"]} == {event_name(kind, "explained", 1) for kind in PARTS}
    (bound,) = (step for step in document["trace"] if step["step"] == "S0")
    row = "structural_reduction.yaml | category 1 | 2026-07-01 | 2026-11-23 | REPO | "
    assert bound["parameters"][0].startswith(row)
    assert json.loads(run(servers, "explain", finding, "--json", "--person").stdout)["person"] == PERSON


def test_a_finding_that_is_not_there_is_an_answer_of_no(servers: Settings) -> None:
    for verb in ("explain", "replay"):
        answer = run(servers, verb, "nothing")
        assert (answer.returncode, answer.stdout) == (1, "")
        assert "There is no finding nothing" in answer.stderr


def test_that_somebody_looked_is_written_down(servers: Settings, finding: str) -> None:
    run(servers, "explain", finding)
    with postgres.connect(servers, "owner") as connection:
        lines = connection.execute("select line from audit.act order by number desc limit 1").fetchall()
    act = json.loads(lines[0][0])
    assert (act["by"], act["action"], act["about"]) == ("jurist", "explained a finding", finding)
    assert act["detail"] == {"version": 1, "numbers": False}
    run(servers, "explain", finding, "--person")
    run(servers, "replay", finding)
    run(servers, "explain", PERSON)
    run(servers, "what-if", "--set", "structural_reduction.category 1.S0=11787.74", "--on", "stack", "--persons")
    with postgres.connect(servers, "owner") as connection:
        rows = connection.execute("select line from audit.act order by number desc limit 4").fetchall()
    made = [json.loads(line) for (line,) in reversed(rows)]
    assert [(one["by"], one["action"], one["about"], one["detail"].get("numbers")) for one in made] == [
        ("jurist", "explained a finding", finding, True),
        ("jurist", "replayed a finding", finding, False),
        ("jurist", "was refused a look", "a finding", None),
        ("jurist", "compared figures over the stored situations", "rules.fact", True),
    ]


def test_who_would_gain_is_counted_over_what_is_stored(servers: Settings, finding: str) -> None:
    change = "structural_reduction.category 1.S0=11787.74"
    answer = run(servers, "what-if", "--set", change, "--on", "stack", "--json")
    assert answer.returncode == 1, answer.stderr
    document = json.loads(answer.stdout)
    (rule,) = (one for one in document["rules"] if one["rule"] == "structural_reduction")
    assert rule["gaining"] >= 1
    assert rule["losing"] == 0
    assert PERSON not in answer.stdout
    assert PERSON in run(servers, "what-if", "--set", change, "--on", "stack", "--json", "--persons").stdout


def test_what_was_changed_behind_the_rules_back_comes_out(servers: Settings, finding: str) -> None:
    with postgres.connect(servers, "owner") as connection:
        connection.execute("update rules.finding set version = 7 where finding = %s", (finding,))
    answer = run(servers, "replay", finding, "--json")
    assert answer.returncode == 1
    assert {one["field"]: one["now"] for one in json.loads(answer.stdout)["differences"]} == {"version": "7"}
    with postgres.connect(servers, "owner") as connection:
        connection.execute("update rules.finding set version = 1 where finding = %s", (finding,))
        connection.execute(
            "delete from rules.earlier where kind = %s and person = %s",
            (WAGES, pseudonym(servers.pepper(), PERSON)),
        )
    gone = run(servers, "replay", finding)
    assert gone.returncode == 1
    assert "1 events it rests on are not held any more" in gone.stderr


def _kept(servers: Settings, quarter: str) -> set[tuple[str, str]]:
    """The digests of the working time that was sent in a quarter in its first version."""
    value = decode_body(contract(FACTS), split(bundle(servers, {"quarter": quarter, **JOB}, 1, person=YOUNG))[1])
    return {(event_name(WORKING_TIME, f"lived-{quarter}", 1), sha256(value["facts"][1]["body"]).hexdigest())}


def test_a_right_over_several_quarters_shows_the_working_time_of_each_and_is_decided_again(
    servers: Settings, right: str
) -> None:
    document = json.loads(run(servers, "explain", right, "--json").stdout)
    shown = {(one["event"], one["sha256"]) for one in document["evidence"]}
    assert shown == _kept(servers, "2025Q4") | _kept(servers, "2026Q1")
    jurist = run(servers, "explain", right, "--for", "jurist")
    assert (jurist.returncode, "employer none" in jurist.stdout) == (0, True)
    assert all(event in jurist.stdout for event, _ in shown)
    answer = run(servers, "replay", right, "--json")
    again = json.loads(answer.stdout)
    assert (answer.returncode, again["same"], again["events"], again["differences"]) == (0, True, 2, [])


def test_who_would_lose_a_right_over_several_quarters_is_counted_over_what_is_stored(
    servers: Settings, right: str
) -> None:
    change = "youth_holiday.conditions.below=20"
    answer = run(servers, "what-if", "--set", change, "--on", "stack", "--json", "--persons")
    document = json.loads(answer.stdout)
    (rule,) = (one for one in document["rules"] if one["rule"] == "youth_holiday")
    assert (answer.returncode, rule["gaining"], rule["net"]) == (1, 0, "0.00")
    assert (YOUNG, "2026Q1", "losing") in {(one["person"], one["quarter"], one["verdict"]) for one in rule["persons"]}
    assert document["histories"] >= 1
    same = run(servers, "diff", "--from", "2026-07-01", "--to", "2026-07-01", "--on", "stack")
    assert (same.returncode, "youth holiday" in same.stdout) == (0, True)


@pytest.mark.parametrize(
    "change",
    ["youth_holiday.conditions.nothing=1", "youth_holiday.conditions.below=many", "no_such_rule.conditions.below=1"],
)
def test_a_figure_that_is_not_there_is_wrong_use(servers: Settings, change: str) -> None:
    answer = run(servers, "what-if", "--set", change, "--on", "stack")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert change in answer.stderr


def test_working_time_that_was_changed_behind_the_rules_back_is_told_of_a_right(servers: Settings, right: str) -> None:
    whose = (WORKING_TIME, "2025Q4", pseudonym(servers.pepper(), YOUNG))
    change = "update rules.earlier set body = %s where kind = %s and quarter = %s and person = %s"
    with postgres.connect(servers, "owner") as connection:
        query = "select body from rules.earlier where kind = %s and quarter = %s and person = %s"
        ((held,),) = connection.execute(query, whose).fetchall()
        connection.execute(change, (bytes(held) + b"\x00", *whose))
    told = run(servers, "replay", right)
    assert told.returncode == 1
    assert f"1 events it rests on are not held any more: {event_name(WORKING_TIME, 'lived-2025Q4', 1)}" in told.stderr
    with postgres.connect(servers, "owner") as connection:
        connection.execute(change, (held, *whose))
    assert run(servers, "replay", right).returncode == 0
