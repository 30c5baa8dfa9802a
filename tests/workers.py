"""Workers beside each other, each with servers of its own: what each of them runs, and how all of them end."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from backbone.stack.processes import parent, pids
from tests.order import unit

GOODBYE_S = 60.0
"""How long a worker that was interrupted has to take its servers down."""


def is_worker(config: pytest.Config) -> bool:
    """Whether another process has the say."""
    return hasattr(config, "workerinput")


class Ending:
    """A plugin of each process that runs tests: Ctrl-C and a kill end the run, whatever the test makes of them.

    A command that is run within a test takes Ctrl-C for its own end, and the test would go on.
    """

    def __init__(self, *, once: bool) -> None:
        """With `once`, who asks again does not disturb the end."""
        self._once = once
        self._asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)

    def _end(self, number: int, _frame: object) -> None:
        again, self._asked = self._asked, True
        if not (again and self._once):
            raise KeyboardInterrupt(signal.Signals(number).name)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        if self._asked:
            item.session.shouldstop = "asked to end"


class Units(LoadScopeScheduling):
    """Hands out whole units in the order in which tests were collected."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)


class Workers:
    """A plugin of the process that has the say: no worker is left alone when a run is interrupted."""

    def __init__(self) -> None:
        self._nodes: list[WorkerController] = []

    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Producer) -> Units:
        return Units(config, log)

    def pytest_testnodeready(self, node: WorkerController) -> None:
        self._nodes.append(node)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Let every worker that still runs something end it, before xdist ends the worker."""
        if not self._running():
            return
        for pid in children():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + GOODBYE_S
        while self._running() and any(children()) and time.monotonic() < end:
            time.sleep(0.1)

    def _running(self) -> list[WorkerController]:
        return [node for node in self._nodes if not hasattr(node, "workeroutput")]


def children() -> Iterator[int]:
    """The workers: nothing else is started by the process that has the say."""
    return (pid for pid in pids() if parent(pid) == os.getpid())
