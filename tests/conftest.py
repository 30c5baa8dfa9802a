"""One real stack per run for the tests that need it; nothing outlives the run, however that ends.

What tests see of their surroundings is stated in `tests/surroundings.py`, so that they say the same everywhere.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backbone.settings import Settings
from backbone.stack import stack as embedded
from backbone.stack.leash import stop_in_order
from backbone.stack.places import ENTERABLE
from backbone.stack.stack import Leash, Plan
from tests.machine import Seen, everything, left
from tests.surroundings import settle

Kruispunt = Callable[..., subprocess.CompletedProcess[str]]
COMMAND = Path(sys.executable).with_name("kruispunt")
COSTS = ("servers", "stack")
"""Fixtures that need servers: what needs none runs first."""
OWN_STACK = "test_stack_"
"""Modules named so bring stacks of their own up and down: they run while no other stack is there."""


SURROUNDINGS = pytest.StashKey[tuple[Path, set[Seen]]]()
"""The run's own temporary folder, and what ran on the machine before it."""
OUTLIVED_S = 10.0


def pytest_configure(config: pytest.Config) -> None:
    """A kill is a Ctrl-C: what was started is ended."""
    if hasattr(config, "workerinput"):
        return
    stop_in_order()
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


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run that leaves a process or a file behind has failed, whatever its tests say."""
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Cheap tests first; what shares a stack runs together."""

    def cost(item: pytest.Item) -> int:
        if item.path.name.startswith(OWN_STACK):
            return 1
        needed = [number for number, name in enumerate(COSTS, 2) if name in getattr(item, "fixturenames", ())]
        return max(needed, default=0)

    items.sort(key=cost)
    for item in items:
        if cost(item):
            item.add_marker(pytest.mark.stack)


@pytest.fixture(scope="session")
def temporary_home() -> Iterator[Callable[[str], Path]]:
    """Gives homes whose stacks are gone, with all they held, at the end of the run."""
    given: list[Path] = []

    def give(name: str) -> Path:
        given.append(Path(tempfile.mkdtemp(prefix=f"kruispunt-test-{name}-")))
        return given[-1]

    yield give
    for home in given:
        embedded.down(home, wipe=True)
        if home.exists():
            home.rmdir()


@pytest.fixture(scope="session")
def servers(temporary_home: Callable[[str], Path]) -> Settings:
    """Kafka, PostgreSQL and the inbox, ready and empty; a test starts the processes it is about."""
    from kruispunt.stack import PLAN

    plan = Plan(programs=lambda _settings: [], prepare=PLAN.prepare, choices={"settle_seconds": 0})
    return embedded.up(temporary_home("servers"), plan, leash=Leash())


@pytest.fixture(scope="session")
def stack(temporary_home: Callable[[str], Path]) -> Settings:
    """A whole stack with every process running, as `kruispunt up` makes it, but telling at once."""
    from kruispunt.stack import PLAN

    plan = Plan(programs=PLAN.programs, prepare=PLAN.prepare, choices={"settle_seconds": 0})
    return embedded.up(temporary_home("stack"), plan, leash=Leash())


@pytest.fixture(scope="session")
def kruispunt(stack: Settings) -> Kruispunt:
    """The command line on the whole stack: `kruispunt("ledger", "--json")`."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *arguments],
            env={**os.environ, "KRUISPUNT_HOME": str(stack.home)},
            capture_output=True,
            text=True,
            check=False,
        )

    return run
