"""Removes rows from an outbox once they were published long enough ago; each outbox says how long that is."""

from typing import Any

from psycopg import Connection, sql

from backbone.outbox import OutboxSource
from backbone.progress import Progress

EVERY_S = 60.0
AT_ONCE = 10_000
"""Rows checked and removed in one go, the oldest first. Where all were old enough, the next ones follow at once."""
PRUNE = """
delete from {outbox} where id = any(array(
    select id from (
        select id, at from {outbox} where (tx, id) <= (%s::text::xid8, %s) order by tx, id limit %s
    ) as published where at < now() - %s
))
"""


class Pruner:
    """Prunes one outbox now and then, behind the position of its publisher."""

    def __init__(self, source: OutboxSource) -> None:
        self._keep = source.keep
        self._query = sql.SQL(PRUNE).format(outbox=sql.Identifier(source.name, "outbox"))
        self._next = 0.0

    def prune(self, connection: Connection[Any], position: Progress, now: float) -> int:
        """Remove what was published long enough ago, if it is time; gives how many rows."""
        if self._keep is None or now < self._next:
            return 0
        values = (str(position.tx), position.id, AT_ONCE, self._keep)
        removed = connection.execute(self._query, values).rowcount
        self._next = now if removed == AT_ONCE else now + EVERY_S
        return removed
