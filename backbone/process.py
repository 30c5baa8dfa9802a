"""Lets a process finish what it has in hand when asked to stop, and try again when something passing is in the way."""

import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

import psycopg
from structlog.typing import FilteringBoundLogger
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from backbone.errors import Retry, Stop
from backbone.kafka import Closed
from backbone.trouble import of_postgres

Result = TypeVar("Result")
PATIENCE_S = 120
"""How long a process tries before it gives up and lets the supervisor start it afresh."""
LONGEST_WAIT_S = 5
AGAIN_S = 0.5


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


def persevere(drain: Drain, log: FilteringBoundLogger, work: Callable[[Callable[[], None]], None]) -> None:
    """Do `work` until asked to stop, and begin it again where something passing got in the way.

    `work` opens what it needs, goes on until asked to stop, closes, and calls what it is given whenever all is well.

    A refused login or right may be given back: that is begun again, too. Raises Retry, or Closed, when trouble lasts
    for PATIENCE_S, and Stop at once when PostgreSQL refuses for good.
    """
    trouble_since: float | None = None

    def well() -> None:
        nonlocal trouble_since
        trouble_since = None

    while not drain.wanted:
        try:
            work(well)
        except (Retry, Closed, psycopg.Error) as error:
            trouble = of_postgres(error) if isinstance(error, psycopg.Error) else error
            if isinstance(trouble, Stop) and not isinstance(trouble, Closed):
                raise trouble from None
            reason = str(trouble)
            log.warning("beginning again", reason=reason)
            trouble_since = trouble_since or time.monotonic()
            if time.monotonic() - trouble_since > PATIENCE_S:
                if isinstance(error, Closed):
                    raise
                raise Retry(reason) from None
            time.sleep(AGAIN_S)


def with_retry(action: Callable[[], Result], patience: float = PATIENCE_S) -> Result:
    """Do it again, ever later, while it raises Retry; after `patience` seconds let the error out."""
    for attempt in Retrying(
        retry=retry_if_exception_type(Retry),
        wait=wait_random_exponential(multiplier=0.1, max=LONGEST_WAIT_S),
        stop=stop_after_delay(patience),
        reraise=True,
    ):
        with attempt:
            result = action()
    return result
