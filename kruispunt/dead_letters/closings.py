"""Closes each dead letter once, in one transaction with the act and the message that is put back.

A process killed before the commit has done nothing. After it, the relay publishes what is put back exactly once, as it
does for every outbox: its position is part of the Kafka transaction.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection

from backbone import postgres
from backbone.settings import Settings
from consumers import acts
from kruispunt.dead_letters import letters
from kruispunt.dead_letters.letters import DeadLetter
from schemas.roles import Role

OPEN, REPLAYED, DROPPED = "open", "replayed", "dropped"
ALL = "select letter, state, by, at, reason from dead.closing"
CLOSE = """
insert into dead.closing (letter, state, reason, stage, topic, partition, "offset")
values (%s, %s, %s, %s, %s, %s, %s) on conflict (letter) do nothing
"""
PUT_BACK = "insert into dead.outbox (topic, partition, key, value) values (%s, %s, %s, %s)"


class Closing(NamedTuple):
    """How a letter was closed: state, role, moment and reason."""

    state: str
    by: str
    at: datetime
    reason: str


class MessageToPutBack(NamedTuple):
    """A message that goes back to the partition it came from."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes


def closings(connection: Connection[Any]) -> dict[str, Closing]:
    """What became of each letter that is not open."""
    return {name: Closing(*rest) for name, *rest in connection.execute(ALL)}


def drop(connection: Connection[Any], letter: DeadLetter, reason: str) -> bool:
    """Close a letter for a reason, in the transaction that is open; False when it is closed already."""
    return _close(connection, letter, DROPPED, reason=reason)


def put_back(connection: Connection[Any], letter: DeadLetter, message: MessageToPutBack) -> bool:
    """Put the message of a letter back, in the transaction that is open; False when the letter is closed already."""
    if not _close(connection, letter, REPLAYED):
        return False
    connection.execute(PUT_BACK, message)
    return True


def _close(connection: Connection[Any], letter: DeadLetter, state: str, *, reason: str = "") -> bool:
    values = (letter.name, state, reason, letter.stage, letter.topic, letter.partition, letter.offset)
    if not connection.execute(CLOSE, values).rowcount:
        return False
    detail = {"stage": letter.stage, "code": letter.code, "message": letter.place}
    acts.note(connection, f"{state} a dead letter", letter.name, **detail, **({"reason": reason} if reason else {}))
    return True


def open_by_stage(config: Settings) -> Counter[str]:
    """How many dead letters are open, by the stage that gave their messages up.

    Raises Retry.
    """
    with postgres.connect(config, Role.INSPECTOR) as connection:
        closed: Collection[str] = closings(connection).keys()
    return Counter(found.stage for found in letters.read(config) if found.name not in closed)
