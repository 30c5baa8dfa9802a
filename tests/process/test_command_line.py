"""What holds of a command only as a process: its standard streams, the shell around it, and what it may write."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.processes import COMMAND, within
from tests.builders.somebody import SOMEBODY, TOO_MUCH

PATIENCE_S = 60


@pytest.fixture(scope="module")
def declaration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("population")
    made = within(folder, "generate", "--persons", "40", "--quarter", "2026Q3", "--seed", "2", "--out", folder)
    assert made.returncode == 0, made.stderr
    return folder / "dmfa-2026Q3-0001.xml"


def test_a_name_that_is_not_utf_8_still_gives_json(tmp_path: Path) -> None:
    name = b"caf\xe9.xml"
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).touch()
    found = subprocess.run([COMMAND, b"check", name, b"--json"], cwd=tmp_path, capture_output=True, check=False)
    assert found.returncode == 1, found.stderr.decode()
    [told] = json.loads(found.stdout)["files"]
    assert told["file"] == "caf?.xml"


def test_a_reader_that_stops_early_is_no_error(tmp_path: Path) -> None:
    shell = f"set -o pipefail; '{COMMAND}' topics --json | head -c 1; true"
    found = subprocess.run(["bash", "-c", shell], cwd=tmp_path, capture_output=True, check=False)
    assert found.stdout == b"["
    assert found.stderr == b""


def test_the_shell_offers_the_rules_where_one_is_asked_for() -> None:
    asked = {"_KRUISPUNT_COMPLETE": "complete_bash", "COMP_WORDS": "kruispunt rules show struct", "COMP_CWORD": "3"}
    done = subprocess.run(
        [COMMAND], env={**os.environ, **asked}, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert done.stdout.split() == ["structural_reduction"]


def no_file_larger_than(size: int) -> None:
    """As on a full disk: Python hears EFBIG instead of ENOSPC."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_population_that_finds_no_room_is_tried_again_elsewhere(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [str(COMMAND), "generate", "--persons", "400", "--quarter", "2026Q3", "--out", str(out)]
    found = subprocess.run(
        command, cwd=tmp_path, capture_output=True, check=False, preexec_fn=lambda: no_file_larger_than(1 << 16)
    )
    assert found.returncode == 3, found.stderr.decode()
    assert b"Traceback" not in found.stderr
    assert str(out) in found.stderr.decode()
    assert b"try again" in found.stderr


@pytest.mark.parametrize("form", [["--json"], []])
def test_an_answer_that_finds_no_room_is_not_given(tmp_path: Path, declaration: Path, form: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        found = subprocess.run(
            [COMMAND, "check", declaration, *form],
            cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    assert found.returncode == 3, found.stderr.decode()
    assert b"Standard output" in found.stderr
    assert b"Traceback" not in found.stderr
    assert b"Exception ignored" not in found.stderr


@pytest.mark.parametrize(
    ("shell", "code", "said"),
    [
        ("topics --json > /dev/full", 3, "Standard output, or a file that was being written, is full."),
        ("topics > /dev/full", 3, "Standard output, or a file that was being written, is full."),
        ("--help > /dev/full", 3, "Standard output, or a file that was being written, is full."),
        ("check missing.xml 2> /dev/full", 2, ""),
        ("topics --json >&-", 0, ""),
        ("topics >&- 2>&-", 0, ""),
        ("topics --json | head -c 1", None, "["),
        ("rules list | head -c 0", None, ""),
        ("audit person - <&-", 2, "no standard input"),
        ("audit person - < /dev/null", 2, "check digits"),
    ],
)
def test_streams_that_are_closed_or_full_are_no_fault(tmp_path: Path, shell: str, code: int | None, said: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"'{COMMAND}' {shell}; exit ${{PIPESTATUS[0]}}"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    found = done.stdout + done.stderr
    assert done.returncode in ({code} if code is not None else {0, 1})
    assert said in found
    assert not TOO_MUCH.search(found), found
    assert not SOMEBODY.search(found), found
    assert "Exception ignored" not in found


def test_the_name_of_a_file_that_is_no_text_can_be_printed(tmp_path: Path) -> None:
    name = b"caf\xe9.xml"
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"no")
    for given in ([b"check", name], [b"load", name], [b"submit", name]):
        done = subprocess.run([COMMAND, *given], cwd=tmp_path, capture_output=True, check=False, timeout=PATIENCE_S)
        assert done.returncode in {1, 2, 3}
        assert b"Traceback" not in done.stderr


def test_garbage_is_collected_once_the_command_line_is_imported() -> None:
    code = "import gc, kruispunt.cli; print(gc.isenabled())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=PATIENCE_S)
    assert done.stdout == b"True\n"
