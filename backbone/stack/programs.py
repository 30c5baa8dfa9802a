"""Says what is to run, and what a process that runs is doing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

RUNNING = "running"
ALIVE = frozenset({"starting", RUNNING, "backoff"})


@dataclass(frozen=True)
class Program:
    """A process to keep running. Servers start first and stop last."""

    name: str
    command: tuple[str, ...]
    port: int | None = None
    user: str | None = None
    stop_signal: str = "TERM"
    stop_seconds: int = 15
    directory: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ProcessState:
    """What a process is doing; pid 0 where there is none. `since` is the second it was last started, 0 when never."""

    name: str
    pid: int
    state: str
    port: int | None
    since: int = 0
