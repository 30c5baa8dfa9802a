"""The loop begins again where trouble may pass, gives up when it lasts, and lets a session end in order."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from structlog.typing import FilteringBoundLogger

from backbone import consumer_loop, process
from backbone.errors import Retry, Stop
from backbone.kafka import AccessRefused
from backbone.process import Drain
from backbone.settings import Settings
from tests.builders.clock import Clock


class Played:
    """A session that does what it is told, and writes down what became of it."""

    def __init__(self, number: int, steps: list[Any], heard: list[str]) -> None:
        self._number = number
        self._steps = steps
        self._heard = heard

    def handle_batch(self) -> int:
        step = self._steps.pop(0)
        if isinstance(step, BaseException):
            raise step
        if step == "terminate":
            os.kill(os.getpid(), signal.SIGTERM)
            return 1
        self._heard.append(f"batch of {step} in {self._number}")
        return int(step)

    def finish(self) -> None:
        self._heard.append(f"finish {self._number}")

    def close(self) -> None:
        self._heard.append(f"close {self._number}")


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Runs the loop with these steps; each `Retry` and the like ends one session. `None` is a session not to be had."""
    clock = Clock()
    monkeypatch.setattr(consumer_loop, "time", clock)
    monkeypatch.setattr(process, "time", clock)

    def run(*steps: Any) -> list[str]:
        left, heard, opened = list(steps), list[str](), [0]

        def open_session(_log: FilteringBoundLogger, _drain: Drain) -> Played | None:
            if left[0] is None:
                left.pop(0)
                heard.append("stand by")
                return None
            opened[0] += 1
            heard.append(f"open {opened[0]}")
            return Played(opened[0], left, heard)

        try:
            consumer_loop.run(Settings(home=tmp_path), "test", open_session)
        except (Retry, Stop) as error:
            heard.append(f"{type(error).__name__}: {error}")
        return heard

    return run


def test_a_session_goes_on_until_it_is_asked_to_stop_and_finishes(play: Callable[..., list[str]]) -> None:
    assert play(3, 0, "terminate") == ["open 1", "batch of 3 in 1", "batch of 0 in 1", "finish 1", "close 1"]


@pytest.mark.parametrize("trouble", [Retry("later"), AccessRefused("not let in"), psycopg.OperationalError("gone")])
def test_after_trouble_that_may_pass_another_session_begins(play: Callable[..., list[str]], trouble: Exception) -> None:
    assert play(trouble, 2, "terminate") == ["open 1", "close 1", "open 2", "batch of 2 in 2", "finish 2", "close 2"]


@pytest.mark.parametrize(
    "trouble", [Stop("Kafka refuses."), psycopg.errors.InsufficientPrivilege("a row"), RuntimeError("a fault")]
)
def test_what_does_not_pass_ends_the_process_at_once(play: Callable[..., list[str]], trouble: Exception) -> None:
    if isinstance(trouble, RuntimeError):
        with pytest.raises(RuntimeError):
            play(trouble, 1, "terminate")
        return
    heard = play(trouble, 1, "terminate")
    assert heard[:2] == ["open 1", "close 1"]
    assert heard[2].startswith("Stop: ")
    assert "a row" not in heard[2]


def test_trouble_that_lasts_longer_than_the_patience_ends_the_process(play: Callable[..., list[str]]) -> None:
    tries = int(process.PATIENCE_S / consumer_loop.AGAIN_S) + 2
    heard = play(*[Retry("Kafka is away.")] * (tries + 5))
    assert heard[-1] == "Retry: Kafka is away."
    assert heard.count("close 1") == 1
    assert len([word for word in heard if word.startswith("open")]) == tries


@pytest.mark.parametrize("well", [1, None])
def test_work_that_was_done_and_standing_by_restore_the_patience(
    play: Callable[..., list[str]], well: int | None
) -> None:
    tries = int(process.PATIENCE_S / consumer_loop.AGAIN_S) - 1
    heard = play(*[Retry("away")] * tries, well, *[Retry("away")] * tries, "terminate")
    assert heard[-1].startswith("close")
    assert ("stand by" in heard) == (well is None)
