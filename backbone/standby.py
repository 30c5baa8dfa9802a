"""Stands by for work that one process does at a time: waits on one session, and returns it with the lock it acquired.

The lock lives as long as the session it was taken on, so the work is done on that session.
"""

import time
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import Connection

from backbone import postgres
from backbone.settings import Settings
from backbone.trouble import of_postgres

AGAIN_S = 1.0
"""How often a lock that another process holds is requested."""


class Standby:
    """Waits for locks of one role."""

    def __init__(self, settings: Settings, role: str) -> None:
        self._settings = settings
        self._role = role
        self._connection: Connection[Any] | None = None
        self._refused_at: dict[tuple[int, int | None], float] = {}

    def take(self, lock: int, number: int | None = None) -> Connection[Any] | None:
        """The session that now holds the lock, in autocommit mode; None while another process has the lock.

        A second call within AGAIN_S returns None without asking the server. Raises Retry, Stop.
        """
        key, now = (lock, number), time.monotonic()
        if now - self._refused_at.get(key, -AGAIN_S) < AGAIN_S:
            return None
        try:
            if self._connection is None:
                self._connection = postgres.connect(self._settings, self._role, autocommit=True)
            if not postgres.try_lock(self._connection, lock, number):
                self._refused_at[key] = now
                return None
        except psycopg.Error as error:
            self.close()
            raise of_postgres(error) from None
        self._refused_at.pop(key, None)
        taken, self._connection = self._connection, None
        return taken

    def close(self) -> None:
        """Stop waiting. A session that was returned stays open."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None
