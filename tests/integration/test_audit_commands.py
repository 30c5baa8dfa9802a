"""The log as its auditor and the citizen see it, on a whole stack: what was done stands in it, and who looked."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from psycopg import Connection
from pypdf import PdfReader

from backbone import postgres
from backbone.settings import Settings
from backbone.stack.places import Places
from backbone.stack.postgres import SUPERUSER
from backbone.stack.programs import Program
from backbone.stack.stack import RUNNING_S
from backbone.stack.supervisor import Supervisor
from consumers import acts
from consumers.audit.verifier import public_keys
from schemas.identifiers import pseudonym
from tests.builders.quarters import Declared

Kruispunt = Callable[..., CompletedProcess[str]]
BODY = "update audit.segment set body = %s where partition = %s and number = %s"


def done(kruispunt: Kruispunt, *arguments: str | Path, code: int = 0) -> str:
    answer = kruispunt(*arguments)
    assert answer.returncode == code, answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr
    return answer.stdout


def told(kruispunt: Kruispunt, *arguments: str | Path, code: int = 0) -> Any:
    return json.loads(done(kruispunt, *arguments, "--json", code=code))


@pytest.fixture(scope="module")
def population(kruispunt: Kruispunt, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small population, after all of it arrived."""
    folder = tmp_path_factory.mktemp("population")
    files = Declared.AUDIT.generate(40, folder)
    done(kruispunt, "load", folder)
    done(kruispunt, "submit", "--on", str(Declared.AUDIT.sent_on), *files)
    done(kruispunt, "wait")
    return folder


@pytest.fixture(scope="module")
def person(population: Path) -> str:
    """Somebody of it."""
    line = json.loads((population / "directory.jsonl").read_text("utf-8").splitlines()[0])
    return str(line["person"])


@pytest.fixture
def superuser(stack: Settings) -> Iterator[Connection[Any]]:
    with postgres.connect(stack, SUPERUSER, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        yield connection


def test_the_log_is_whole_and_a_row_that_is_changed_is_found(
    kruispunt: Kruispunt, person: str, superuser: Connection[Any]
) -> None:
    assert told(kruispunt, "audit", "verify")["whole"] is True
    row = superuser.execute("select partition, number, body from audit.segment order by at desc limit 1").fetchone()
    assert row
    partition, number, body = row
    superuser.execute(BODY, (bytes([body[0] ^ 2]) + body[1:], partition, number))
    try:
        assert f"chain {partition}, segment {number}: " in done(kruispunt, "audit", "verify", code=1)
    finally:
        superuser.execute(BODY, (body, partition, number))
    assert "the log is whole" in done(kruispunt, "audit", "verify")


def test_a_citizen_is_told_who_received_what_and_who_did_not(
    kruispunt: Kruispunt, stack: Settings, person: str
) -> None:
    found = told(kruispunt, "audit", "person", person, "--language", "nl")
    assert found["person"] == pseudonym(stack.pepper(), person).hex()
    with postgres.connect(stack, "audit") as connection:
        rows = connection.execute(
            "select event, recipient, deliberation, contract from audit.disclosure where person = %s",
            (bytes.fromhex(found["person"]),),
        ).fetchall()
    assert rows
    assert sorted(rows) == sorted(
        (one["event"], one["recipient"], one["deliberation"], one["contract"]) for one in found["disclosures"]
    )
    assert all(one["title"] and one["purpose"] and one["basis"] and one["name"] for one in found["disclosures"])
    assert {"person", "replay"} <= {field["field"] for field in found["disclosures"][0]["fields"]}
    assert found["refusals"]
    assert all(one["explanation"] for one in found["refusals"])
    shown = done(kruispunt, "audit", "person", person, "--language", "fr")
    assert "base légale" in shown
    assert person not in shown


def test_whoever_reads_the_log_is_in_it_before_the_answer(kruispunt: Kruispunt, stack: Settings, person: str) -> None:
    last = told(kruispunt, "audit", "acts")[-1]["number"]
    done(kruispunt, "audit", "person", person, "--reason", "asked at the desk")
    done(kruispunt, "audit", "person", "00000000000", code=2)
    done(kruispunt, "audit", "verify")
    done(kruispunt, "audit", "checkpoints")
    found = [one for one in told(kruispunt, "audit", "acts") if one["number"] > last]
    assert [(one["by"], one["action"]) for one in found] == [
        ("auditor", "looked up a person"), ("auditor", "was refused a look-up"), ("auditor", "verified"),
        ("auditor", "exported"), ("auditor", "listed acts"),
    ]  # fmt: skip
    assert found[0]["about"] == pseudonym(stack.pepper(), person).hex()
    assert found[0]["detail"] == {"reason": "asked at the desk"}
    assert person not in json.dumps(found)


def test_what_was_loaded_and_migrated_is_an_act(kruispunt: Kruispunt, population: Path) -> None:
    found = {(one["by"], one["action"], one["about"]) for one in told(kruispunt, "audit", "acts")}
    assert {
        ("owner", "migrated a database", "kruispunt"), ("owner", "migrated a database", "rva"),
        ("owner", "published schemas", "schemas"), ("owner", "loaded a deliberation", "20/296@2"),
        ("operator", "loaded dossiers", "directory.jsonl"), ("operator", "loaded profiles of persons", "persons.jsonl"),
    } <= found  # fmt: skip
    before = len(told(kruispunt, "audit", "acts"))
    done(kruispunt, "load", population)
    done(kruispunt, "provision")
    # Only the two listings themselves are new: what changes nothing is no act.
    assert len(told(kruispunt, "audit", "acts")) == before + 1
    assert told(kruispunt, "audit", "acts", "--since", "2999-01-01") == []


def test_checkpoints_are_published_and_the_key_that_signs_them_is_known(
    kruispunt: Kruispunt, stack: Settings, person: str
) -> None:
    lines = [json.loads(line) for line in done(kruispunt, "audit", "checkpoints").splitlines()]
    assert [one["number"] for one in lines] == list(range(1, len(lines) + 1))
    [known] = told(kruispunt, "audit", "key")
    assert lines[-1]["text"].endswith(f"\nkey {known['fingerprint']}\n")
    public_keys([known["pem"].encode()])[known["fingerprint"]].verify(
        bytes.fromhex(lines[-1]["signature"]), lines[-1]["text"].encode()
    )
    assert known["pem"] in done(kruispunt, "audit", "key")
    assert (stack.secrets_folder / "signing-key").stat().st_mode & 0o077 == 0
    assert stack.public_keys.stat().st_mode & 0o777 == 0o644


def test_a_process_that_is_asked_to_stop_signs_what_there_is(stack: Settings) -> None:
    supervisor = Supervisor(Places(stack.home))
    with postgres.connect(stack, "operator") as connection:
        acts.note(connection, "did", "something before the end")
    supervisor.stop(["audit"])
    try:
        with postgres.connect(stack, "auditor") as connection:
            ends = connection.execute("select number, hash from audit.act order by number desc limit 1").fetchone()
            text = connection.execute("select text from audit.checkpoint order by number desc limit 1").fetchone()
        assert ends
        assert text
        assert f"head acts {ends[0]} {ends[1].hex()}\n" in text[0]
    finally:
        supervisor.start(["audit"])
        supervisor.wait_running([Program("audit", ())], RUNNING_S)


def _last(kruispunt: Kruispunt) -> tuple[str, str, str]:
    """By whom, what and about what the last act was before this look at the acts."""
    one = told(kruispunt, "audit", "acts")[-2]
    return one["by"], one["action"], one["about"]


def test_a_notice_that_is_resolved_is_an_act(kruispunt: Kruispunt, superuser: Connection[Any], person: str) -> None:
    row = superuser.execute("select notice, state from notifier.notice where state = 'handed over' limit 1").fetchone()
    assert row
    notice, state = row
    assert [one for one in told(kruispunt, "audit", "acts") if one["about"] == notice] == []
    done(kruispunt, "resolve", notice, "--arrived", code=1)
    assert _last(kruispunt) == ("notifier", "was refused to resolve a notice", "a notice")
    assert [one for one in told(kruispunt, "audit", "acts") if one["about"] == notice] == []
    superuser.execute("update notifier.notice set state = 'in doubt' where notice = %s", (notice,))
    done(kruispunt, "resolve", notice, "--arrived")
    [found] = [one for one in told(kruispunt, "audit", "acts") if one["about"] == notice]
    assert (found["by"], found["action"]) == ("notifier", "resolved a notice in doubt")
    assert found["detail"] == {"arrived": True}
    assert superuser.execute("select state from notifier.notice where notice = %s", (notice,)).fetchone() == (state,)


def test_a_language_or_a_key_that_is_none_is_wrong_use(kruispunt: Kruispunt, stack: Settings, person: str) -> None:
    done(kruispunt, "audit", "person", person, "--language", "xx", code=2)
    done(kruispunt, "audit", "verify", "--key", str(stack.home / "settings.json"), code=2)


def test_whoever_was_told_by_e_mail_gets_the_letter_when_they_ask_and_that_is_an_act(
    kruispunt: Kruispunt, superuser: Connection[Any], person: str, tmp_path: Path
) -> None:
    row = superuser.execute(
        "select notice from notifier.notice where state = 'handed over' and channel = 'e-mail' limit 1"
    ).fetchone()
    assert row
    [notice] = row
    out = tmp_path / "letter.pdf"
    done(kruispunt, "letter", notice, "--out", tmp_path / "nowhere" / "letter.pdf", code=2)
    done(kruispunt, "letter", "00000-00000-00000-00000", "--out", out, code=1)
    assert not out.exists()
    assert _last(kruispunt) == ("notifier", "was refused a letter", "a notice")
    done(kruispunt, "letter", notice.upper(), "--out", out)
    assert notice in "".join(page.extract_text() for page in PdfReader(out).pages)
    assert out.stat().st_mode & 0o077 == 0
    [found] = [one for one in told(kruispunt, "audit", "acts") if one["action"] == "printed the letter of a notice"]
    assert (found["by"], found["about"]) == ("notifier", notice)
