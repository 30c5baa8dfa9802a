"""Hands the processes to supervisord, which starts the dead again; only its owner reaches the socket it listens on."""

import os
import re
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import Faults, SupervisorTransport

from backbone.errors import Stop
from backbone.stack.configuration import configuration
from backbone.stack.orphans import MARK
from backbone.stack.places import Places, write_private
from backbone.stack.ports import reachable
from backbone.stack.programs import ALIVE, RUNNING, ProcessState, Program

START_S = 15.0
PAUSE_S = 0.05
INHERITED = (
    "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "JAVA_HOME", "XDG_CACHE_HOME", "SSL_CERT_FILE",
    "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE",
)  # fmt: skip
"""Nothing else of the caller's environment reaches what keeps running, `KRUISPUNT_…` excepted."""
TAIL_LINES = 60
TAIL_CHARACTERS = 300
TELLING = re.compile("ERROR|FATAL|Error|Exception")


class Supervisor:
    """The supervisor of one home."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def _ask(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(serverurl=f"unix://{self._places.socket}")  # type: ignore[no-untyped-call] # it has no types
        try:
            with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as proxy:
                return getattr(proxy.supervisor, method)(*arguments)
        finally:
            transport.close()  # type: ignore[no-untyped-call] # it has no types

    def alive(self) -> bool:
        """Whether the supervisor answers."""
        try:
            return bool(self._ask("getState")["statecode"] == 1)
        except (OSError, xmlrpc.client.Error):
            return False

    def pid(self) -> int | None:
        """Its process, as it wrote it down; it may be gone."""
        try:
            return int((self._places.run / "supervisord.pid").read_text("utf-8"))
        except (OSError, ValueError):
            return None

    def states(self) -> dict[str, ProcessState]:
        """What each process is doing; empty when the supervisor does not answer."""
        try:
            answers = self._ask("getAllProcessInfo")
        except (OSError, xmlrpc.client.Error):
            return {}
        return {
            answer["name"]: ProcessState(
                answer["name"], answer["pid"], answer["statename"].lower(), port=None, since=answer["start"]
            )
            for answer in answers
        }

    def hand_over(self, servers: list[Program], programs: list[Program], identity: str) -> None:
        """Give the supervisor its list of programs; what is unchanged and runs goes on running.

        Where a server changes, the processes that need it stop before it does.

        Raises Stop when the supervisor cannot be started.
        """
        write_private(self._places.supervisor, configuration(self._places, [*servers, *programs]))
        if not self.alive():
            self._begin(identity)
            return
        added, changed, removed = self._ask("reloadConfig")[0]
        old = {*changed, *removed}
        below = {server.name for server in servers}
        self.stop((self.states().keys() if old & below else old) - below)
        self.stop(old & below)
        for name in old:
            self._ask("removeProcessGroup", name)
        for name in (*added, *changed):
            self._ask("addProcessGroup", name)

    def _begin(self, identity: str) -> None:
        environment = {
            name: value for name, value in os.environ.items() if name in INHERITED or name.startswith("KRUISPUNT_")
        }
        environment |= {"KRUISPUNT_HOME": str(self._places.home), MARK: identity}
        # -P: nothing in the folder it is started from can pass for one of its modules.
        answer = subprocess.run(
            [
                sys.executable, "-P", "-m", "backbone.stack.marked", identity,
                sys.executable, "-P", "-m", "supervisor.supervisord", "-c", str(self._places.supervisor),
            ],
            stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace", check=False,
            env=environment, cwd="/",
        )  # fmt: skip
        if answer.returncode or not self._wait(self.alive, START_S):
            words = (answer.stdout + answer.stderr).strip().splitlines()
            raise Stop(
                f"The supervisor does not start: {words[-1] if words else 'no reason given'}",
                f"See {self._places.logs / 'supervisord.log'}.",
            )

    def start(self, names: Iterable[str]) -> list[str]:
        """Start each process that is not running, without waiting; gives the names of those it started."""
        started = []
        for name in names:
            self._wait(partial(self._stopped_stopping, name), START_S)
            if self._state(name) in ALIVE:
                continue
            try:
                self._ask("startProcess", name, False)
            except xmlrpc.client.Fault as fault:
                if fault.faultCode != Faults.ALREADY_STARTED:
                    raise Stop(
                        f"The process {name} cannot be started: {fault.faultString}.",
                        self.last_words(name),
                    ) from fault
            started.append(name)
        return started

    def stop(self, names: Iterable[str], seconds: float = 60.0) -> None:
        """Stop processes, all at the same time, and wait until they are gone."""
        wanted = list(names)
        for name in wanted:
            with suppress(xmlrpc.client.Fault):
                self._ask("stopProcess", name, False)
        self._wait(lambda: not any(self._state(name) in ALIVE | {"stopping"} for name in wanted), seconds)

    def shut_down(self) -> None:
        """Let the supervisor end itself and whatever it still has."""
        with suppress(OSError, xmlrpc.client.Error):
            self._ask("shutdown")

    def wait_running(self, programs: Iterable[Program], seconds: float) -> None:
        """Wait until every process has stayed up for a while and listens where it should.

        Raises Stop that names one that does not, and where its log is.
        """
        wanted = list(programs)
        names = [program.name for program in wanted]

        def settled() -> bool:
            states = self.states()
            failed = [name for name in names if name not in states or states[name].state == "fatal"]
            if failed:
                raise Stop(f"The process {failed[0]} does not stay up.", self.last_words(failed[0]))
            return all(
                states[program.name].state == RUNNING and (program.port is None or reachable(program.port))
                for program in wanted
            )

        if not self._wait(settled, seconds):
            late = [name for name, state in self.states().items() if name in names and state.state != RUNNING]
            name = late[0] if late else next(program.name for program in wanted if program.port)
            raise Stop(f"The process {name} is not up after {seconds:.0f} seconds.", self.last_words(name))

    def log(self, name: str) -> Path:
        """Where a process logs."""
        return self._places.logs / f"{name}.log"

    def last_words(self, name: str) -> str:
        """The last line of a process's log that tells of an error, or else just the last."""
        try:
            lines = self.log(name).read_text("utf-8", "replace").splitlines()[-TAIL_LINES:]
        except OSError:
            lines = []
        telling = [line for line in lines if TELLING.search(line)]
        words = (telling or lines or ["(nothing)"])[-1]
        return f"Its last words: {words[:TAIL_CHARACTERS]} - more in {self.log(name)}."

    def _state(self, name: str) -> str:
        states = self.states()
        return states[name].state if name in states else "stopped"

    def _stopped_stopping(self, name: str) -> bool:
        return self._state(name) != "stopping"

    @staticmethod
    def _wait(condition: Callable[[], bool], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            time.sleep(PAUSE_S)
        return True
