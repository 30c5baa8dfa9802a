"""Lets a process finish what it has in hand when asked to stop, and try again where trouble may pass."""

import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from backbone.errors import Retry
from backbone.kafka import AccessRefused

Result = TypeVar("Result")
PATIENCE_S = 120
"""How long a process tries before it gives up and lets the supervisor start it afresh."""
LONGEST_WAIT_S = 5


class Drain:
    """While open, SIGTERM and SIGINT set `wanted` instead of ending the process."""

    def __init__(self) -> None:
        self.wanted = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.wanted = True


class Patience:
    """How long trouble may last before a process gives up and lets its supervisor start it afresh."""

    def __init__(self) -> None:
        self._trouble_since: float | None = None

    def restore(self) -> None:
        """All is well: the next trouble gets the whole patience again."""
        self._trouble_since = None

    def spend(self, trouble: Retry | AccessRefused) -> None:
        """Raises `trouble` once it has lasted for PATIENCE_S."""
        now = time.monotonic()
        self._trouble_since = self._trouble_since or now
        if now - self._trouble_since > PATIENCE_S:
            raise trouble from None


def with_retry(action: Callable[[], Result], patience: float = PATIENCE_S) -> Result:
    """Repeat an action, with ever longer waits, while it raises Retry; after `patience` seconds let the error out."""
    for attempt in Retrying(
        retry=retry_if_exception_type(Retry),
        wait=wait_random_exponential(multiplier=0.1, max=LONGEST_WAIT_S),
        stop=stop_after_delay(patience),
        reraise=True,
    ):
        with attempt:
            result = action()
    return result
