"""What a payroll clerk reads: for whom, how much, why, and what to fill in where."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kruispunt.cli import app
from kruispunt.commands.intake.unclaimed import fill_in
from producers.intake.person_events import DeclaredEvents, watch
from rules.findings.finding import Certainty, Finding, TraceStep
from tests.builders.command_line import CliRunner
from tests.builders.read_file import read

KINDS = ("declarations.wages", "declarations.working-time", "declarations.contributions")
OF_A_FINDING = {
    "rule", "side", "employer", "person", "quarter", "occupation", "deduction_code", "amount", "claimed", "missing",
    "certainty", "trace",
}  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    made = ["generate", "--persons", "150", "--quarter", "2026Q3", "--seed", "7", "--out", str(folder)]
    assert CliRunner().invoke(app, made).exit_code == 0
    return min(folder.glob("*.xml"))


def run(file: Path, *options: str) -> Any:
    return CliRunner().invoke(app, ["check", str(file), *options], env={"COLUMNS": "100"})


def finding(code: str | None, claimed: str = "0.00", certainty: Certainty = Certainty.CERTAIN) -> Finding:
    due, taken = Decimal("100.00"), Decimal(claimed)
    trace = (TraceStep("W", "1.00", "EUR", "zone"),)
    rule = "income_guarantee" if code is None else "structural_reduction"
    money = (due, taken, due - taken)
    return Finding(rule, "employer", "1", "85073003328", "2026Q3", "495/1", code, *money, certainty, trace)


def test_a_reduction_of_an_occupation_names_its_block_zones_and_code() -> None:
    assert list(fill_in(finding("3000"))) == [
        "add block 90109 (OccupationDeduction) to occupation 495/1: zone 00086 = 3000, zone 00089 = 100.00"
    ]


def test_a_reduction_of_the_worker_line_stands_in_another_block() -> None:
    assert list(fill_in(finding("0001"))) == [
        "add block 90110 (WorkerDeduction) to worker line 495/1: zone 00086 = 0001, zone 00089 = 100.00"
    ]


def test_a_reduction_taken_in_part_is_raised() -> None:
    (told,) = fill_in(finding("3000", "40.00"))
    assert told.startswith("raise zone 00089 from 40.00 to 100.00, code 3000, in block 90109")


def test_what_is_to_check_is_not_told_as_a_deed() -> None:
    (told,) = fill_in(finding("3000", certainty=Certainty.TO_CHECK))
    assert told.startswith("if it is right: add block")


def test_a_right_without_a_code_says_what_the_employer_can_do_for_the_worker() -> None:
    assert any("worker" in deed for deed in fill_in(finding(None)))


def test_every_person_is_told_what_how_much_why_and_where(file: Path) -> None:
    document = json.loads(run(file, "--json").stdout)["files"][0]
    shown = run(file, "--all").output
    known = [one for one in document["findings"] if one["certainty"] != "undetermined"]
    assert known
    for one in known:
        assert one["person"] in shown
        said = "no amount" if one["missing"] is None else f"{Decimal(one['missing']):,.2f} euro"
        assert said in shown
    sure = sum(Decimal(one["missing"] or 0) for one in known if one["certainty"] in ("certain", "likely"))
    assert f"{sure:,.2f} euro left unclaimed" in shown
    assert "zone 00086 = 3000" in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_the_json_holds_what_the_interface_promises_and_nothing_else(file: Path) -> None:
    (document,) = json.loads(run(file, "--json").stdout)["files"]
    assert set(document) == {"file", "accepted", "anomalies", "findings"}
    for one in document["findings"]:
        assert set(one) == OF_A_FINDING
        assert {tuple(step) for step in one["trace"]} == {("step", "value", "unit", "source", "outcome")}


def test_what_is_seen_while_reading_is_what_the_events_say(file: Path) -> None:
    seen: list[DeclaredEvents] = []
    watch(file, seen.append)
    with read(file) as reading:
        decoded = [[person[kind] for kind in KINDS] for person in reading.persons()]
    assert seen
    passing = {"occurred_at"}
    for one, events in zip(seen, decoded, strict=True):
        for shown, event in zip((one.wages, one.working_time, one.contributions), events, strict=True):
            assert {name: shown[name] for name in shown if name not in passing} == {
                name: event[name] for name in event if name not in passing
            }
