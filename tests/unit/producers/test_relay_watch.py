"""The relay says what it waits for once, and when it goes on."""

from datetime import UTC, datetime

import structlog
from structlog.testing import LogCapture
from structlog.typing import EventDict

from backbone.horizon import Holder
from backbone.relay_watch import PublicationWatch

SINCE = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
LOADING = Holder(41, "operator", "operator", "active", SINCE)
SENDING = Holder(42, "intake", "psql", "idle in transaction", SINCE)


def watching() -> tuple[PublicationWatch, list[EventDict]]:
    """A watch, and what it says."""
    heard = LogCapture()
    log = structlog.wrap_logger(None, processors=[heard], wrapper_class=structlog.make_filtering_bound_logger(0))
    return PublicationWatch(log), heard.entries


def test_each_wait_is_said_once_whatever_its_session_does_meanwhile() -> None:
    watch, said = watching()
    watch.tell("register", [SENDING])
    watch.tell("register", [SENDING._replace(state="active")])
    watch.tell("register", [SENDING, LOADING])
    watch.tell("register", [])
    watch.tell("register", [])
    watch.tell("register", [SENDING])
    assert [(one["event"], one.get("pid")) for one in said] == [
        ("publication waits for a transaction", 42),
        ("publication waits for a transaction", 41),
        ("publication goes on", None),
        ("publication waits for a transaction", 42),
    ]
    assert said[0]["role"] == "intake"
    assert said[0]["application"] == "psql"
    assert said[0]["state"] == "idle in transaction"
    assert said[0]["since"] == "2026-11-02T09:30:00+00:00"


def test_outboxes_are_watched_each_for_itself() -> None:
    watch, said = watching()
    assert watch.is_time("register")
    assert not watch.is_time("register")
    assert watch.is_time("rules")
    watch.tell("register", [SENDING])
    watch.tell("rules", [])
    watch.tell("register", [SENDING])
    assert [one["source"] for one in said] == ["register"]
