"""Whoever holds back publication is named, with since when: its session, and nothing of what it does."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import psycopg
import pytest

from backbone import horizon, postgres
from backbone.settings import Settings
from schemas.identifiers import inss, pseudonym
from tests.builders.processes import as_process, ask_to_stop, start

PUT = "insert into notifier.outbox (topic, key, value) values ('notices.status', %s, %s)"
KEY = pseudonym(b"held", inss(720202001, after_2000=False))
SECRET = "what nobody else reads"
PATIENCE_S = 40.0
ASK = "select pid, role, application, state from watch.open_transactions(%s)"


def write(connection: psycopg.Connection[Any]) -> int:
    """Write in a transaction that stays open; gives its process."""
    connection.execute(PUT, (KEY, SECRET.encode()))
    return connection.info.backend_pid


@pytest.fixture
def relay_log(servers: Settings, tmp_path: Path) -> Iterator[IO[str]]:
    log = tmp_path / "relay.log"
    with log.open("w") as written:
        process = start(servers.home, "relay", streams={"stdout": written, "stderr": written})
    with log.open() as read:
        yield read
    ask_to_stop(process)
    process.wait(30)


def said(log: IO[str], event: str) -> dict[str, Any]:
    """The next line of the log about this."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        line = log.readline()
        if line.startswith("{") and (found := json.loads(line))["event"] == event:
            return dict(found)
        time.sleep(0 if line else 0.1)
    raise AssertionError(f"the relay does not say: {event}")


def status(settings: Settings, *options: str) -> str:
    answer = as_process(settings.home, "status", *options)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_the_relay_and_status_name_the_transaction_that_is_waited_for_and_since_when(
    servers: Settings, relay_log: IO[str]
) -> None:
    with postgres.connect(servers, "notifier", application_name="a batch by hand") as idle:
        process = write(idle)
        with postgres.connect(servers, "notifier") as other:
            write(other)
        told = said(relay_log, "publication waits for a transaction")
        assert (told["source"], told["pid"], told["role"]) == ("notifier", process, "notifier")
        assert (told["application"], told["state"]) == ("a batch by hand", "idle in transaction")
        waits = json.loads(status(servers, "--json"))["waits"]
        assert len(waits) == 1
        assert waits[0].pop("since") == told["since"][:19] + "Z"
        assert waits[0] == {
            "stage": "relay notifier", "pid": process, "role": "notifier", "application": "a batch by hand",
            "state": "idle in transaction",
        }  # fmt: skip
        shown = " ".join(status(servers).split())
        assert f"relay notifier waits for a transaction of a batch by hand of notifier (pid {process}, idle" in shown
        idle.rollback()
    assert said(relay_log, "publication goes on")["source"] == "notifier"


def test_who_asks_sees_sessions_with_a_transaction_here_and_nothing_of_what_they_do(servers: Settings) -> None:
    with (
        postgres.connect(servers, "notifier") as writing,
        postgres.connect(servers, "notifier") as reading,
        postgres.connect(servers, "rva", "rva") as elsewhere,
        postgres.connect(servers, "inspector", autocommit=True) as asking,
    ):
        process = write(writing)
        with postgres.connect(servers, "notifier") as behind:
            write(behind)
        reading.execute("select 1")
        elsewhere.execute("select pg_current_xact_id()")
        everybody = [one.info.backend_pid for one in (writing, reading, elsewhere, asking)]
        found = asking.execute("select * from watch.open_transactions(%s)", (everybody,))
        assert [column.name for column in found.description or ()] == ["pid", "role", "application", "state", "since"]
        assert [row[0] for row in found] == [process]
        assert [one.pid for one in horizon.holding_back(asking, "notifier.outbox", 0)] == [process]
        assert horizon.holding_back(asking, "notifier.outbox", 60) == []
        assert horizon.holding_back(asking, "register.outbox", 0) == []


@pytest.mark.parametrize("role", ["intake", "exchange", "auditor"])
def test_nobody_else_may_ask_who_holds_a_transaction(servers: Settings, role: str) -> None:
    with postgres.connect(servers, role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(ASK, ([1],))
