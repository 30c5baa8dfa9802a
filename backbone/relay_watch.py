"""Logs which transaction publication waits for, once for each wait, and when publication goes on."""

import time
from collections.abc import Iterable

from structlog.typing import FilteringBoundLogger

from backbone.horizon import Holder

AGAIN_S = 2.0


class PublicationWatch:
    """Remembers for each outbox what was logged."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        self._log = log
        self._looked_at: dict[str, float] = {}
        self._named: dict[str, set[Holder]] = {}

    def is_time(self, source: str) -> bool:
        """Whether to look at an outbox again."""
        now = time.monotonic()
        if now - self._looked_at.get(source, -AGAIN_S) < AGAIN_S:
            return False
        self._looked_at[source] = now
        return True

    def tell(self, source: str, holders: Iterable[Holder]) -> None:
        """Name each holder that was not named yet: whose session it is, never what it does."""
        # What a session is doing changes from look to look; the wait is the same.
        now = {holder._replace(state=""): holder for holder in holders}
        before = self._named.get(source, set())
        for transaction in now.keys() - before:
            holder = now[transaction]
            self._log.warning(
                "publication waits for a transaction", source=source, pid=holder.pid, role=holder.role,
                application=holder.application, state=holder.state, since=holder.since.isoformat(),
            )  # fmt: skip
        if before and not now:
            self._log.info("publication goes on", source=source)
        self._named[source] = set(now)
