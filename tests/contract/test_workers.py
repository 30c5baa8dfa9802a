"""A run that is killed ends what its workers started, whatever the test that runs just then makes of it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.waiting import until
from tests.order import OWN_STACKS, UNITS, place, unit

ROOT = Path(__file__).parents[2]
CONFTEST = f"""
import signal, sys
sys.path.insert(0, {str(ROOT)!r})
from tests.workers import Ending, Workers, is_worker

def pytest_configure(config):
    if not is_worker(config):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.pluginmanager.register(Ending(once=True) if is_worker(config) else Workers())
"""
MODULE = """
import subprocess, time
from pathlib import Path
import pytest

@pytest.fixture(scope="session")
def server():
    with subprocess.Popen(["sleep", "600"]) as process:
        Path(f"server.{process.pid}").touch()
        yield
        process.kill()

def test_one(server):
    Path(f"began-{__name__}").touch()
    try:
        time.sleep(600)
    except KeyboardInterrupt:
        pass

def test_another(server):
    Path("went-on").touch()
"""


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_a_killed_run_ends_its_workers_and_what_they_started(tmp_path: Path, asked: signal.Signals) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST, "utf-8")
    for name in ("test_a.py", "test_b.py"):
        (tmp_path / name).write_text(MODULE, "utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "2",
        "-p",
        "no:cacheprovider",
        f"--rootdir={tmp_path}",
        str(tmp_path),
    ]
    said = tmp_path / "said"
    with said.open("w") as output, subprocess.Popen(command, cwd=tmp_path, stdout=output, stderr=output) as run:
        until(lambda: len(list(tmp_path.glob("began-*"))) == 2, "the tests do not begin")
        run.send_signal(asked)
        assert run.wait(60) == pytest.ExitCode.INTERRUPTED, said.read_text("utf-8")
    servers = [int(path.suffix[1:]) for path in tmp_path.glob("server.*")]
    assert len(servers) == 2
    assert [pid for pid in servers if Path(f"/proc/{pid}").exists()] == []
    assert not (tmp_path / "went-on").exists()


def test_long_units_come_first_and_what_needs_no_server_last_or_first() -> None:
    stacks, long, short = f"{OWN_STACKS[0]}::a", f"{UNITS[-1][0]}::a", "tests/integration/test_short.py::a"
    cheap = "tests/unit/test_cheap.py::a"
    asked = {stacks: True, long: True, short: True, cheap: False}
    beside = sorted(asked, key=lambda one: place(one, servers=asked[one], alone=False))
    assert beside == [stacks, long, short, cheap]
    assert sorted(asked, key=lambda one: place(one, servers=asked[one], alone=True)) == [cheap, stacks, long, short]
    assert {unit(f"{module}::a") for module in OWN_STACKS} == {OWN_STACKS[0]}
    assert unit(short) == short.partition("::")[0]
