"""A deliberation that is loaded or withdrawn counts from the next batch on; a wrong one changes nothing."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog
import yaml

from backbone import kafka, postgres
from backbone.errors import Reject
from backbone.settings import Settings
from consumers.deliberations import load, store
from consumers.exchange.run import Exchange
from consumers.narrowing.projection import projections
from kruispunt.provisioning.declared_state import begin_with_shipped, register
from schemas.codec import decode_body, encode, split
from schemas.contracts import contract
from schemas.identifiers import derive, inss, pseudonym
from schemas.registry import SchemaBook
from schemas.samples import sample
from schemas.topics import delivery
from tests.builders.processes import COMMAND

KIND = "declarations.working-time"
PERSON = inss(690303000 + time.time_ns() % 997, after_2000=False)
MARK = derive("deliberations live", str(time.time_ns()))
PATIENCE_S = 60.0
NUMBER = f"{time.time_ns() % 90 + 10}/9{time.time_ns() // 1000 % 90 + 10}"
NEW: dict[str, Any] = {
    "number": NUMBER,
    "version": 1,
    "recipient": "bouw",
    "basis": "An act.",
    "purpose": "See whether a new version counts at once.",
    "names": {"nl": "a", "fr": "b", "de": "c", "en": "d"},
    "from": date(2026, 1, 1),
    "retention": 1,
    "population": ["38/0"],
    "fields": {KIND: ["lines.occupations.mean_hours"]},
}


def written(**changes: Any) -> tuple[str, str]:
    return "new.yaml", yaml.safe_dump(NEW | changes)


Exchanged = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def exchanged(servers: Settings) -> Iterator[Exchanged]:
    """Publishes an event of this name, lets one exchange that is never restarted do its work, gives bouw's copies."""
    with postgres.connect(servers, "operator") as connection:
        connection.execute(
            "insert into directory.dossier values (%s, 'bouw', '38/0', '2020-01-01') on conflict do nothing", (PERSON,)
        )
    exchange = Exchange.open(servers, structlog.get_logger())
    writer = kafka.producer(servers, "relay")

    def through(name: str) -> dict[str, Any]:
        record = sample(KIND) | {
            "event": derive(MARK, name), "declaration": MARK, "person": PERSON, "quarter": "2026Q3",
        }  # fmt: skip
        writer.produce(KIND, encode(contract(KIND), record), pseudonym(servers.pepper(), PERSON))
        assert writer.flush(PATIENCE_S) == 0
        deadline = time.monotonic() + PATIENCE_S
        while not (found := copies(servers, derive(MARK, name))):
            assert time.monotonic() < deadline, "nothing was delivered"
            exchange.handle_batch()
        return found

    yield through
    exchange.close()


def copies(settings: Settings, event: str) -> dict[str, Any]:
    """The copies of an event on bouw's topic, by deliberation."""
    with postgres.connect(settings, "exchange") as connection, connection.cursor() as cursor:
        kept = store.current(cursor).by_id.values()
    book = SchemaBook()
    for projection in projections(kept):
        book.add(projection.contract)
    found = {}
    for message in kafka.read_all(settings, "inspector", delivery("bouw")):
        value = message.value() or b""
        if event.encode() in value:
            number, body = split(value)
            record = decode_body(book.get(number), body)
            found[record["deliberation"]] = record
    return found


def revision_of(settings: Settings) -> int:
    with postgres.connect(settings, "exchange") as connection, connection.cursor() as cursor:
        return store.revision(cursor)


def add(settings: Settings, *texts: tuple[str, str]) -> list[str]:
    with postgres.connect(settings, "operator") as connection:
        return [one.id for one in store.add(connection, texts, reason="a test", register=register(settings))]


def test_a_new_deliberation_counts_from_the_next_batch_on_and_a_withdrawn_one_no_more(
    servers: Settings, exchanged: Exchanged
) -> None:
    assert set(exchanged("before")) == {"19/066@1"}
    assert add(servers, written()) == [f"{NUMBER}@1"]
    after = exchanged("after")
    assert set(after) == {"19/066@1", f"{NUMBER}@1"}
    new, shipped = after[f"{NUMBER}@1"]["lines"], after["19/066@1"]["lines"]
    assert "mean_hours" in new[0]["occupations"][0]
    assert "joint_committee" not in new[0]["occupations"][0]
    assert "mean_hours" not in shipped[0]["occupations"][0]
    assert add(servers, written()) == []
    with postgres.connect(servers, "operator") as connection:
        assert store.withdraw(connection, [NUMBER], reason="a test") == (f"{NUMBER}@1",)
    assert set(exchanged("withdrawn")) == {"19/066@1"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"fields": {KIND: ["lines.salary"]}}, "not in the contract"),
        ({"population": ["18/1"]}, "18/1 is not a quality of bouw"),
        ({"until": date(2020, 1, 1)}, "lies before from"),
        ({"number": "19/066", "version": 2}, "overlaps 19/066@1 in what is kept"),
        ({"number": "19/066"}, "19/066@1 is kept and never changes"),
        ({"number": "20/296", "version": 3, "from": date(2040, 1, 1)}, "belongs to rva"),
    ],
)
def test_a_wrong_deliberation_is_refused_whole_and_what_was_in_force_stays(
    servers: Settings, changes: dict[str, Any], told: str
) -> None:
    before = revision_of(servers)
    sound = "sound.yaml", yaml.safe_dump(NEW | {"number": "98/998"})
    with pytest.raises(Reject, match=told):
        add(servers, sound, written(**changes))
    assert revision_of(servers) == before
    assert last_act(servers)["action"] == "was refused deliberations"
    assert last_act(servers)["detail"]["faults"] >= 1
    with postgres.connect(servers, "exchange") as connection, connection.cursor() as cursor:
        assert "98/998@1" not in store.current(cursor).by_id


def last_act(settings: Settings) -> dict[str, Any]:
    with postgres.connect(settings, "owner") as connection:
        row = connection.execute("select line::jsonb from audit.act order by number desc limit 1").fetchone()
    assert row
    return dict(row[0])


def test_a_withdrawal_or_a_file_that_is_refused_is_on_record_without_what_was_given(
    servers: Settings, tmp_path: Path
) -> None:
    before, given = revision_of(servers), "85010100199"
    with postgres.connect(servers, "operator") as connection, pytest.raises(Reject, match="Nothing in force is called"):
        store.withdraw(connection, [given], reason="a slip")
    act = last_act(servers)
    assert (act["by"], act["action"]) == ("operator", "was refused a withdrawal")
    assert (act["detail"], given in json.dumps(act)) == ({"unknown": 1, "reason": "a slip"}, False)
    (tmp_path / f"{given}.yaml").write_bytes(b"\xff")
    refused = subprocess.run(
        [COMMAND, "deliberations", "load", tmp_path],
        env={**os.environ, "KRUISPUNT_HOME": str(servers.home)}, capture_output=True, check=False,
    )  # fmt: skip
    assert refused.returncode == 2
    act = last_act(servers)
    assert (act["by"], act["action"]) == ("operator", "was refused deliberations")
    assert (act["detail"]["faults"], given in json.dumps(act)) == (1, False)
    assert revision_of(servers) == before


def test_a_version_can_be_given_an_end_today_or_later_and_not_in_the_past(servers: Settings) -> None:
    number = NUMBER.replace("/9", "/8")
    assert add(servers, written(number=number)) == [f"{number}@1"]
    with pytest.raises(Reject, match="what has been in force stays so"):
        add(servers, written(number=number, until=date(2026, 3, 1)))
    assert add(servers, written(number=number, until=date(2199, 12, 31))) == [f"{number}@1"]
    assert add(servers, written(number=number, version=2, **{"from": date(2200, 1, 1)})) == [f"{number}@2"]
    with postgres.connect(servers, "operator") as connection:
        store.withdraw(connection, [number], reason="the end of a test")


def test_what_this_version_ships_is_kept_and_seeding_again_changes_nothing(servers: Settings) -> None:
    before = revision_of(servers)
    begin_with_shipped(servers)
    assert revision_of(servers) == before
    with postgres.connect(servers, "exchange") as connection, connection.cursor() as cursor:
        assert {one.id for one in load()} <= set(store.current(cursor).by_id)


def test_a_later_version_that_is_shipped_takes_the_place_of_an_open_one_at_once(
    servers: Settings, tmp_path: Path
) -> None:
    number = f"{time.time_ns() % 90 + 10}/8{time.time_ns() // 1000 % 90 + 10}"
    earlier = NEW | {"number": number}
    ended = earlier | {"until": date(2026, 10, 31)}
    later = earlier | {"version": 2, "from": date(2026, 11, 1)}
    with postgres.connect(servers, "owner") as connection:
        (tmp_path / "v1.yaml").write_text(yaml.safe_dump(earlier), "utf-8")
        assert [one.id for one in store.seed(connection, register(servers), tmp_path)] == [f"{number}@1"]
        for name, text in (("v1.yaml", ended), ("v2.yaml", later)):
            (tmp_path / name).write_text(yaml.safe_dump(text), "utf-8")
        assert [one.id for one in store.seed(connection, register(servers), tmp_path)] == [f"{number}@2"]
        assert store.seed(connection, register(servers), tmp_path) == ()
        with connection.cursor() as cursor:
            kept = store.current(cursor)
        assert [one.id for one in kept.usable if one.number == number] == [f"{number}@2"]
        store.withdraw(connection, [number], reason="a test")


@pytest.mark.parametrize("table", ["revision", "kept", "withdrawal"])
@pytest.mark.parametrize("change", ["delete from {}", "update {} set revision = 0", "truncate {}"])
def test_what_is_kept_of_deliberations_cannot_be_changed(servers: Settings, table: str, change: str) -> None:
    column = "number" if table == "revision" else "revision"
    statement = change.format(f"deliberations.{table}").replace("set revision", f"set {column}")
    for role, refusal in (
        ("operator", psycopg.errors.InsufficientPrivilege),
        ("exchange", psycopg.errors.InsufficientPrivilege),
        ("owner", psycopg.errors.RestrictViolation if "truncate" not in change else psycopg.Error),
    ):
        with postgres.connect(servers, role) as connection, pytest.raises(refusal):
            connection.execute(statement)
