"""Waits until everything that was accepted has arrived everywhere it goes."""

import time
from collections.abc import Callable

from backbone.errors import Retry
from kruispunt import settings
from kruispunt.dead_letters.closings import open_by_stage
from kruispunt.monitoring.lag import Stage, stages
from kruispunt.output import Exit, errors, working

PAUSE_S = 0.2
SILENCE_S = 30.0
"""A server that is started again answers before this; one that was never started never does."""


def arrived(all_stages: list[Stage], told: Callable[[int, str, int], None] | None = None) -> bool:
    """Whether no stage has anything left, asked in the order data travels so that nothing slips past.

    `told(index, stage, waiting)` hears of the first stage that is still busy.
    """
    for index, stage in enumerate(all_stages):
        waiting = stage.waiting()
        if waiting:
            if told:
                told(index, stage.name, waiting)
            return False
    return True


def until_arrived(timeout: float, told: Callable[[int, str, int], None] | None = None) -> bool:
    """Ask again until everything has arrived; False at the timeout."""
    config = settings.load()
    everything = stages(config)
    deadline = time.monotonic() + timeout
    answered = time.monotonic()
    while True:
        try:
            if arrived(everything, told):
                return True
            answered = time.monotonic()
        except Retry:
            if time.monotonic() > min(deadline, answered + SILENCE_S):
                raise
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_S)


def wait(timeout: float) -> int:
    """The command: 0 when everything has arrived, 1 at the timeout, and as soon as only dead letters are left."""
    busy = {}

    with working("waiting until everything has arrived") as say:

        def told(_index: int, stage: str, waiting: int) -> None:
            busy["stage"] = f"{stage} still has {waiting:,} to do"
            say(busy["stage"])

        done = until_arrived(timeout, told)
    if not done:
        errors.print(f"[bold yellow]…[/] not everything has arrived after {timeout:g} s: {busy.get('stage', '')}")
        errors.print("  Run `kruispunt status` to see what is behind.")
        return Exit.NO
    if letters := sum(open_by_stage(settings.load()).values()):
        errors.print(f"[bold yellow]…[/] everything else has arrived, but {letters:,} dead letters wait for a decision")
        errors.print("  `kruispunt dead` lists them. Replay or drop each one.")
        return Exit.NO
    return Exit.DONE
