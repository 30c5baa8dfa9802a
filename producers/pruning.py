"""Removes from outboxes what was published some time ago; what else an outbox is read for decides whether, and when."""

from datetime import timedelta
from typing import Any

from psycopg import Connection, sql

from backbone.progress import Progress

AS_LONG = timedelta(days=15)
"""Half of what the topics keep that are kept shortest: what is in an outbox can still be held against its topic."""
KEPT: dict[str, timedelta] = {
    # Answers to institutions: `directory.change` keeps each for good and gives it again to whoever asks again. This is
    # for looking at what just happened: an institution that says as much as it may makes 150 MB in it.
    "directory": timedelta(minutes=10),
    "rules": AS_LONG,
    "notifier": AS_LONG,
    "audit": AS_LONG,
    "dead": AS_LONG,
}
"""Not the register's: it is the register, and replays read it for as long as it is kept."""
EVERY_S = 60.0
AT_ONCE = 10_000
"""Rows looked at and removed in one go, the oldest first; where all were old enough, the next ones follow at once."""
PRUNE = """
delete from {outbox} where id = any(array(
    select id from (
        select id, at from {outbox} where (tx, id) <= (%s::text::xid8, %s) order by tx, id limit %s
    ) as published where at < now() - %s
))
"""


class Pruner:
    """Prunes one outbox now and then, behind the position of whoever publishes it."""

    def __init__(self, source: str) -> None:
        self._kept = KEPT.get(source)
        self._query = sql.SQL(PRUNE).format(outbox=sql.Identifier(source, "outbox"))
        self._next = 0.0

    def prune(self, connection: Connection[Any], position: Progress, now: float) -> int:
        """Remove what was published long enough ago, if it is time; gives how many rows."""
        if self._kept is None or now < self._next:
            return 0
        values = (str(position.tx), position.id, AT_ONCE, self._kept)
        gone = connection.execute(self._query, values).rowcount
        self._next = now if gone == AT_ONCE else now + EVERY_S
        return gone
