"""Reads what the kernel says of a process; nothing here depends on a name a process gave itself."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PROCESSES = Path("/proc")
ENDED = frozenset({"Z", "X"})
"""States of a process that has ended; its parent has not yet asked how."""
LIMIT = b"Max file locks"
"""RLIMIT_LOCKS, as the kernel shows it."""


def pids() -> list[int]:
    """Every process there is, those that ended included; the newest first, as they may be gone the soonest."""
    return sorted((int(entry.name) for entry in PROCESSES.iterdir() if entry.name.isdigit()), reverse=True)


def _facts(pid: int) -> list[str] | None:
    """The fields of `stat` from the state on; None for a process that has ended."""
    try:
        fields = (PROCESSES / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ENDED else fields


def alive(pid: int) -> bool:
    """Whether it still runs; a zombie does not."""
    return _facts(pid) is not None


def parent(pid: int) -> int | None:
    """Its parent; None when it has ended."""
    facts = _facts(pid)
    return None if facts is None else int(facts[1])


def began(pid: int) -> str | None:
    """When a process began, in the kernel's ticks; None when it has ended. Tells a pid from its successor."""
    facts = _facts(pid)
    return None if facts is None else facts[19]


def environment(pid: int) -> list[bytes]:
    """The variables it was started with; empty where it wrote something else over them, or they are not ours to see."""
    with suppress(OSError):
        return (PROCESSES / str(pid) / "environ").read_bytes().split(b"\0")
    return []


def lock_limit(pid: int) -> bytes | None:
    """Its hard limit of file locks; None where it has none, or has ended."""
    with suppress(OSError):
        for line in (PROCESSES / str(pid) / "limits").read_bytes().splitlines():
            if line.startswith(LIMIT):
                hard = line[len(LIMIT) :].split()[1]
                return None if hard == b"unlimited" else hard
    return None


def send(pid: int, number: signal.Signals, wanted: Callable[[int], bool]) -> None:
    """Send a signal to a process that is still wanted: never to one that got the number of one that ended."""
    with suppress(ProcessLookupError, PermissionError):
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        except OSError:
            # A kernel, or a sandbox, without handles of processes.
            if wanted(pid):
                os.kill(pid, number)
            return
        try:
            if wanted(pid):
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)
