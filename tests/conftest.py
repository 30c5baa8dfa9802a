"""One real stack per run for the tests that need it; nothing outlives the run, however that ends.

What tests see of their surroundings is stated in `tests/surroundings.py`, so that they say the same everywhere.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from backbone.settings import Settings
from backbone.stack import stack as embedded
from backbone.stack.leash import stop_in_order
from backbone.stack.places import ENTERABLE
from backbone.stack.stack import Leash, Plan
from tests.builders.processes import Kruispunt, as_process, within
from tests.machine import Seen, everything, left
from tests.order import OWN_STACKS, place, unit
from tests.surroundings import settle
from tests.workers import Ending, Workers, is_worker

COSTS = {"servers", "stack"}
"""Fixtures that need servers: what needs none runs first."""


SURROUNDINGS = pytest.StashKey[tuple[Path, set[Seen]]]()
"""The run's own temporary folder, and what ran on the machine before it."""
OUTLIVED_S = 10.0
OF_UNIT = pytest.StashKey["OfUnit"]()


class OfUnit:
    """What the modules of a unit share; it is ended when all of them have run."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._stack: Settings | None = None

    def stack(self) -> Settings:
        """A whole stack, brought up for the first who asks."""
        from kruispunt.stack import PLAN

        if self._stack is None:
            plan = Plan(programs=PLAN.programs, prepare=PLAN.prepare, choices={"settle_seconds": 0})
            give = self._open.enter_context(homes())
            self._stack = embedded.up(give("stack"), plan, leash=Leash())
        return self._stack

    def end(self) -> None:
        """Take down what was brought up."""
        self._stack = None
        self._open.close()


def pytest_configure(config: pytest.Config) -> None:
    """A kill is a Ctrl-C: what was started is ended."""
    if is_worker(config):
        config.pluginmanager.register(Ending(once=True))
        return
    stop_in_order()
    if config.getoption("numprocesses", None):
        config.pluginmanager.register(Workers())
    else:
        config.pluginmanager.register(Ending(once=False))
    if config.pluginmanager.has_plugin("tests.mutation"):
        # Many runs beside each other, a thousand times: none of them starts anything.
        return
    # pytest keeps the folders of its last runs, and they are looked into: they stay where they were.
    root = tempfile.gettempdir()
    temporary = Path(tempfile.mkdtemp(prefix="kruispunt-tests-"))
    temporary.chmod(ENTERABLE)
    config.stash[SURROUNDINGS] = temporary, everything()
    settle(os.environ, temporary)
    os.environ["PYTEST_DEBUG_TEMPROOT"] = root
    tempfile.tempdir = str(temporary)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Nothing was started yet."""
    session.stash[OF_UNIT] = OfUnit()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End what was started for the modules of one unit when another one is next."""
    if nextitem is None or unit(nextitem.nodeid) != unit(item.nodeid):
        item.session.stash[OF_UNIT].end()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run that leaves a process or a file behind has failed, whatever its tests say."""
    session.stash[OF_UNIT].end()
    found = session.config.stash.get(SURROUNDINGS, None)
    if found is None:
        return
    temporary, before = found
    end = time.monotonic() + OUTLIVED_S
    while (running := left(before, temporary)) and time.monotonic() < end:
        time.sleep(0.2)
    lying = sorted(path.name for path in temporary.iterdir())
    shutil.rmtree(temporary, ignore_errors=True)
    if running or lying:
        names = [f"process {one.pid}: {one.shown}" for one in running] + [f"{temporary / name}" for name in lying]
        session.config.get_terminal_writer().line("\nleft behind:\n  " + "\n  ".join(names), red=True)
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What shares a stack runs together."""
    alone = not is_worker(config)
    items.sort(key=lambda item: place(item.nodeid, servers=needs_servers(item), alone=alone))
    for item in items:
        if needs_servers(item) or unit(item.nodeid) in OWN_STACKS:
            item.add_marker(pytest.mark.stack)


def needs_servers(item: pytest.Item) -> bool:
    """Whether one of its fixtures brings up servers."""
    return not COSTS.isdisjoint(getattr(item, "fixturenames", ()))


@contextmanager
def homes() -> Iterator[Callable[[str], Path]]:
    """Gives homes whose stacks are gone, with all they held, at the end."""
    given: list[Path] = []

    def give(name: str) -> Path:
        given.append(Path(tempfile.mkdtemp(prefix=f"kruispunt-test-{name}-")))
        return given[-1]

    try:
        yield give
    finally:
        for home in given:
            embedded.down(home, wipe=True)
            if home.exists():
                home.rmdir()


@pytest.fixture(scope="module")
def temporary_home() -> Iterator[Callable[[str], Path]]:
    """Gives a module homes for stacks of its own."""
    with homes() as give:
        yield give


@pytest.fixture(scope="session")
def servers() -> Iterator[Settings]:
    """Kafka, PostgreSQL and the inbox, ready and empty; a test starts the processes it is about."""
    from kruispunt.stack import PLAN

    plan = Plan(programs=lambda _settings: [], prepare=PLAN.prepare, choices={"settle_seconds": 0})
    with homes() as give:
        yield embedded.up(give("servers"), plan, leash=Leash())


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest) -> Settings:
    """A whole stack with every process running, as `kruispunt up` makes it, but telling at once.

    Its processes are many: it goes down as soon as the modules that share it have run.
    """
    return request.session.stash[OF_UNIT].stack()


@pytest.fixture(scope="module")
def kruispunt(stack: Settings) -> Kruispunt:
    """The command line on the whole stack, within this process."""
    return partial(within, stack.home)


@pytest.fixture(scope="module")
def kruispunt_process(stack: Settings) -> Kruispunt:
    """The command line on the whole stack, each time as a process of its own."""
    return partial(as_process, stack.home)
