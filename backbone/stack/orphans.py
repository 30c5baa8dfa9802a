"""Finds and ends what a stack left running, whatever became of its supervisor.

Every process of a stack inherits its identity twice, as a limit that it cannot lose and in its environment; nothing
that has neither is ever touched.
"""

import os
import signal
import time
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from backbone.errors import Stop
from backbone.stack import marked, processes

MARK = "KRUISPUNT_STACK"
PATIENCE_S = 15.0
PAUSE_S = 0.05
LOOKS = 6


def belongs(pid: int, identity: str) -> bool:
    """Whether a process that runs is the stack's."""
    limit = b"%d" % marked.number(identity)
    mark = f"{MARK}={identity}".encode()
    return (processes.lock_limit(pid) == limit or mark in processes.environment(pid)) and processes.alive(pid)


def running(identity: str) -> set[int]:
    """The processes of the stack, the caller and its parent excepted."""
    return {pid for pid in processes.pids() if belongs(pid, identity)} - {os.getpid(), os.getppid()}


def _signal(identity: str, pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        processes.send(pid, number, lambda found: belongs(found, identity))


def _wait(identity: str, seconds: float) -> set[int]:
    end = time.monotonic() + seconds
    while (left := running(identity)) and time.monotonic() < end:
        time.sleep(PAUSE_S)
    return left


def _kill(identity: str, spared: AbstractSet[int] = frozenset()) -> None:
    """Kill until none is left. Those spared get time to end by themselves.

    None is left when none is seen again and again: one may start another, and end, while all are being looked at.

    Raises Stop that names those that do not end.
    """
    patience = time.monotonic() + PATIENCE_S
    looks = 0
    while looks < LOOKS:
        left = running(identity)
        looks = 0 if left else looks + 1
        if left and time.monotonic() > patience:
            if not spared:
                raise Stop(
                    f"These processes of the stack do not end: {', '.join(map(str, sorted(left)))}.",
                    "`ps` shows what they wait for; then run `kruispunt down` again.",
                )
            spared, patience = frozenset(), time.monotonic() + PATIENCE_S
        _signal(identity, left - spared, signal.SIGKILL)
        time.sleep(PAUSE_S)


def _server(found: set[int], postmaster: int | None) -> tuple[set[int], set[int]]:
    """The postmaster, if it is the stack's, and the processes that only it may end."""
    server = {postmaster} & found if postmaster else set()
    return server, {pid for pid in found if processes.parent(pid) in server}


def end(identity: str, postmaster: int | None = None) -> int:
    """End all of the stack, gently first; gives how many there were.

    A postmaster waits for its clients on SIGTERM, so it gets SIGINT: leave now, with everything in order. Its own
    processes are left to it.

    Raises Stop that names those that do not end.
    """
    found = running(identity)
    if not found:
        return 0
    server, backends = _server(found, postmaster)
    _signal(identity, found - server - backends, signal.SIGTERM)
    _signal(identity, server, signal.SIGINT)
    _wait(identity, PATIENCE_S)
    _kill(identity)
    return len(found)


def kill(identity: str, supervisor: int | None, postmaster: int | None) -> None:
    """End all of the stack at once, for when what it was doing no longer matters.

    The supervisor first, so that it starts nothing again; a postmaster by SIGQUIT, so that it takes its backends along.

    Raises Stop that names those that do not end.
    """
    found = running(identity)
    _signal(identity, {supervisor} & found if supervisor else (), signal.SIGKILL)
    server, backends = _server(found, postmaster)
    _signal(identity, server, signal.SIGQUIT)
    _kill(identity, server | backends)
