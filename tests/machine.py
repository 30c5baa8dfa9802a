"""Looks at every process of the machine: which ones have to do with this checkout, and which are new."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from backbone.stack.processes import PROCESSES, began, environment, parent, pids

CHECKOUT = Path(__file__).parents[1]
MODULES = Path(sys.prefix)
"""A Python process has its compiled modules in memory, whatever it calls itself."""
HOME = b"KRUISPUNT_HOME="


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


def _read(pid: int, name: str) -> bytes:
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
    return Seen(pid, began(pid) or "", _read(pid, "cmdline").replace(b"\0", b" ").decode("utf-8", "replace")[:200])


def everything() -> set[Seen]:
    """Every process that runs."""
    return {Seen(pid, when) for pid in pids() if (when := began(pid)) is not None}


def touches(pid: int, places: Iterable[Path | str]) -> bool:
    """Whether it has to do with one of these places by what it is called, was given, has open or has in memory."""
    text = b"\0".join((_read(pid, "cmdline"), _read(pid, "environ"), _links(pid), _read(pid, "maps")))
    return any(os.fsencode(str(place)) in text for place in places)


def _above(pid: int) -> set[int]:
    found = set()
    step: int | None = pid
    while step is not None and step > 1 and step not in found:
        found.add(step)
        step = parent(step)
    return found


def _elsewhere(pid: int, before: set[Seen], home: Path | None) -> bool:
    """Whether somebody else began it: a terminal that was open before, or a stack in another home."""
    above = _above(pid)
    if os.getpid() not in above and {one.pid for one in before} & above:
        return True
    given = {word for word in environment(pid) if word.startswith(HOME)}
    return home is not None and bool(given) and HOME + os.fsencode(home) not in given


def left(before: set[Seen], home: Path | None = None, places: Iterable[Path | str] = ()) -> set[Seen]:
    """What runs now, did not then, and has to do with this checkout or one of these places.

    With `home`, what belongs to a stack in another home is left out.
    """
    wanted = [CHECKOUT, MODULES, *places, *([home] if home else [])]
    return {
        seen(one.pid)
        for one in everything() - before
        if one.pid != os.getpid() and touches(one.pid, wanted) and not _elsewhere(one.pid, before, home)
    }
