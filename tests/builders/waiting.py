"""Waits for what other processes do."""

import time
from collections.abc import Callable
from typing import Any

PATIENCE_S = 60.0
PAUSE_S = 0.05


def eventually(met: Callable[[], Any], patience: float = PATIENCE_S) -> bool:
    """Wait until it is so; whether that came in time."""
    deadline = time.monotonic() + patience
    while not met():
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_S)
    return True


def until(met: Callable[[], Any], what: str, patience: float = PATIENCE_S) -> None:
    """Return when it is so; `what` says what is wrong where it never is."""
    assert eventually(met, patience), what
