"""A file of any covered quarter can be checked: what was planted as missed is found, and what has no law is said so."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kruispunt.cli import app
from kruispunt.commands.intake.generate import due
from population.generate import generate
from rules.findings.finding import Certainty
from tests.builders.command_line import CliRunner
from tests.builders.law import LAW

QUARTERS = [f"{year}Q{number}" for year in range(2022, 2027) for number in range(1, 5)]
BOTH, REDUCTION = {"structural_reduction", "work_bonus"}, {"structural_reduction"}
LAWLESS = {
    "2022Q1": BOTH,
    **dict.fromkeys(("2025Q2", "2026Q2", "2026Q3", "2026Q4"), REDUCTION),
}
"""Where figures were not found: both before 2022Q2, category 2 in 2025Q2 and from 2026Q2 on."""
PERSONS, SEED = 150, 7
SURENESS = {certainty.value for certainty in Certainty}

Truth = Mapping[tuple[str, str, str, str], int]


class Checked:
    """A generated file, what was planted in it, and what the check says of it."""

    def __init__(self, folder: Path, quarter: str) -> None:
        self.quarter = quarter
        generate(PERSONS, quarter, folder, seed=SEED, due=partial(due, LAW))
        files = [str(file) for file in sorted(folder.glob("*.xml"))]
        result = CliRunner().invoke(app, ["check", *files, "--json"])
        self.exit_code, self.exception = result.exit_code, result.exception
        self.files: list[dict[str, Any]] = json.loads(result.stdout)["files"]
        self.findings = [finding for file in self.files for finding in file["findings"]]
        planted = [json.loads(line) for line in (folder / "truth.jsonl").read_text("utf-8").splitlines()]
        self.planted: Truth = {
            (one["person"], one["employer"], one["occupation"], one["deduction_code"]): one["due"] - one["claimed"]
            for one in planted
            if "deduction_code" in one
        }


@pytest.fixture(scope="module", params=QUARTERS)
def checked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checked:
    return Checked(tmp_path_factory.mktemp("check"), request.param)


def _place(finding: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return finding["person"], finding["employer"], finding["occupation"], finding["deduction_code"]


def _cents(amount: str) -> int:
    return int(amount.replace(".", ""))


def test_a_file_of_every_covered_quarter_is_accepted_and_the_check_ends_well(checked: Checked) -> None:
    assert checked.exception is None or isinstance(checked.exception, SystemExit)
    assert checked.exit_code == 0
    assert all(file["accepted"] for file in checked.files)
    assert {finding["quarter"] for finding in checked.findings} == {checked.quarter}


def test_every_finding_says_how_sure_it_is_and_how_it_came_about(checked: Checked) -> None:
    assert checked.findings
    for finding in checked.findings:
        assert finding["certainty"] in SURENESS
        assert finding["trace"]
        assert all(step["step"] and step["source"] for step in finding["trace"])


def test_every_reduction_that_was_planted_as_missed_is_found_to_the_cent(checked: Checked) -> None:
    found = {
        _place(one): _cents(one["missing"]) for one in checked.findings if one["missing"] and one["deduction_code"]
    }
    assert bool(checked.planted) == (LAWLESS.get(checked.quarter) != BOTH)
    assert {place: found.get(place) for place in checked.planted} == checked.planted


def test_no_reduction_is_found_that_was_taken(checked: Checked) -> None:
    sure = ("0001", "3000")
    missed = {_place(one) for one in checked.findings if one["missing"] and one["deduction_code"] in sure}
    assert missed == set(checked.planted)


def test_what_has_no_law_is_undetermined_with_the_reason_and_never_an_amount(checked: Checked) -> None:
    unknown = [one for one in checked.findings if one["certainty"] == Certainty.UNDETERMINED]
    for finding in unknown:
        assert finding["amount"] is finding["missing"] is None
        assert any(step["step"] in ("undetermined", "certainty") for step in finding["trace"])
    assert {one["rule"] for one in unknown} == LAWLESS.get(checked.quarter, set())
