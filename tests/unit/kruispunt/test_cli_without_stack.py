"""What the command line does where no stack was ever started: it answers, or says in one breath what to do."""

import json
import re
from contextlib import chdir
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.builders.processes import within

PERSON = re.compile(r"(?<!\d)\d{11}(?!\d)")


def run(folder: Path, *arguments: str | Path) -> CompletedProcess[bytes]:
    with chdir(folder):
        found = within(folder / "no stack", *arguments)
    assert "Traceback" not in found.stderr + found.stdout, found.stderr
    return CompletedProcess(arguments, found.returncode, found.stdout.encode(), found.stderr.encode())


def answer(folder: Path, *arguments: str | Path, code: int) -> Any:
    found = run(folder, *arguments, "--json")
    assert found.returncode == code, found.stderr.decode()
    return json.loads(found.stdout)


@pytest.fixture(scope="module")
def population(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("population")
    made = run(folder, "generate", "--persons", "40", "--quarter", "2026Q3", "--seed", "2", "--out", folder)
    assert made.returncode == 0, made.stderr.decode()
    return folder


@pytest.mark.parametrize(
    "command",
    [
        ["wait", "--timeout", "1"], ["submit", "{file}"], ["load", "{folder}"], ["credentials", "rva"],
        ["ledger", "--json"], ["notices", "--json"], ["directory", "--json"], ["status"], ["provision"],
        ["relay"], ["dossiers"], ["exchange"], ["replay"], ["deliver", "rva"], ["audit"],
        ["rules"], ["notify"], ["api"],
        ["audit", "verify"], ["audit", "person", "81113099874"], ["audit", "acts"], ["audit", "checkpoints"],
        ["audit", "key"], ["letter", "a", "--out", "a.pdf"], ["certificates"], ["certificates", "--rotate"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_needs_a_stack_ends_with_three_and_says_how_to_start_one(
    tmp_path: Path, population: Path, command: list[str]
) -> None:
    places = {"{file}": str(population / "dmfa-2026Q3-0001.xml"), "{folder}": str(population)}
    found = run(tmp_path, *(places.get(word, word) for word in command))
    assert found.returncode == 3
    assert found.stdout == b""
    assert b"kruispunt up" in found.stderr
    assert not (tmp_path / "no stack").exists()


def test_a_status_without_a_stack_is_still_one_json_document(tmp_path: Path) -> None:
    found = answer(tmp_path, "status", code=3)
    assert found["processes"] == []
    assert found["inbox"].startswith(str(tmp_path))


def test_an_institution_that_does_not_exist_is_wrong_use_and_those_there_are_are_named(tmp_path: Path) -> None:
    found = run(tmp_path, "credentials", "nobody")
    assert (found.returncode, found.stdout) == (2, b"")
    assert b"rva, rjv, nic, fpd, famifed, fedris" in found.stderr


def test_a_number_that_is_none_is_wrong_use_also_where_nobody_can_write_that_down(tmp_path: Path) -> None:
    found = run(tmp_path, "audit", "person", "00000000000")
    assert (found.returncode, found.stdout) == (2, b"")
    assert b"check digits" in found.stderr


def test_topics_and_entitlements_are_known_without_a_stack(tmp_path: Path) -> None:
    topics = answer(tmp_path, "topics", code=0)
    assert {"declarations.wages", "deliveries.rva"} <= {one["topic"] for one in topics}
    assert all({"key", "contracts", "partitions", "cleanup", "readers", "writers"} <= one.keys() for one in topics)
    entitlements = answer(tmp_path, "entitlements", code=0)
    assert all({"deliberation", "recipient", "kind", "fields"} <= one.keys() and one["fields"] for one in entitlements)


@pytest.mark.parametrize("verb", ["check", "submit"])
def test_every_path_that_is_no_file_is_named_before_anything_is_done(
    tmp_path: Path, population: Path, verb: str
) -> None:
    found = run(tmp_path, verb, population / "dmfa-2026Q3-0001.xml", "missing.xml", tmp_path, "/dev/null", "--json")
    assert (found.returncode, found.stdout) == (2, b"")
    said = found.stderr.decode()
    assert "missing.xml" in said
    assert "directory" in said
    assert "/dev/null" in said


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "90169-134"),
        (b"hello", "90169-102"),
        (b"<DmfAOriginal><Form>", "90169-102"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><DmfAOriginal>&x;</DmfAOriginal>', "90169-102"),
        (b"<SomethingElse></SomethingElse>", "90169-089"),
        (b"<DmfAOriginal></DmfAOriginal>", "90059-090"),
        (b"\0" * 100_000, "90169-134"),
        (b"{", "entitlement-003"),
    ],
)
def test_a_file_that_is_no_declaration_is_told_one_thing(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "file").write_bytes(content)
    [told] = answer(tmp_path, "check", "file", code=1)["files"]
    [anomaly] = told["anomalies"]
    assert not told["accepted"]
    assert (anomaly["code"], anomaly["zone"]) == (code, code.rpartition("-")[0])
    assert anomaly["severity"] == "blocking"


def test_one_refused_file_among_others_leaves_the_others_their_answer(tmp_path: Path, population: Path) -> None:
    (tmp_path / "refused.xml").write_text("no")
    good = str(population / "dmfa-2026Q3-0001.xml")
    told = answer(tmp_path, "check", good, "refused.xml", good, code=1)["files"]
    assert [one["file"] for one in told] == [good, "refused.xml", good]
    assert [one["accepted"] for one in told] == [True, False, True]


@pytest.mark.parametrize("name", ["[/red].xml", "[bold]b[/].xml", "a space.xml"])
def test_the_name_of_a_file_is_printed_as_it_is(tmp_path: Path, name: str) -> None:
    missing = run(tmp_path, "check", f"./{name}")
    assert missing.returncode == 2
    assert f"{name} cannot be read" in missing.stderr.decode()


def test_a_value_that_looks_like_markup_is_printed_as_it_is(tmp_path: Path, population: Path) -> None:
    text = (population / "dmfa-2026Q3-0001.xml").read_text("utf-8")
    wrong = re.sub(r"<ServiceCode>\d+<", "<ServiceCode>[/red]<", text, count=1)
    assert wrong != text
    (tmp_path / "wrong.xml").write_text(wrong, "utf-8")
    found = run(tmp_path, "check", "wrong.xml")
    assert found.returncode == 1
    assert "“[/red]”" in found.stdout.decode()


@pytest.mark.parametrize("quarter", ["2026Q5", "2026", "20263", "1990Q1"])
def test_a_population_of_no_quarter_is_wrong_use(tmp_path: Path, quarter: str) -> None:
    found = run(tmp_path, "generate", "--persons", "5", "--quarter", quarter, "--out", "made")
    assert found.returncode == 2
    assert quarter in found.stderr.decode()
    assert not (tmp_path / "made").exists()


def test_a_folder_that_cannot_be_made_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = run(tmp_path, "generate", "--persons", "5", "--quarter", "2026Q3", "--out", "file/below")
    assert found.returncode == 2
    assert b"cannot be written" in found.stderr


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, population: Path) -> None:
    run(tmp_path, "generate", "--persons", "40", "--quarter", "2026Q3", "--seed", "2", "--out", "again")
    first = {path.name: path.read_bytes() for path in population.iterdir()}
    assert {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()} == first


def test_money_quarters_and_certainties_of_a_check_are_as_promised(tmp_path: Path, population: Path) -> None:
    findings = [
        finding
        for file in sorted(population.glob("*.xml"))
        for told in answer(tmp_path, "check", file, code=0)["files"]
        for finding in told["findings"]
    ]
    assert findings
    for one in findings:
        amounts = [one["claimed"], *(one[name] for name in ("amount", "missing") if one[name] is not None)]
        assert all(re.fullmatch(r"\d+\.\d\d", amount) for amount in amounts)
        assert one["quarter"] == "2026Q3"
        assert PERSON.fullmatch(one["person"])
        assert one["side"] in {"employer", "citizen"}
        assert one["certainty"] in {"certain", "likely", "to check", "undetermined"}
        assert one["trace"]
        assert all(step.keys() == {"step", "value", "unit", "source", "outcome"} for step in one["trace"])
