"""Knows when a server is ready: when it answers what it is for."""

import time
from collections.abc import Callable

from backbone.errors import Retry, Stop
from backbone.postgres import connect
from backbone.settings import Settings
from backbone.stack import kafka, ports, postgres
from backbone.stack.supervisor import Supervisor

READY_S = 180.0
"""A broker that was killed reads its logs again first."""
MOST_STARTS = 10
"""PostgreSQL may wait for the last backends of a killed one, long when disks are busy; who dies more often is ill."""
PAUSE_S = 0.1


def _ask_postgres(settings: Settings) -> None:
    with connect(settings, postgres.SUPERUSER, "postgres") as connection:
        connection.execute("select 1")


def _ask_inbox(settings: Settings) -> None:
    if not ports.reachable(settings.smtp_port):
        raise Retry("The inbox does not answer yet.")


def wait(supervisor: Supervisor, settings: Settings, progress: Callable[[str], None]) -> None:
    """Wait until every server answers what it is for.

    Raises Stop that names the one that does not, and where its log is.
    """
    probes: dict[str, Callable[[Settings], None]] = {
        "postgres": _ask_postgres, "inbox": _ask_inbox, "kafka": kafka.probe,
    }  # fmt: skip
    end = time.monotonic() + READY_S
    for name, probe in probes.items():
        starts: set[int] = set()
        while True:
            try:
                probe(settings)
            except Retry as retry:
                state = supervisor.states().get(name)
                if state is None:
                    raise Stop("The supervisor is gone.", supervisor.last_words("supervisord")) from retry
                starts.add(state.since)
                if len(starts) > MOST_STARTS or time.monotonic() > end:
                    raise Stop(f"{name} does not answer: {retry}", supervisor.last_words(name)) from retry
                time.sleep(PAUSE_S)
            else:
                progress(f"{name} answers")
                break
