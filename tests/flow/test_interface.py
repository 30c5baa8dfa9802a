"""The promises to programs outside: exit codes, one JSON document, and what stands in it, on a whole stack."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import httpx
import pytest

from backbone.settings import Settings
from schemas.institutions import HOSTED, INSTITUTIONS
from tests.builders.processes import COMMAND
from tests.builders.quarters import Declared

Run = Callable[..., CompletedProcess[str]]
PERSON = re.compile(r"(?<!\d)\d{11}(?!\d)")
DECLARED = Declared.INTERFACE
ONE = f"dmfa-{DECLARED.quarter}-0001.xml"


def answer(kruispunt: Run, *arguments: str | Path, code: int = 0) -> Any:
    found = kruispunt(*arguments, "--json")
    assert found.returncode == code, found.stderr
    return json.loads(found.stdout)


@pytest.fixture(scope="module")
def population(kruispunt_process: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outsiders")
    request = ("--persons", "20", "--quarter", DECLARED.quarter, "--seed", str(DECLARED.seed))
    made = kruispunt_process("generate", *request, "--out", folder)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="module")
def submitted(kruispunt_process: Run, population: Path) -> Any:
    loaded = kruispunt_process("load", population)
    assert loaded.returncode == 0, loaded.stderr
    found = answer(kruispunt_process, "submit", "--on", str(DECLARED.sent_on), population / ONE)
    waited = kruispunt_process("wait", "--timeout", "60")
    assert waited.returncode == 0, waited.stderr
    return found


def test_a_status_names_real_processes(kruispunt_process: Run, stack: Settings) -> None:
    found = answer(kruispunt_process, "status")
    processes = {one["name"]: one for one in found["processes"]}
    assert {"kafka", "postgres", "relay", "exchange", "sink-rva", "rules", "notifier", "api"} <= processes.keys()
    for one in processes.values():
        assert one["state"] == "running"
        assert one["port"] is None or isinstance(one["port"], int)
        os.kill(one["pid"], 0)
    postmaster = next(stack.home.rglob("postmaster.pid"), None)
    if postmaster:
        assert processes["postgres"]["pid"] == int(postmaster.read_text().splitlines()[0])
    assert found["inbox"] == str(stack.inbox)


def test_a_receipt_says_which_version_of_whose_declaration_was_registered(submitted: Any, population: Path) -> None:
    [receipt] = submitted["submissions"]
    assert receipt["file"] == str(population / ONE)
    assert (receipt["accepted"], receipt["already_received"], receipt["anomalies"]) == (True, False, [])
    assert sum(one["persons"] for one in receipt["declarations"]) >= 20
    for one in receipt["declarations"]:
        assert one.keys() == {"declaration", "employer", "quarter", "persons", "version", "status"}
        assert (one["quarter"], one["version"], one["status"]) == (DECLARED.quarter, 1, "original")


def test_the_answers_to_a_submission_are_fetched_by_its_ticket(kruispunt_process: Run, submitted: Any) -> None:
    [receipt] = submitted["submissions"]
    acknowledgement, *notifications = answer(kruispunt_process, "receipts", receipt["ticket"])
    assert (acknowledgement["kind"], acknowledgement["result"]) == ("acknowledgement", "received")
    assert [one["declaration"] for one in notifications] == [one["declaration"] for one in receipt["declarations"]]
    assert {one["result"] for one in notifications} == {"accepted"}
    forms = kruispunt_process("receipts", receipt["ticket"], "--xml")
    assert forms.returncode == 0, forms.stderr
    assert re.findall(r"^<(\w+)>$", forms.stdout, re.MULTILINE) == ["ACRF", *["NOTIFICATION"] * len(notifications)]


def test_the_same_folder_again_changes_nothing(kruispunt_process: Run, submitted: Any, population: Path) -> None:
    before = answer(kruispunt_process, "directory")
    again = kruispunt_process("load", population)
    assert again.returncode == 0
    assert set(re.findall(r": ([\d,]+) new", again.stdout)) == {"0"}
    assert answer(kruispunt_process, "directory") == before


def test_a_refused_file_between_others_is_refused_alone(
    kruispunt_process: Run, submitted: Any, population: Path, tmp_path: Path
) -> None:
    refused = tmp_path / "refused.xml"
    refused.write_text("<DmfAOriginal><Form>")
    found = answer(
        kruispunt_process, "submit", "--on", str(DECLARED.sent_on), population / ONE, refused, population / ONE, code=1
    )["submissions"]
    assert [one["accepted"] for one in found] == [True, False, True]
    assert [one["already_received"] for one in found] == [True, False, True]
    assert found[0]["submission"] == found[2]["submission"] == submitted["submissions"][0]["submission"]
    assert found[1]["anomalies"][0]["severity"] == "blocking"


def test_nothing_is_registered_when_one_path_is_no_file(kruispunt_process: Run, submitted: Any, tmp_path: Path) -> None:
    declared = Declared.ONE_FILE_MISSING
    declaration, *_ = declared.generate(3, tmp_path / "fresh")
    found = kruispunt_process("submit", declaration, tmp_path / "missing.xml", "--json")
    assert (found.returncode, found.stdout) == (2, "")
    assert "missing.xml" in found.stderr
    [receipt] = answer(kruispunt_process, "submit", "--on", str(declared.sent_on), declaration)["submissions"]
    assert not receipt["already_received"]
    assert kruispunt_process("wait", "--timeout", "60").returncode == 0


def test_each_institution_has_credentials_of_its_own(kruispunt_process: Run) -> None:
    passwords = set()
    for name in INSTITUTIONS:
        lines = kruispunt_process("credentials", name).stdout.splitlines()
        config = dict(line.split("=", 1) for line in lines if not line.startswith("# "))
        notes = dict(line[2:].split("=", 1) for line in lines if line.startswith("# "))
        assert notes["topic"] == f"deliveries.{name}"
        assert notes["group.prefix"] == f"{name}."
        assert Path(config["ssl.ca.location"]).is_file()
        assert len(config["sasl.password"]) >= 20
        passwords.add(config["sasl.password"])
    assert len(passwords) == len(INSTITUTIONS)


def test_the_ledger_counts_what_was_promised_and_balances(kruispunt_process: Run, submitted: Any) -> None:
    found = answer(kruispunt_process, "ledger")
    assert found["balanced"] is True
    rows = {row["effect"]: row for row in found["rows"]}
    assert {
        "accepted facts = published events",
        "published events = exchanged events",
        *(f"exchanged events = delivered or refused ({name})" for name in INSTITUTIONS),
        *(f"delivered records = stored records ({name})" for name in HOSTED),
        "disclosures logged = delivered records",
        "findings = settled findings",
        "notices = handed over + suppressed + in progress",
    } <= rows.keys()
    assert all(row["difference"] == row["found"] - row["expected"] == 0 for row in rows.values())


def test_a_notice_names_nobody_and_its_mail_carries_its_name(
    kruispunt_process: Run, submitted: Any, stack: Settings
) -> None:
    found = answer(kruispunt_process, "notices")
    assert found
    assert not PERSON.search(json.dumps(found))
    for one in found:
        assert {"notice", "state", "channel", "recipient", "language", "rules"} <= one.keys()
        assert one["channel"] in {"e-mail", "letter", None}
        assert one["language"] in {"nl", "fr", "de", "en"}
        assert datetime.fromisoformat(one["created_at"]).utcoffset() is not None
    mails = [path.read_text("utf-8", errors="replace") for path in stack.inbox.iterdir()]
    for one in found:
        if (one["state"], one["channel"]) == ("handed over", "e-mail"):
            assert [mail for mail in mails if f"X-Kruispunt-Notice: {one['notice']}" in mail]


def test_the_directory_says_who_is_on_file_where_since_when(kruispunt_process: Run, submitted: Any) -> None:
    lines = answer(kruispunt_process, "directory")
    assert lines
    for line in lines:
        assert line.keys() == {"person", "institution", "quality", "from", "until", "version"}
        assert line["institution"] in INSTITUTIONS
        assert date.fromisoformat(line["from"])
        assert line["until"] is None or line["until"] >= line["from"]


def test_a_reader_that_stops_early_gets_no_trace(kruispunt_process: Run, submitted: Any, stack: Settings) -> None:
    command = str(COMMAND)
    found = subprocess.run(
        ["bash", "-c", f"'{command}' directory --json | head -1"],
        env={**os.environ, "KRUISPUNT_HOME": str(stack.home)},
        capture_output=True,
        check=False,
    )
    assert (found.stdout, found.stderr) == (b"[\n", b"")


def test_waiting_no_longer_than_asked_is_answered_with_yes_or_no(kruispunt_process: Run, submitted: Any) -> None:
    # What earlier tests did is on its way still: the look at a directory, for one, is an act to be published.
    assert kruispunt_process("wait", "--timeout", "60").returncode == 0
    assert kruispunt_process("wait", "--timeout", "0").returncode == 0


def test_the_registry_says_not_found_to_everything_it_does_not_have(stack: Settings) -> None:
    version = httpx.get(f"{stack.registry_url}/subjects/deliveries.rva-value/versions/latest?deleted=false").json()
    schema = httpx.get(f"{stack.registry_url}/schemas/ids/{version['id']}?fetchMaxId=false").json()
    assert schema["schema"] == version["schema"]
    for path in (
        "/schemas/ids/1", "/schemas/ids/nonsense", "/subjects/nobody/versions", "/associations/x/y",
        "/subjects/deliveries.rva-value/versions/99", "/subjects/deliveries.rva-value/versions/nonsense",
    ):  # fmt: skip
        assert httpx.get(stack.registry_url + path).status_code == 404, path


def test_up_again_changes_no_process_and_holds_no_output_open(kruispunt_process: Run, stack: Settings) -> None:
    before = {one["name"]: one["pid"] for one in answer(kruispunt_process, "status")["processes"]}
    again = kruispunt_process("up")
    assert again.returncode == 0, again.stderr
    assert {one["name"]: one["pid"] for one in answer(kruispunt_process, "status")["processes"]} == before
