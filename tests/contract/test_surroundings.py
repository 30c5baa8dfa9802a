"""What a test or a process does depends on what is stated, not on whose shell it is started from."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from backbone.errors import Retry, Stop
from backbone.stack import chosen, places
from consumers.sink.rows import book
from kruispunt.commands.rules import impact as comparing
from schemas.registry import UnknownSchema
from tests.builders.processes import COMMAND
from tests.surroundings import stated

ROOT = Path(__file__).parents[2]
SOME = ("tests/unit/kruispunt/test_check_output.py", "tests/unit/rules/test_rule_listing.py",
        "tests/unit/notifier/test_notice_mail.py",
        "tests/unit/kruispunt/test_cli_without_stack.py::test_a_value_that_looks_like_markup_is_printed_as_it_is",
        "tests/process/test_command_line.py::test_a_reader_that_stops_early_is_no_error",
        "tests/contract/test_surroundings.py::test_every_test_has_the_surroundings_that_are_stated")  # fmt: skip
"""What prints, what reads the day, what starts a process: each once."""
NOWHERE = "192.0.2.1"
HOSTILE = {
    "LINES": "3", "TERM": "xterm-256color", "FORCE_COLOR": "1", "CLICOLOR_FORCE": "1", "TZ": "Pacific/Kiritimati",
    "PYTHONOPTIMIZE": "1", "PYTHONWARNINGS": "error", "PYTHONSAFEPATH": "1", "PYTHONIOENCODING": "ascii",
    "PYTEST_ADDOPTS": "-k nothing", "MAVEN_OPTS": "-Dx=y", "JAVA_TOOL_OPTIONS": "-Dx=y", "GIT_DIR": "/nowhere",
    "KRUISPUNT_HOME": "/nowhere", "KRUISPUNT_KAFKA_BOOTSTRAP": f"{NOWHERE}:9", "KRUISPUNT_LOG_LEVEL": "nonsense",
    "PGHOST": NOWHERE, "PGHOSTADDR": NOWHERE, "PGPASSWORD": "x", "PGOPTIONS": "-cx=y", "PGSERVICE": "nowhere",
    "http_proxy": f"http://{NOWHERE}:9", "HTTP_PROXY": f"http://{NOWHERE}:9", "TESTS": "nothing", "PIP_USER": "1",
}  # fmt: skip
OF_A_WORKER = {"PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"}
OURS = ("schemas", "producers", "population", "consumers", "rules", "notifier", "backbone", "kruispunt", "tests")


@pytest.fixture
def impostors(tmp_path: Path) -> Path:
    """A folder with modules and scripts that are called as ours are."""
    folder = tmp_path / "im postors"
    (folder / ".ci").mkdir(parents=True)
    for name in OURS:
        (folder / f"{name}.py").write_text("raise SystemExit('an impostor')\n", "utf-8")
    return folder


@pytest.mark.parametrize(
    ("more", "mask", "workers"),
    [
        ({"COLUMNS": "20", "LANG": "tr_TR.UTF-8", "NO_COLOR": "1", "PYTHONHASHSEED": "1"}, 0o077, 0),
        ({"COLUMNS": "160", "LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONHASHSEED": "2"}, 0o000, 2),
    ],
    ids=["narrow", "wide"],
)
def test_the_tests_say_the_same_in_any_shell(
    impostors: Path, tmp_path: Path, more: dict[str, str], mask: int, workers: int
) -> None:
    temporary = tmp_path / "a folder"
    temporary.mkdir()
    given = {name: os.environ[name] for name in ("PATH", "HOME", "XDG_CACHE_HOME", "JAVA_HOME") if name in os.environ}
    folders = {"TMPDIR": str(temporary), "PYTHONPATH": str(impostors), "CDPATH": str(impostors)}
    command = ["make", "-C", str(ROOT), "test", f"WORKERS={workers}", f"TESTS={' '.join(SOME)}"]
    done = subprocess.run(
        command, env=given | HOSTILE | folders | more, umask=mask, capture_output=True, encoding="utf-8",
        errors="replace", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed in", done.stdout)
    assert passed is not None, done.stdout
    assert int(passed[1]) > len(SOME)
    assert "failed" not in done.stdout
    assert [path.name for path in temporary.iterdir() if not path.name.startswith("pytest-of-")] == []


def test_every_test_has_the_surroundings_that_are_stated(tmp_path: Path) -> None:
    own = {name for name in os.environ if name.startswith("PYTEST_")}
    assert own <= {"PYTEST_CURRENT_TEST", "PYTEST_VERSION", "PYTEST_DEBUG_TEMPROOT", *OF_A_WORKER}
    assert set(os.environ) - own <= set(stated(os.environ, tmp_path))
    assert os.environ["COLUMNS"] == "100"
    assert not [name for name in os.environ if name.startswith(("PG", "SMTP"))]
    (tmp_path / "mode").touch()
    assert (tmp_path / "mode").stat().st_mode & 0o777 == 0o644


def test_a_command_prints_what_its_terminal_can_show() -> None:
    done = subprocess.run(
        [COMMAND, "rules", "list"], env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()


@pytest.mark.parametrize(
    ("name", "kept"),
    [("PGHOSTADDR", False), ("PGSERVICE", False), ("PGOPTIONS", False), ("PGPASSWORD", False), ("PGSSLROOTCERT", True)],
)
def test_a_command_connects_where_its_settings_say_and_nowhere_else(name: str, kept: bool) -> None:
    code = "import os, sys; from backbone import surroundings; surroundings.settle(); print(sys.argv[1] in os.environ)"
    done = subprocess.run(
        [sys.executable, "-c", code, name],
        env={**os.environ, name: NOWHERE},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{kept}\n"


class Registry(BaseHTTPRequestHandler):
    """Answers as a registry that knows no schema."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def registry() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def test_no_proxy_stands_before_a_registry_on_this_machine(registry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy")
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with pytest.raises(UnknownSchema):
        book(registry).get(7)
    with pytest.raises(Retry):
        book("http://registry.example").get(7)


def test_a_stack_prepares_no_servers_but_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen.refuse_other_servers()
    monkeypatch.setenv("KRUISPUNT_POSTGRES_HOST", NOWHERE)
    with pytest.raises(Stop, match="KRUISPUNT_POSTGRES_HOST"):
        chosen.refuse_other_servers()


def test_a_stack_is_found_whatever_the_temporary_folder_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = places.Places(Path("/a home/" + "x" * 200))
    before = home.socket
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert home.socket == before
    assert len(os.fsencode(before)) <= places.SOCKET_PATH_LIMIT


def test_git_looks_where_it_is_told_also_in_a_hook_of_another_repository(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    git = tmp_path / "git"
    git.write_text('#!/bin/sh\necho "${GIT_DIR-not set}"\n', "utf-8")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert comparing._git("show") == "not set\n"
