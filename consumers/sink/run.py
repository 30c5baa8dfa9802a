"""Stores each delivery of an institution exactly once: rows and position are one transaction of its own database."""

from typing import Any

from confluent_kafka import Message
from psycopg import Cursor

from backbone import consumer_loop
from backbone.postgres_consumer import PostgresConsumer, TopicSubscription
from backbone.settings import Settings
from consumers.sink.rows import book, rows
from schemas.topics import delivery

SCHEMA = "store"
BATCH = 5_000
COPY = (
    'copy store.record (partition, "offset", event, deliberation, replay, declaration, version, status, quarter,'
    " employer, person, occurred_at, kind, content) from stdin"
)


def run(settings: Settings, institution: str) -> None:
    """Store until asked to stop.

    A refused login is tried again with the password that is in the file by then, and so is a right that was taken away.
    An institution that is not let in within the patience of a process ends the process, and its supervisor sees that.
    """
    schemas = book(settings.registry_url)
    subscription = TopicSubscription(
        user=institution,
        group=f"{institution}.sink",
        topics=(delivery(institution),),
        database=institution,
        schema=SCHEMA,
        batch=BATCH,
    )

    def store(cursor: Cursor[Any], messages: list[Message]) -> None:
        with cursor.copy(COPY) as copy:
            for row in rows(messages, schemas):
                copy.write_row(row)

    consumer_loop.run(
        settings, f"sink-{institution}", lambda _log, _drain: PostgresConsumer.open(settings, subscription, store)
    )
