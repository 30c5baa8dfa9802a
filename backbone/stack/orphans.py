"""Finds and ends what a stack left running when its supervisor was killed.

Every process of a stack inherits its identity in the environment; nothing without it is ever touched.
"""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

MARK = "KRUISPUNT_STACK"
PROCESSES = Path("/proc")
PATIENCE_S = 15.0
PAUSE_S = 0.05


def running(identity: str) -> set[int]:
    """The processes that carry the identity, the caller and its parents excepted."""
    mark = f"{MARK}={identity}".encode()
    found = set()
    for entry in PROCESSES.iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0") and _alive(int(entry.name)):
                found.add(int(entry.name))
    return found - {os.getpid(), os.getppid()}


def _alive(pid: int) -> bool:
    """Whether it still runs; a zombie does not."""
    with suppress(OSError):
        return (PROCESSES / str(pid) / "stat").read_text("utf-8").rpartition(")")[2].split()[0] not in {"Z", "X"}
    return False


def _signal(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _wait(identity: str, seconds: float) -> set[int]:
    end = time.monotonic() + seconds
    while (left := running(identity)) and time.monotonic() < end:
        time.sleep(PAUSE_S)
    return left


def end(identity: str, postmaster: int | None = None) -> int:
    """End all that carries the identity, gently first; gives how many there were.

    A postmaster waits for its clients on SIGTERM, so it gets SIGINT: leave now, with everything in order.
    """
    found = running(identity)
    if not found:
        return 0
    servers = {postmaster} & found if postmaster else set()
    _signal(found - servers, signal.SIGTERM)
    _signal(servers, signal.SIGINT)
    left = _wait(identity, PATIENCE_S)
    _signal(left, signal.SIGKILL)
    _wait(identity, PATIENCE_S)
    return len(found)


def kill(identity: str, supervisor: int | None, postmaster: int | None) -> None:
    """End all that carries the identity at once, for when what it was doing no longer matters.

    The supervisor first, so that it starts nothing again; a postmaster by SIGQUIT, so that it takes its backends along.
    """
    found = running(identity)
    _signal({supervisor} & found if supervisor else set(), signal.SIGKILL)
    _signal({postmaster} & found if postmaster else set(), signal.SIGQUIT)
    _signal(running(identity) - {postmaster}, signal.SIGKILL)
    _signal(_wait(identity, PATIENCE_S), signal.SIGKILL)
    _wait(identity, PATIENCE_S)
