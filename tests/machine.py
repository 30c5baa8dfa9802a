"""Looks at every process of the machine: which ones have to do with this checkout, and which are new."""

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from backbone.stack.processes import PROCESSES, began, environment, parent, pids

CHECKOUT = Path(__file__).parents[1]
MODULES = Path(sys.prefix)
"""A Python process has its compiled modules in memory, whatever it calls itself."""
HOME = b"KRUISPUNT_HOME="
PYTESTS = "/pytest-of-"
"""Tests keep homes there, too."""


@dataclass(frozen=True)
class Seen:
    """A process: its number, when it began, and what it calls itself, for whoever has to look for it."""

    pid: int
    began: str
    shown: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Seen) and (self.pid, self.began) == (other.pid, other.began)

    def __hash__(self) -> int:
        return hash((self.pid, self.began))


def read(pid: int, name: str) -> bytes:
    """What the kernel has of a process under a name; nothing where it has ended meanwhile."""
    try:
        return (PROCESSES / str(pid) / name).read_bytes()
    except OSError:
        return b""


def _links(pid: int) -> bytes:
    """Where it is, what it runs, what it has open."""
    found = []
    place = PROCESSES / str(pid)
    try:
        names = [place / "cwd", place / "exe", *(place / "fd").iterdir()]
    except OSError:
        return b""
    for name in names:
        try:
            found.append(os.fsencode(name.readlink()))
        except OSError:
            continue
    return b"\0".join(found)


def seen(pid: int) -> Seen:
    """A process that runs."""
    return Seen(pid, began(pid) or "", read(pid, "cmdline").replace(b"\0", b" ").decode("utf-8", "replace")[:200])


def everything() -> set[Seen]:
    """Every process that runs."""
    return {Seen(pid, when) for pid in pids() if (when := began(pid)) is not None}


def touches(pid: int, places: Iterable[Path | str]) -> bool:
    """Whether it has to do with one of these places by what it is called, was given, has open or has in memory."""
    text = b"\0".join((read(pid, "cmdline"), read(pid, "environ"), _links(pid), read(pid, "maps")))
    return any(os.fsencode(str(place)) in text for place in places)


def _ancestors(pid: int | None) -> set[int]:
    found: set[int] = set()
    while pid and pid not in found:
        found.add(pid)
        pid = parent(pid)
    return found


@cache
def _adopters() -> set[int]:
    """Who takes in what has lost its parent, and all above: the first process of all, or a manager of sessions."""
    lost = subprocess.run(
        ["sh", "-c", "sh -c 'sleep 0.2; cat /proc/$$/stat' &"], stdout=subprocess.PIPE, check=True, text=True
    )
    return _ancestors(int(lost.stdout.rpartition(")")[2].split()[1]))


def _elsewhere(pid: int, before: set[Seen], within: Path) -> bool:
    """Whether somebody else began it: from a terminal that was open before, or as a stack whose home lies elsewhere."""
    above = _ancestors(pid) - _adopters()
    if os.getpid() not in above and {one.pid for one in before} & above:
        return True
    homes = [Path(os.fsdecode(word.removeprefix(HOME))) for word in environment(pid) if word.startswith(HOME)]
    return any(not home.is_relative_to(within) and PYTESTS not in str(home) for home in homes)


def left(before: set[Seen], within: Path, *places: Path | str) -> set[Seen]:
    """What runs now, did not then, and has to do with this checkout, the folder `within` or one of these places.

    What somebody else has begun meanwhile is left out: from another terminal, or as a stack whose home lies elsewhere.
    """
    wanted = [CHECKOUT, MODULES, within, *places]
    return {
        seen(one.pid)
        for one in everything() - before
        if one.pid != os.getpid() and touches(one.pid, wanted) and not _elsewhere(one.pid, before, within)
    }
