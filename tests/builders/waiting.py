"""Waits for what other processes do."""

import time
from collections.abc import Callable
from typing import Any

PATIENCE_S = 60.0
PAUSE_S = 0.05


def until(met: Callable[[], Any], what: str, patience: float = PATIENCE_S) -> None:
    """Return when it is so; `what` says what is wrong where it never is."""
    deadline = time.monotonic() + patience
    while not met():
        assert time.monotonic() < deadline, what
        time.sleep(PAUSE_S)
