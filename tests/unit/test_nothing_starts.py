"""A unit test that starts a process fails, whatever it starts it with, and whatever the program makes of failures."""

import asyncio
import multiprocessing
import os
import subprocess
from collections.abc import Callable
from contextlib import suppress

import pytest

FAILS = pytest.fail.Exception


@pytest.fixture(scope="module")
def refused() -> str:
    with pytest.raises(FAILS) as found:
        subprocess.run(["true"], check=False)
    return str(found.value)


async def soon() -> None:
    await asyncio.create_subprocess_exec("true")


@pytest.mark.parametrize(
    "begin",
    [
        lambda: subprocess.run(["true"], check=False),
        lambda: subprocess.Popen("true", shell=True),  # noqa: S602 - it is refused
        lambda: os.popen("true"),  # noqa: S605 - it is refused
        lambda: os.system("true"),  # noqa: S605 - it is refused
        lambda: os.posix_spawn("/bin/true", ["true"], {}),
        lambda: os.spawnv(os.P_WAIT, "/bin/true", ["true"]),  # noqa: S606 - it is refused
        lambda: multiprocessing.get_context("spawn").Process(target=print).start(),
        lambda: asyncio.run(soon()),
    ],
)
def test_no_unit_test_starts_a_process(begin: Callable[[], object]) -> None:
    with pytest.raises(FAILS, match="tests/process"), suppress(Exception):
        begin()


def test_nor_does_a_fixture_of_many_tests(refused: str) -> None:
    assert "tests/process" in refused
