"""Gives each of several equal processes the lowest number no other one holds, as long as its connection lives.

The number names its transactions and its place in the group: the next process of that number ends what a killed one
left open and takes over its partitions at once, instead of waiting until the broker has given it up.
"""

from typing import Any

from psycopg import Connection

from backbone.errors import Retry
from backbone.postgres import try_lock

MOST = 64


def take(connection: Connection[Any], lock: int) -> int:
    """A number from 0 on.

    Raises Retry when all are taken.
    """
    for candidate in range(MOST):
        if try_lock(connection, lock, candidate):
            return candidate
    raise Retry(f"{MOST} such processes are running already.")
