"""A file is registered once and whole: whoever sends it again, or at the same moment, gets the same receipt."""

import itertools
import json
import os
import random
import re
import resource
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, LiteralString, Protocol

import pytest
from psycopg.errors import InsufficientPrivilege

from backbone import postgres, trouble
from backbone.errors import Retry, Stop
from backbone.settings import Settings
from kruispunt.commands.intake import excess
from kruispunt.commands.intake.check import check_file
from kruispunt.commands.intake.generate import due
from population.generate import generate
from producers.intake import register
from producers.intake.receipts import Receipt
from producers.intake.receive import nothing_more, receive
from schemas.codec import decode_body, split
from schemas.contracts import contract
from schemas.identifiers import pseudonym
from schemas.roles import Role
from tests.builders.declarations import FORM, decision_line, of_employer, with_form
from tests.builders.law import LAW
from tests.builders.processes import COMMAND
from tests.builders.receive_file import receive_file

RECEIVED = date(2022, 10, 20)
BARRED = ["00218-008", "00013-313"]
numbers = itertools.count(random.SystemRandom().randrange(10_000_000, 19_000_000))
"""Every test has employers and decisions of its own: the register is shared and never forgets."""


MOST_CONNECTIONS = 1_000


def employer() -> str:
    head = next(numbers)
    return f"{head}{97 - head % 97:02d}"


class Send(Protocol):
    """Hands a text in as a file, received on a day."""

    def __call__(self, text: str, on: date = RECEIVED) -> Receipt: ...


@pytest.fixture
def send(servers: Settings, tmp_path: Path) -> Send:
    def submit(text: str, on: date = RECEIVED) -> Receipt:
        path = tmp_path / f"{next(numbers)}.xml"
        path.write_text(text, "utf-8")
        return receive_file(servers, path, on=on)

    return submit


def rows(servers: Settings, query: Any, *values: Any) -> list[Any]:
    with postgres.connect(servers, "owner") as connection:
        return connection.execute(query, values).fetchall()


def events(servers: Settings, receipt: Receipt) -> list[tuple[str, bytes, dict[str, Any]]]:
    """What lies in the outbox of the declarations of a receipt."""
    wanted = {declared.declaration for declared in receipt.declarations}
    # Other tests leave rows of their own, which are no events.
    found = rows(servers, "select topic, key, value from register.outbox where get_byte(value, 0) = 0 order by tx, id")
    decoded = [(topic, bytes(key), decode_body(contract(topic), split(bytes(value))[1])) for topic, key, value in found]
    return [entry for entry in decoded if entry[2]["declaration"] in wanted]


def test_an_accepted_declaration_and_its_facts_are_there_together(servers: Settings, send: Send) -> None:
    number = employer()
    receipt = send(of_employer(number))
    assert receipt.accepted
    assert not receipt.already_received
    (declared,) = receipt.declarations
    assert (declared.employer, declared.quarter, declared.persons) == (number, "2022Q3", 6)
    assert (declared.version, declared.status) == (1, "original")
    found = events(servers, receipt)
    assert len(found) == 18
    assert {key for _, key, _ in found} == {pseudonym(servers.pepper(), event["person"]) for _, _, event in found}
    content = rows(servers, "select content from register.declaration where id = %s", declared.declaration)[0][0]
    assert content["net_owed"] == 177140
    assert content["vehicles"] == [{"line": 1, "licence_plate": "1AAA001", "ecological": False}]
    assert content["form"]["reference"]["reference_number"] == "2022-3-0001"


def test_the_same_bytes_give_the_first_receipt_and_nothing_new(servers: Settings, send: Send) -> None:
    text = of_employer(employer())
    first, again = send(text), send(text)
    assert (again.submission, again.declarations, again.anomalies) == (
        first.submission,
        first.declarations,
        first.anomalies,
    )
    assert again.already_received
    assert len(events(servers, first)) == 18


def test_the_same_bytes_at_the_same_moment_are_registered_once(servers: Settings, tmp_path: Path) -> None:
    path = tmp_path / "same.xml"
    path.write_text(of_employer(employer()), "utf-8")
    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(lambda _: receive_file(servers, path, on=RECEIVED), range(4)))
    assert sorted(receipt.already_received for receipt in receipts) == [False, True, True, True]
    assert len({receipt.submission for receipt in receipts}) == 1
    assert len(events(servers, receipts[0])) == 18


def test_two_originals_of_one_declaration_at_the_same_moment_are_accepted_once(
    servers: Settings, tmp_path: Path
) -> None:
    number = employer()
    paths = []
    for reference in ("one", "two", "three"):
        paths.append(tmp_path / f"{reference}.xml")
        paths[-1].write_text(of_employer(number).replace("2022-3-0001", reference), "utf-8")
    with ThreadPoolExecutor(3) as pool:
        receipts = list(pool.map(lambda path: receive_file(servers, path, on=RECEIVED), paths))
    assert sorted(receipt.accepted for receipt in receipts) == [False, False, True]
    accepted = next(receipt for receipt in receipts if receipt.accepted)
    assert len(events(servers, accepted)) == 18


def test_a_second_original_is_refused_and_says_where(send: Send) -> None:
    number = employer()
    assert send(of_employer(number)).accepted
    receipt = send(of_employer(number).replace("2022-3-0001", "another"))
    assert not receipt.accepted
    assert [(anomaly.code, anomaly.path) for anomaly in receipt.anomalies] == [
        ("90007-006", "/DmfAOriginal/Form[1]/EmployerDeclaration")
    ]
    assert receipt.declarations == ()


def test_one_wrong_form_keeps_all_forms_of_a_file_out(servers: Settings, send: Send) -> None:
    good, bad = employer(), employer()
    wrong = of_employer(bad, FORM).replace("85073003328", "85073003329")
    receipt = send(with_form(wrong, of_employer(good)))
    assert not receipt.accepted
    assert rows(servers, "select 1 from register.declaration where employer in (%s, %s)", good, bad) == []
    assert send(of_employer(good)).accepted


def test_a_form_that_is_there_already_keeps_all_forms_of_a_file_out(servers: Settings, send: Send) -> None:
    old, new = employer(), employer()
    assert send(of_employer(old)).accepted
    receipt = send(with_form(of_employer(old, FORM), of_employer(new)))
    assert [anomaly.path for anomaly in receipt.anomalies] == ["/DmfAOriginal/Form[2]/EmployerDeclaration"]
    assert rows(servers, "select 1 from register.declaration where employer = %s", new) == []


def test_a_refused_file_gets_the_same_refusal_again(servers: Settings, send: Send) -> None:
    text = of_employer(employer()).replace("85073003328", "85073003329")
    first, again = send(text), send(text)
    assert [anomaly.code for anomaly in first.anomalies] == ["00024-004"]
    assert (again.submission, again.anomalies, again.already_received) == (first.submission, first.anomalies, True)
    assert rows(servers, "select accepted from register.submission where id = %s", first.submission) == [(False,)]


@pytest.mark.parametrize(
    ("day", "codes"), [(date(2025, 10, 31), ["00218-008"]), (date(2025, 11, 1), BARRED), (None, BARRED)]
)
def test_a_quarter_is_time_barred_by_the_day_of_receipt_whatever_day_the_form_says(
    servers: Settings, tmp_path: Path, day: date | None, codes: list[str]
) -> None:
    path = tmp_path / "old.xml"
    path.write_text(of_employer(employer()), "utf-8")
    first = receive_file(servers, path, on=day)
    assert [anomaly.code for anomaly in first.anomalies] == codes
    again = receive_file(servers, path, on=RECEIVED)
    assert (again.accepted, again.already_received, again.anomalies) == (False, True, first.anomalies)


def test_a_form_made_after_the_day_of_receipt_is_refused(servers: Settings, tmp_path: Path) -> None:
    path = tmp_path / "early.xml"
    path.write_text(of_employer(employer()), "utf-8")
    receipt = receive_file(servers, path, on=date(2022, 10, 13))
    assert [(anomaly.code, anomaly.severity) for anomaly in receipt.anomalies] == [("00218-008", "blocking")]


def test_what_is_taken_beyond_what_is_due_is_told_on_the_receipt_as_in_the_check(
    servers: Settings, tmp_path: Path
) -> None:
    generate(25, "2026Q1", tmp_path, seed=90210, due=partial(due, LAW))
    path = tmp_path / "dmfa-2026Q1-0001.xml"
    claim = re.compile(r"(<DeductionCode>3000</DeductionCode>\s*<DeductionAmount>)\d+")
    path.write_text(claim.sub(r"\g<1>9000000", path.read_text("utf-8"), count=3), "utf-8")
    day = date(2026, 4, 30)
    with postgres.connect(servers, Role.INTAKE, autocommit=True) as connection:
        receipts = [
            receive(connection, path, pepper=servers.pepper(), on=day, look=look)
            for look in (partial(excess.look, law=LAW), nothing_more)
        ]
    told = [anomaly for anomaly in receipts[0].anomalies if anomaly.code == "00089-044"]
    assert len(told) == 3
    assert {anomaly.severity for anomaly in told} == {"non-blocking"}
    assert sorted(receipts[0].anomalies, key=str) == sorted(check_file(path, day, LAW).anomalies, key=str)
    assert [receipt.accepted for receipt in receipts] == [True, True]
    assert receipts[1].already_received
    assert receipts[1].anomalies == receipts[0].anomalies


def test_what_the_tables_do_not_know_is_kept_in_the_register_and_in_no_event(servers: Settings, send: Send) -> None:
    later = of_employer(employer()).replace("2022-", "2026-").replace("20223", "20263")
    text = later.replace("<Retired>0</Retired>", "<Retired>0</Retired><FlexiMark>7</FlexiMark>", 1)
    receipt = send(text.replace("<ServiceCode>001<", "<ServiceCode>081<", 1), date(2026, 10, 20))
    assert receipt.accepted
    assert {(anomaly.code, anomaly.severity) for anomaly in receipt.anomalies} == {
        ("90015-092", "non-blocking"), ("00062-008", "non-blocking"),
    }  # fmt: skip
    [(unread,)] = rows(
        servers, "select content -> 'unread' from register.declaration where submission = %s", receipt.submission
    )
    assert unread[0]["xml"] == "<FlexiMark>7</FlexiMark>"
    assert "<ServiceCode>081</ServiceCode>" in unread[1]["xml"]
    found = events(servers, receipt)
    assert len(found) == 18
    assert all(b"081" not in value and b"Flexi" not in value for _, value, _ in found)


def test_a_decision_that_changes_is_a_new_version_and_one_that_does_not_is_nothing_new(
    servers: Settings, send: Send
) -> None:
    name = f"rva-{next(numbers)}"
    decision = decision_line(name)
    first = send(json.dumps(decision))
    changed = send(json.dumps({**decision, "until": "2026-06-30"}))
    same = send(json.dumps({**decision, "until": "2026-06-30"}) + "\n\n")
    assert [receipt.declarations[0].version for receipt in (first, changed, same)] == [1, 2, 2]
    assert [receipt.declarations[0].status for receipt in (first, changed, same)] == ["original", "changed", "changed"]
    found = events(servers, first)
    assert [(event["version"], event["status"]) for _, _, event in found] == [(1, "original"), (2, "changed")]
    assert len({event["event"] for _, _, event in found}) == 2


def test_changes_of_one_decision_at_the_same_moment_all_become_versions(servers: Settings, tmp_path: Path) -> None:
    name = f"nic-{next(numbers)}"
    paths = []
    for cents in range(3):
        decision = decision_line(name, institution="nic", kind="incapacity", amount=f"55.1{cents}")
        paths.append(tmp_path / f"{cents}.jsonl")
        paths[-1].write_text(json.dumps(decision), "utf-8")
    with ThreadPoolExecutor(3) as pool:
        receipts = list(pool.map(lambda path: receive_file(servers, path, on=RECEIVED), paths))
    assert sorted(receipt.declarations[0].version for receipt in receipts) == [1, 2, 3]


def test_intake_can_neither_read_the_outbox_nor_change_what_is_registered(servers: Settings) -> None:
    for forbidden in (
        "select * from register.outbox",
        "delete from register.submission",
        "update register.declaration set persons = 0",
    ):
        with (
            postgres.connect(servers, Role.INTAKE) as connection,
            pytest.raises(InsufficientPrivilege),
        ):
            connection.execute(forbidden)


@pytest.mark.parametrize("number", [1, 3, 4, 10])
def test_a_receipt_too_long_for_one_value_is_the_same_when_it_is_asked_for_again(
    servers: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(register, "PART", 3)
    lines = [decision_line(f"rva-{next(numbers)}") for _ in range(number)]
    path = tmp_path / "decisions.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    first, again = receive_file(servers, path), receive_file(servers, path)
    assert len(first.declarations) == len({declared.declaration for declared in first.declarations}) == number
    assert again == replace(first, already_received=True)
    assert len(events(servers, first)) == number
    length = "select jsonb_array_length(declarations) from register."
    counted = rows(servers, f"{length}receipt_part where submission = %s order by number", first.submission)
    assert [size for (size,) in counted] == [len(lines[start : start + 3]) for start in range(3, number, 3)]
    assert rows(servers, f"{length}submission where id = %s", first.submission) == [(min(number, 3),)]


def test_a_long_receipt_is_written_whole_or_not_at_all(
    servers: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "PART", 1)
    path = tmp_path / "decisions.jsonl"
    path.write_text("\n".join(json.dumps(decision_line(f"rva-{next(numbers)}")) for _ in range(3)), "utf-8")
    with monkeypatch.context() as broken:
        broken.setattr(register, "FACTS", "copy register.outbox (nothing) from stdin (format binary)")
        with pytest.raises(Stop):
            receive_file(servers, path)
    assert len(receive_file(servers, path).declarations) == 3


def test_a_full_folder_for_temporary_files_refuses_nothing(servers: Settings, tmp_path: Path) -> None:
    lines = [{**decision_line(f"rva-{next(numbers)}"), "basis": "x" * 400} for _ in range(20_000)]
    path = tmp_path / "decisions.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    # A limit on the size of a file is heard where a full disk would be, and needs no disk of one's own.
    found = subprocess.run(
        [COMMAND, "submit", path, "--json"],
        env={**os.environ, "KRUISPUNT_HOME": str(servers.home), "TMPDIR": str(tmp_path)},
        capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)),
    )  # fmt: skip
    assert found.returncode == 3, found.stderr
    assert f"The folder for temporary files, {tmp_path}," in found.stderr
    assert "try again" in found.stderr
    assert "Traceback" not in found.stderr
    assert found.stdout == ""
    again = receive_file(servers, path)
    assert (again.accepted, again.already_received, len(again.declarations)) == (True, False, len(lines))


@pytest.mark.parametrize(
    ("statement", "kind", "word"),
    [
        ("set statement_timeout = 20; select pg_sleep(10)", Retry, "57014"),
        ("select pg_terminate_backend(pg_backend_pid())", Retry, trouble.GONE),
        ("insert into register.submission select 'x', decode('00', 'hex'), now(), true, '[]', '[]'", Stop, "23514"),
        ("select 1 / 0", Stop, "22012"),
        ("select * from register.nothing", Stop, "42P01"),
        ("update register.submission set accepted = true", Stop, "42501"),
        (
            "do $$ begin raise exception using errcode = '53100', message = 'no room for 85073003328'; end $$",
            Retry,
            "53100",
        ),
        ("do $$ begin raise exception using errcode = '40P01', message = '85073003328'; end $$", Retry, "40P01"),
    ],
)
def test_what_a_real_server_says_is_told_as_what_it_is(
    servers: Settings, statement: LiteralString, kind: type[Exception], word: str
) -> None:
    with (
        pytest.raises(kind) as caught,
        postgres.connect(servers, Role.INTAKE, autocommit=True) as connection,
        trouble.translated(),
    ):
        connection.execute(statement)
    assert word in str(caught.value)
    assert "85073003328" not in str(caught.value)


def test_a_server_that_lets_nobody_else_in_says_so(servers: Settings) -> None:
    with ExitStack() as held:

        def take_all() -> None:
            for _ in range(MOST_CONNECTIONS):
                held.enter_context(postgres.connect(servers, Role.INTAKE))

        with pytest.raises(Retry, match=r"connection slots|too many clients"):
            take_all()
