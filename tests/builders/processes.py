"""Runs the command line on a stack: within the process of the tests, or as a process of its own."""

import gc
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from backbone.stack.processes import PROCESSES
from tests.builders.waiting import until

COMMAND = Path(sys.executable).with_name("kruispunt")
STOPPED_S = 30.0
SILENT = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
Answer = CompletedProcess[str]
Kruispunt = Callable[..., Answer]
"""The command line on one stack: `kruispunt("ledger", "--json")`."""


def surroundings(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    return {"KRUISPUNT_HOME": str(home), **more}


@contextmanager
def ended() -> Iterator[None]:
    """Close what is left open within, as the end of a process would."""
    gc.freeze()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            yield
        finally:
            gc.collect()
            gc.unfreeze()


def within(home: Path, *arguments: str | Path, said: str | None = None, **environment: str) -> Answer:
    """Run a command and give its answer, without the start of a process: most of what a short command costs.

    One at a time: it stands in for the standard output of the tests.
    """
    # Not before the tests have their surroundings: what prints looks at them once.
    from kruispunt.cli import app
    from tests.builders.command_line import CliRunner

    runner = CliRunner(env=surroundings(home, environment))
    with ended():
        found = runner.invoke(app, [str(one) for one in arguments], input=said, prog_name="kruispunt")
        answer = CompletedProcess(arguments, found.exit_code, found.stdout, found.stderr)
        wrong = None if isinstance(found.exception, SystemExit) else found.exception
        # It holds what the command had in hand.
        del found
    if wrong is not None:
        raise wrong
    return answer


def as_process(home: Path, *arguments: str | Path, said: str | None = None, **environment: str) -> Answer:
    """Run a command as a process, for what holds of processes only, and give its answer."""
    return subprocess.run(
        [COMMAND, *arguments], env={**os.environ, **surroundings(home, environment)}, input=said, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


def start(
    home: Path, *verb: str, streams: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a process that runs until it is asked to stop; `streams` says where its standard streams lead."""
    given = {**os.environ, **surroundings(home, environment or {})}
    return subprocess.Popen([COMMAND, *verb], env=given, **(streams or {}))


def takes(process: subprocess.Popen[Any], number: signal.Signals = signal.SIGTERM) -> bool:
    """Whether a process has begun to take a signal as a request; before that it ends at once, and not in order."""
    try:
        status = (PROCESSES / str(process.pid) / "status").read_text("ascii")
    except OSError:
        return False
    (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught, 16) >> (number - 1) & 1)


def ask_to_stop(process: subprocess.Popen[Any]) -> None:
    """Ask a process to stop in order, as soon as it is far enough to do so."""
    until(lambda: takes(process) or process.poll() is not None, "the process never began")
    process.terminate()


@contextmanager
def running(home: Path, *verbs: str) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Processes that are asked to stop at the end, and stop well; one that was killed may have been started again."""
    alive = {verb: start(home, verb) for verb in verbs}
    try:
        yield alive
    finally:
        for process in alive.values():
            ask_to_stop(process)
        codes = {}
        for verb, process in alive.items():
            with suppress(subprocess.TimeoutExpired):
                codes[verb] = process.wait(STOPPED_S)
            process.kill()
    assert codes == dict.fromkeys(verbs, 0)
