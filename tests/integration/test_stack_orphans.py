"""Whatever a process of a stack does to itself, the stack still finds and ends it; and nobody else's, ever."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from backbone.errors import Stop
from backbone.stack import orphans, processes, stack
from backbone.stack.places import Places
from backbone.stack.programs import Program
from backbone.stack.supervisor import Supervisor
from tests.builders.waiting import eventually
from tests.machine import Seen, seen

PATIENCE_S = 20.0
NOTHING, RENAMES, FORGETS = "does nothing", "renames itself", "starts anew without an environment"
HELLO = """
import os, signal, sys, time
def hello():
    with open(sys.argv[1], "w") as file: file.write(str(os.getpid()))
"""
SLEEP = """
hello()
time.sleep(120)
"""
WAYS = {
    NOTHING: "",
    RENAMES: "import setproctitle; setproctitle.setproctitle('[somebody else] ' + 'x' * 9000)",
    FORGETS: "os.environ and os.execve(sys.executable, [sys.executable, '-c', CODE, sys.argv[1]], {})",
    "ignores every signal it may": "[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 3, 15)]",
    "leaves parent and session": "os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); os.chdir('/')",
    "closes what it inherited": "os.closerange(3, 1024)",
    "is stopped": "hello(); os.kill(os.getpid(), signal.SIGSTOP)",
}


def plant(way: str) -> str:
    """The code of a process that does something to itself, says its number, and stays."""
    return HELLO + f"CODE = {HELLO + SLEEP!r}\n" + WAYS[way] + SLEEP


MULTIPLYING = """
import os, sys, time
with open(sys.argv[1], "w") as file: file.write(str(os.getpid()))
for _ in range(1000):
    time.sleep(0.03)
    if os.fork():
        os._exit(0)
    os.setsid()
"""


@pytest.fixture
def identity() -> Iterator[str]:
    name = uuid4().hex
    yield name
    orphans.kill(name, None, None)


class Plants:
    """Starts processes, of a stack or of nobody, and says which process each has become."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, identity: str | None, code: str) -> Path:
        """Start one, without waiting; gives the file in which it will say its number."""
        said = self._folder / uuid4().hex
        command = [sys.executable, "-P", "-c", code, str(said)]
        environment = {name: value for name, value in os.environ.items() if name != orphans.MARK}
        if identity:
            command = [sys.executable, "-P", "-m", "backbone.stack.marked", identity, *command]
            environment[orphans.MARK] = identity
        self._started.append(subprocess.Popen(command, env=environment, start_new_session=True))
        return said

    def find(self, said: Path) -> Seen:
        """Wait until it has done to itself what it does."""
        assert eventually(lambda: said.exists() and said.read_text("utf-8") != "")
        return seen(int(said.read_text("utf-8")))

    def plant(self, identity: str | None, code: str) -> Seen:
        return self.find(self.start(identity, code))

    def reap(self) -> None:
        """Ask of each how it ended, so that it is no zombie."""
        for process in self._started:
            process.poll()

    def close(self) -> None:
        for process in self._started:
            process.kill()
            process.wait(PATIENCE_S)


@pytest.fixture
def plants(tmp_path: Path, identity: str) -> Iterator[Plants]:
    found = Plants(tmp_path)
    yield found
    found.close()


def gone(one: Seen) -> bool:
    return processes.began(one.pid) != one.began


@pytest.mark.parametrize("ending", ["end", "kill"])
def test_no_process_gets_away(plants: Plants, identity: str, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "PATIENCE_S", 3.0)
    started = {way: plants.start(identity, plant(way)) for way in WAYS}
    found = {way: plants.find(said) for way, said in started.items()}
    assert {one.pid for one in found.values()} <= orphans.running(identity)
    if ending == "end":
        assert orphans.end(identity) >= len(WAYS)
    else:
        orphans.kill(identity, None, None)
    assert orphans.running(identity) == set()
    assert [way for way, one in found.items() if not gone(one)] == []


def test_what_goes_on_starting_others_is_ended_too(plants: Plants, identity: str) -> None:
    plants.plant(identity, MULTIPLYING)
    orphans.kill(identity, None, None)
    time.sleep(0.2)
    assert orphans.running(identity) == set()


@pytest.mark.parametrize("way", [RENAMES, FORGETS])
def test_what_wrote_over_its_environment_is_known_by_its_limit_alone(plants: Plants, identity: str, way: str) -> None:
    """Else the tests above would not tell the one from the other."""
    one = plants.plant(identity, plant(way))
    assert not any(word.startswith(orphans.MARK.encode()) for word in processes.environment(one.pid))
    assert one.pid in orphans.running(identity)


def test_where_the_kernel_gives_no_limit_the_environment_tells(
    plants: Plants, identity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = plants.plant(identity, plant(NOTHING))
    monkeypatch.setattr(processes, "lock_limit", lambda _pid: None)
    assert orphans.running(identity) == {one.pid}


def test_nothing_of_another_stack_or_of_nobody_is_touched(plants: Plants, identity: str) -> None:
    other = uuid4().hex
    nobodys, anothers = (plants.plant(whose, plant(NOTHING)) for whose in (None, other))
    mine = plants.plant(identity, plant(NOTHING))
    assert orphans.running(identity) == {mine.pid}
    orphans.kill(identity, nobodys.pid, anothers.pid)
    assert gone(mine)
    assert not gone(nobodys)
    assert not gone(anothers)


def test_a_number_that_went_to_somebody_else_gets_no_signal(plants: Plants, identity: str) -> None:
    stranger = plants.plant(None, plant(NOTHING))
    orphans._signal(identity, {stranger.pid}, signal.SIGKILL)
    time.sleep(0.2)
    assert not gone(stranger)


def test_what_cannot_be_ended_is_named(plants: Plants, identity: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = plants.plant(identity, plant(NOTHING))
    with monkeypatch.context() as patch:
        patch.setattr(orphans, "PATIENCE_S", 0.3)
        patch.setattr(processes, "send", lambda *_: None)
        with pytest.raises(Stop, match=str(one.pid)):
            orphans.end(identity)


@pytest.fixture
def places() -> Iterator[Places]:
    """A home whose supervisor can listen inside it."""
    home = Path(tempfile.mkdtemp(prefix="kruispunt-test-"))
    yield Places(home)
    shutil.rmtree(home, ignore_errors=True)


@pytest.mark.parametrize("wipe", [False, True])
def test_a_stack_whose_home_was_deleted_ends_with_its_starter(places: Places, identity: str, wipe: bool) -> None:
    places.make()
    places.remember(identity=identity)
    supervisor = Supervisor(places)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"]) as starter:
        bound = stack._leash_program(places, stack.Leash(starter.pid, wipe), held=False)
        ticker = Program("ticker", (sys.executable, "-P", "-c", "import time; time.sleep(3600)"))
        supervisor.hand_over([], [*bound, ticker], identity)
        supervisor.start(["leash", "ticker"])
        supervisor.wait_running([*bound, ticker], PATIENCE_S)
        assert len(orphans.running(identity)) >= 3
        shutil.rmtree(places.home)
        starter.kill()
    assert eventually(lambda: not orphans.running(identity))
    assert not places.home.exists()


def test_a_leash_leaves_alone_another_stack_that_has_its_home_now(
    plants: Plants, places: Places, identity: str
) -> None:
    other = uuid4().hex
    places.make()
    places.remember(identity=other)
    mine, anothers = (plants.plant(whose, plant(NOTHING)) for whose in (identity, other))
    assert stack.down(places.home, wipe=True, identity=identity)
    assert gone(mine)
    assert not gone(anothers)
    assert places.recall() == {"identity": other}
