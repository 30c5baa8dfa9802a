"""The loop of every process that polls batches, processes them and commits how far it came together with the data.

A stage gives the loop a way to open a session. The session polls, processes and commits one batch at a time. Either its
position lies in PostgreSQL, in the transaction of the rows (`StoredPositions`), or with the broker, in the Kafka
transaction of the records (`BrokerOffsets`; see backbone/group_reader.py). So after any fault the loop closes the
session and opens another one, which resumes where the last commit was.
"""

import time
from collections.abc import Callable
from contextlib import closing
from typing import Protocol

import psycopg
from structlog.typing import FilteringBoundLogger

from backbone import logs
from backbone.errors import Retry, Stop
from backbone.kafka import AccessRefused
from backbone.process import Drain, Patience
from backbone.settings import Settings
from backbone.trouble import of_postgres

AGAIN_S = 0.5
STANDBY_S = 1.0
"""How long a process that stands by waits before it asks again."""
CALM_S = 30.0
"""A session that was open for this long without a fault is well, also where it had nothing to do: a client that is
refused hears of it sooner."""


class Session(Protocol):
    """What a process has open between two faults: its connections, its reader, its position."""

    def handle_batch(self) -> int:
        """Poll a batch, process it and commit it; gives how much was done.

        Waits a moment where nothing is there. Raises Retry or AccessRefused where a new session may help, Stop where
        the process cannot go on safely.
        """
        ...

    def finish(self) -> None:
        """Do what is left to do when the process was asked to stop."""
        ...

    def close(self) -> None:
        """Leave the group and the servers; what was not committed is forgotten."""
        ...


OpenSession = Callable[[FilteringBoundLogger, Drain], Session | None]
"""Opens a session that resumes where the last commit was; None while another process does this work.

Raises Retry, AccessRefused, Stop.
"""


def run(settings: Settings, name: str, open_session: OpenSession) -> None:
    """Handle batches until asked to stop. After a fault that may pass, begin again in a new session.

    Raises Retry or AccessRefused when trouble lasts longer than the patience of a process, and Stop at once.
    """
    log = logs.configure(name, settings.log_level)
    patience = Patience()
    with Drain() as drain:
        while True:
            try:
                session = open_session(log, drain)
                if session is None:
                    patience.restore()
                    time.sleep(STANDBY_S)
                else:
                    with closing(session):
                        opened = time.monotonic()
                        while not drain.wanted:
                            if session.handle_batch() or time.monotonic() - opened > CALM_S:
                                patience.restore()
                        session.finish()
            except (Retry, AccessRefused, psycopg.Error) as error:
                trouble = of_postgres(error) if isinstance(error, psycopg.Error) else error
                if isinstance(trouble, Stop) and not isinstance(trouble, AccessRefused):
                    raise trouble from None
                log.warning("beginning again", reason=str(trouble))
                patience.spend(trouble)
                time.sleep(AGAIN_S)
            if drain.wanted:
                return
