"""Each submission has its answers: stored with it, the same whenever they are fetched, and a fetch is an act."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from importlib.resources import files
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from lxml.etree import fromstring
from psycopg import Connection

from backbone import postgres
from backbone.errors import Stop
from backbone.settings import Settings
from backbone.stack.postgres import SUPERUSER
from consumers import acts
from kruispunt.monitoring import books, ledger
from producers.intake import answer_store, register
from producers.intake.receipts import Receipt
from schemas.roles import Role
from tests.builders.declarations import FORM, ITS_FIRST_PERSON, decision_line, of_employer, with_form
from tests.builders.processes import within
from tests.builders.receive_file import receive_file

Run = Callable[..., CompletedProcess[str]]
RECEIVED = date(2022, 10, 20)
numbers = iter(random.SystemRandom().sample(range(1_000_000, 9_999_999), 100))
"""Every test has employers of its own: the register is shared and never forgets."""


def employer() -> str:
    head = next(numbers)
    return f"0{head}{97 - head % 97:02d}"


@pytest.fixture
def command(servers: Settings) -> Run:
    return partial(within, servers.home)


@pytest.fixture
def send(servers: Settings, tmp_path: Path) -> Callable[[str], Receipt]:
    def submit(text: str) -> Receipt:
        path = tmp_path / f"{next(numbers)}.xml"
        path.write_text(text, "utf-8")
        return receive_file(servers, path, on=RECEIVED)

    return submit


def wrong(text: str) -> str:
    """The declaration with one digit that does not fit."""
    return text.replace(ITS_FIRST_PERSON, "85073003329")


def fetched(command: Run, *arguments: str, code: int = 0) -> str:
    answer = command("receipts", *arguments)
    assert answer.returncode == code, answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr
    return answer.stdout


def answers(command: Run, ticket: str, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(fetched(command, ticket, "--json", *options))
    return found


@contextmanager
def acts_since(servers: Settings) -> Iterator[list[dict[str, Any]]]:
    """The acts of what is done within, filled when it is done."""
    found: list[dict[str, Any]] = []
    with postgres.connect(servers, SUPERUSER, "kruispunt", autocommit=True) as connection:
        before = len(list(acts.since(connection, None)))
        yield found
        found.extend(list(acts.since(connection, None))[before:])


def red(servers: Settings) -> dict[str, int]:
    return {row.effect: row.difference for row in ledger._answered(books.read(servers)) if row.difference}


def test_a_submission_prints_the_ticket_by_which_its_answers_are_fetched(
    command: Run, servers: Settings, tmp_path: Path
) -> None:
    number = employer()
    path = tmp_path / "declaration.xml"
    path.write_text(of_employer(number), "utf-8")
    shown = command("submit", path, "--on", str(RECEIVED))
    assert shown.returncode == 0, shown.stderr
    [receipt] = json.loads(command("submit", path, "--on", str(RECEIVED), "--json").stdout)["submissions"]
    assert receipt["ticket"] == receipt["submission"]
    assert receipt["ticket"] in shown.stdout
    with acts_since(servers) as done:
        first, again = (answers(command, receipt["ticket"]) for _ in range(2))
    assert first == again
    acknowledgement, notification = first
    assert [answer["kind"] for answer in first] == ["acknowledgement", "notification"]
    assert [answer["form"] for answer in first] == ["ACRF001", "NOTI001"]
    assert [answer["result"] for answer in first] == ["received", "accepted"]
    assert {answer["ticket"] for answer in first} == {receipt["ticket"]}
    assert acknowledgement["at"] == notification["at"]
    [declared] = receipt["declarations"]
    assert {name: notification[name] for name in declared} == declared
    assert notification["place"] == "/DmfAOriginal/Form[1]"
    looks = [(act["by"], act["action"], act["about"]) for act in done]
    assert looks == [("intake", "looked at the receipts of a submission", receipt["ticket"])] * 2


def test_a_refused_submission_has_its_answers_in_four_languages_and_keeps_no_value(
    command: Run, servers: Settings, send: Callable[[str], Receipt]
) -> None:
    good, bad = employer(), employer()
    receipt = send(with_form(of_employer(bad, wrong(FORM)), of_employer(good)))
    assert not receipt.accepted
    _, first, second = answers(command, receipt.ticket, "--language", "fr")
    assert [(first["employer"], first["result"], first["anomalies"]) for first in (first,)] == [(good, "refused", [])]
    assert (second["employer"], second["quarter"], second["declaration"]) == (bad, "2022Q3", None)
    [anomaly] = second["anomalies"]
    assert anomaly.pop("remedy")
    assert anomaly == {
        "code": "00024-004", "zone": "00024", "label": "INSS", "severity": "blocking",
        "path": "/DmfAOriginal/Form[2]/EmployerDeclaration/NaturalPerson[1]/INSS",
        "text": "Nombre de contrôle invalide",
    }  # fmt: skip
    for language, said in (
        ("nl", "Ongeldig controlegetal (blokkeert)"), ("fr", "Nombre de contrôle invalide (bloquante)"),
        ("de", "Ungültige Prüfziffer (blockiert)"), ("en", "Invalid check digits (blocks)"),
    ):  # fmt: skip
        assert said in fetched(command, receipt.ticket, "--language", language)
    with postgres.connect(servers, Role.INTAKE) as connection:
        kept = connection.execute("select answer::text from register.answer where submission = %s", (receipt.ticket,))
        stored = "".join(row[0] for row in kept)
    assert "00024-004" in stored
    assert [number for number in ("85073003329", ITS_FIRST_PERSON) if number in stored] == []
    assert send(with_form(of_employer(bad, wrong(FORM)), of_employer(good))).already_received


def test_the_forms_come_one_after_another_the_acknowledgement_first(
    command: Run, send: Callable[[str], Receipt]
) -> None:
    ticket = send(with_form(of_employer(employer(), FORM), of_employer(employer()))).ticket
    written = fetched(command, ticket, "--xml")
    documents = [fromstring(f"<?xml{part}".encode()) for part in written.split("<?xml")[1:]]
    assert [document.tag for document in documents] == ["ACRF", "NOTIFICATION", "NOTIFICATION"]
    assert {number.text for document in documents for number in document.iter("ReferenceNbr")} == {ticket}
    assert written == fetched(command, ticket, "--xml")


@pytest.mark.parametrize("number", [3, answer_store.AT_ONCE + 50])
def test_few_answers_and_many_are_stored_in_the_order_of_the_file(
    command: Run, send: Callable[[str], Receipt], number: int
) -> None:
    name = employer()
    lines = [json.dumps(decision_line(f"{name}-{line}")) for line in range(number)]
    _, *found = answers(command, send("\n\n".join(lines)).ticket)
    assert [answer["place"] for answer in found] == [f"/line[{2 * line + 1}]" for line in range(number)]
    assert {(answer["result"], answer["version"], answer["employer"]) for answer in found} == {("accepted", 1, None)}


def test_the_latest_submissions_are_listed_the_oldest_of_them_first(
    command: Run, servers: Settings, send: Callable[[str], Receipt]
) -> None:
    sent = [send(of_employer(employer())), send("no declaration"), send(json.dumps(decision_line(employer())))]
    with acts_since(servers) as done:
        listed = json.loads(fetched(command, "--json"))[-3:]
    assert [one["ticket"] for one in listed] == [receipt.ticket for receipt in sent]
    assert [(one["accepted"], one["answers"]) for one in listed] == [(True, 2), (False, 1), (True, 2)]
    assert [act["action"] for act in done] == ["listed the latest submissions"]
    shown = fetched(command, "--language", "de")
    assert [receipt.ticket for receipt in sent if receipt.ticket not in shown] == []


def test_an_unknown_ticket_is_answered_with_no_and_the_act_does_not_repeat_it(command: Run, servers: Settings) -> None:
    with acts_since(servers) as done:
        assert fetched(command, ITS_FIRST_PERSON, "--json", code=1) == ""
    assert [(act["by"], act["action"]) for act in done] == [("intake", "was refused a look")]
    assert ITS_FIRST_PERSON not in json.dumps(done)
    assert fetched(command, "\udcff", code=1) == ""
    assert fetched(command, "--xml", code=2) == ""
    assert fetched(command, "abc", "--xml", "--json", code=2) == ""


def test_a_submission_that_is_not_registered_has_no_answers(
    servers: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_text(json.dumps(decision_line(employer())), "utf-8")
    count = "select count(*) from register.answer"
    with postgres.connect(servers, Role.INTAKE, autocommit=True) as connection:
        before = connection.execute(count).fetchone()
        with monkeypatch.context() as broken:
            broken.setattr(register, "FACTS", "copy register.outbox (nothing) from stdin (format binary)")
            with pytest.raises(Stop):
                receive_file(servers, path)
        assert connection.execute(count).fetchone() == before
    assert receive_file(servers, path).accepted


def test_an_answer_that_is_lost_is_a_difference_until_it_is_back(
    servers: Settings, send: Callable[[str], Receipt]
) -> None:
    ticket = send(of_employer(employer())).ticket
    assert red(servers) == {}
    take = "delete from register.answer where submission = %s and number = %s returning *"
    with postgres.connect(servers, SUPERUSER, "kruispunt", autocommit=True) as connection:
        for number, effect in (
            (0, "submissions received = acknowledgements stored"), (1, "declarations judged = notifications stored"),
        ):  # fmt: skip
            connection.execute("create temporary table saved (like register.answer)")
            connection.execute(f"with taken as ({take}) insert into saved select * from taken", (ticket, number))  # noqa: S608
            assert red(servers) == {effect: -1}
            connection.execute("insert into register.answer select * from saved")
            connection.execute("drop table saved")
    assert red(servers) == {}


def test_what_came_before_there_were_answers_is_told_as_such(command: Run, servers: Settings) -> None:
    with postgres.connect(servers, SUPERUSER, "kruispunt", autocommit=True) as connection:
        connection.execute(
            "insert into register.submission (id, digest, accepted, declarations, anomalies)"
            " values ('from before', sha256('from before'), true, '[]', '[]') on conflict do nothing"
        )
        try:
            refused = command("receipts", "from before", "--json")
            listed = json.loads(fetched(command, "--json"))[-1]
        finally:
            connection.execute("delete from register.submission where id = 'from before'")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "before answers were stored" in refused.stderr
    assert (listed["ticket"], listed["answers"]) == ("from before", None)
    assert red(servers) == {}


@pytest.fixture
def older(servers: Settings) -> Iterator[Connection[Any]]:
    """A register as the version before had it, with a submission."""
    with postgres.connect(servers, SUPERUSER, "postgres", autocommit=True) as connection:
        connection.execute("create database older")
        try:
            with postgres.connect(servers, SUPERUSER, "older", autocommit=True) as register_before:
                yield register_before
        finally:
            connection.execute("drop database older with (force)")


def test_a_register_of_the_version_before_owes_no_answers(older: Connection[Any]) -> None:
    steps = sorted((files("producers") / "sql" / "register").iterdir(), key=lambda step: step.name)
    new = next(step for step in steps if step.name == "005_answer.sql")
    for step in steps[: steps.index(new)]:
        older.execute(step.read_bytes())
    older.execute("insert into register.submission values ('old', sha256('old'), now(), true, '[]', '[]')")
    older.execute(new.read_bytes())
    assert older.execute("select judged from register.submission").fetchall() == [(None,)]
    due = older.execute("select what, number from register.answers_due order by what").fetchall()
    assert [(what, int(number)) for what, number in due] == [("acknowledgements", 0), ("notifications", 0)]
    assert older.execute("select * from register.answers_stored").fetchall() == []
