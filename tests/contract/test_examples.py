"""The examples are what `kruispunt generate` makes, byte for byte, and nothing stands in their way."""

from functools import partial
from pathlib import Path

from kruispunt.commands.intake.check import check_file
from kruispunt.commands.intake.generate import due
from population.generate import generate
from tests.builders.law import LAW

KIT = "subscriber"
"""What is not data: programs, tested by running them."""
EXAMPLES = Path(__file__).parents[2] / "examples"
PERSONS, QUARTER, SEED = 24, "2026Q3", 858


def test_the_examples_are_what_generate_makes(tmp_path: Path) -> None:
    generate(PERSONS, QUARTER, tmp_path, SEED, due=partial(due, LAW))
    kept = {path.name: path.read_bytes() for path in EXAMPLES.iterdir() if path.name != KIT}
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    planted = made.pop("truth.jsonl")
    assert planted
    assert kept == made


def test_the_examples_would_be_accepted_and_leave_something_unclaimed() -> None:
    paths = list(EXAMPLES.glob("*.xml"))
    assert paths
    for path in paths:
        checked = check_file(path, None, LAW)
        assert checked.accepted
        assert checked.anomalies == []
        assert {finding.rule for finding in checked.findings} == {"structural_reduction", "first_hirings", "work_bonus"}
