"""Lists the alarms of mass integrations, which the database raises itself.

A new dossier can bring years of history with it, so a mistake or misuse of this kind discloses a whole population.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection, Cursor

COLUMNS = "select institution, since, last, integrations, most, acknowledged from directory.alarm"
RAISED = f"{COLUMNS} where tx = pg_current_xact_id_if_assigned() order by number"
OPEN = f"{COLUMNS} where acknowledged is null order by number"
ALL = f"{COLUMNS} order by number"
ACKNOWLEDGE = "select directory.acknowledge_alarms(%s, %s)"
MADE = "select to_regclass('directory.alarm_limit') is not null"
LIMIT = "select integrations from directory.alarm_limit"
SET_LIMIT = "update directory.alarm_limit set integrations = %s"


class Alarm(NamedTuple):
    """Who took how many persons on file, from when to when, and how many in an hour would have been no alarm."""

    institution: str
    since: datetime
    last: datetime
    integrations: int
    most: int
    acknowledged: datetime | None

    def __str__(self) -> str:
        return (
            f"{self.institution} took {self.integrations:,} dossiers on file by {self.last:%Y-%m-%d %H:%M} UTC,"
            f" more than {self.most:,} within an hour"
        )


def _found(target: Connection[Any] | Cursor[Any], query: Any) -> Iterator[Alarm]:
    for row in target.execute(query).fetchall():
        yield Alarm(*row)


def raised(target: Connection[Any] | Cursor[Any]) -> list[Alarm]:
    """Those that this transaction has raised so far."""
    return list(_found(target, RAISED))


def unacknowledged(target: Connection[Any] | Cursor[Any]) -> list[Alarm]:
    """The open alarms, the oldest first."""
    return list(_found(target, OPEN))


def ever(target: Connection[Any] | Cursor[Any]) -> list[Alarm]:
    """All there were, the oldest first."""
    return list(_found(target, ALL))


def acknowledge(target: Connection[Any] | Cursor[Any], institution: str, reason: str) -> int:
    """Acknowledge the open alarms of an institution, which is an act; returns how many."""
    row = target.execute(ACKNOWLEDGE, (institution, reason)).fetchone()
    return int(row[0]) if row else 0


def limit(target: Connection[Any] | Cursor[Any]) -> int | None:
    """More integrations within an hour than these raise an alarm; None before the migration that brings alarms."""
    if target.execute(MADE).fetchone() != (True,):
        return None
    row = target.execute(LIMIT).fetchone()
    return int(row[0]) if row else None


def set_limit(target: Connection[Any] | Cursor[Any], most: int) -> None:
    """Let more than `most` integrations within an hour raise an alarm."""
    target.execute(SET_LIMIT, (most,))
