"""A payroll clerk checks an update: what it changes, what must be stored for it, beside originals in one command."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kruispunt.cli import app
from tests.builders.command_line import CliRunner
from tests.builders.declarations import LATER, once
from tests.builders.updates import SOUND_UPDATE

NEEDS = {
    "employer_declaration_pid": "2200000417", "persons": 6, "worker_lines": 6, "occupations": 2, "vehicles": 1,
    "unrelated_contributions": 1, "justification_if_lower": 0,
}  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A sound original and a sound update."""
    original, update = tmp_path / "original.xml", tmp_path / "update.xml"
    original.write_text(LATER, "utf-8")
    update.write_text(SOUND_UPDATE, "utf-8")
    return original, update


PAGE = Path(__file__).parents[3] / "docs" / "corrections.md"


def check(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["check", *map(str, arguments)], env={"COLUMNS": "100"})


def test_originals_and_updates_are_checked_together(files: tuple[Path, Path]) -> None:
    answer = check(*files, "--json")
    assert answer.exit_code == 0
    original, update = json.loads(answer.stdout)["files"]
    assert set(original) == {"file", "accepted", "anomalies", "findings"}
    assert set(update) == {*original, "updates"}
    assert (update["accepted"], update["anomalies"], update["findings"]) == (True, [], [])


def test_the_json_counts_what_an_update_does_and_what_it_needs(files: tuple[Path, Path]) -> None:
    _, update = files
    text = SOUND_UPDATE.replace("<UpdateAction>1<", "<UpdateAction>0<", 1)
    update.write_text(text.replace("<UpdateAction>1<", "<UpdateAction>9<", 1), "utf-8")
    (told,) = json.loads(check(update, "--json").stdout)["files"][0]["updates"]
    assert (told["employer"], told["quarter"], told["persons"]) == ("1000000021", "2022Q3", 6)
    assert told["actions"] == {
        "worker_lines": {"delete": 1, "change": 4, "create": 0, "unchanged": 1},
        "vehicles": {"delete": 0, "change": 1, "create": 0},
        "unrelated_contributions": {"delete": 0, "change": 1, "create": 0},
    }
    assert told["needs"] == NEEDS


def test_a_person_reads_what_an_update_changes_and_what_must_be_stored(files: tuple[Path, Path]) -> None:
    _, update = files
    answer = check(update)
    assert answer.exit_code == 0
    said = " ".join(answer.stdout.split())
    for part in (
        "update.xml: nothing in it is wrong, as far as the file alone tells",
        "Employer 1000000021, 2022Q3: 6 persons",
        "worker lines: 6 changed",
        "it needs, stored as the last situation: declaration 2200000417, and 6 persons, 6 worker lines, 2 occupations",
        "`kruispunt submit` does not take updates in yet",
    ):
        assert part in said
    assert "00545" not in said


def test_a_person_is_warned_of_lower_remuneration_that_nothing_justifies(files: tuple[Path, Path]) -> None:
    _, update = files
    update.write_text(SOUND_UPDATE.replace("<Justification>misread</Justification>", ""), "utf-8")
    said = " ".join(check(update, "--on", "2023-04-01").stdout.split())
    assert "the remuneration of 6 persons without a justification (zone 00545) may not become lower" in said


def test_a_refused_update_says_what_is_wrong_and_counts_nothing(files: tuple[Path, Path]) -> None:
    _, update = files
    update.write_text(once("<UpdateAction>1<", "<UpdateAction>2<", SOUND_UPDATE), "utf-8")
    answer = check(update, "--json")
    assert answer.exit_code == 1
    (told,) = json.loads(answer.stdout)["files"]
    assert (told["accepted"], told["updates"]) == (False, [])
    assert [anomaly["code"] for anomaly in told["anomalies"]] == ["00618-008"]
    assert "would be refused" in check(update).stdout


def test_the_small_update_of_the_page_about_corrections_is_sound(tmp_path: Path) -> None:
    (example,) = re.findall(r"```xml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    path = tmp_path / "page.xml"
    path.write_text(example, "utf-8")
    (told,) = json.loads(check(path, "--json").stdout)["files"]
    assert (told["accepted"], told["anomalies"]) == (True, [])
    assert told["updates"][0]["actions"]["worker_lines"] == {"delete": 1, "change": 0, "create": 1, "unchanged": 0}
