"""Waits for what other processes do."""

import time
from collections.abc import Callable
from typing import Any

PATIENCE_S = 60.0
PAUSE_S = 0.05
LONGEST_PAUSE_S = 0.2
PART = 0.02
"""The pause grows with the time waited so far: each look takes processor time from what is waited for."""


def eventually(met: Callable[[], Any], patience: float = PATIENCE_S) -> bool:
    """Wait until it is so; whether that came in time."""
    began = time.monotonic()
    while not met():
        waited = time.monotonic() - began
        if waited >= patience:
            return False
        time.sleep(min(max(PAUSE_S, waited * PART), LONGEST_PAUSE_S))
    return True


def until(met: Callable[[], Any], what: str, patience: float = PATIENCE_S) -> None:
    """Return when it is so; `what` says what is wrong where it never is."""
    assert eventually(met, patience), what
