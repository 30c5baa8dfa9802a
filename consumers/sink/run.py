"""Stores each delivery of an institution exactly once: rows and position are one transaction of its own database."""

from typing import Any

from confluent_kafka import Message
from psycopg import Cursor

from backbone.settings import Settings
from consumers import keeper
from consumers.sink.rows import book, rows
from schemas.topics import delivery

SCHEMA = "store"
BATCH = 5_000
COPY = (
    'copy store.record (partition, "offset", event, deliberation, replay, declaration, version, status, quarter,'
    " employer, person, occurred_at, kind, content) from stdin"
)


def run(settings: Settings, institution: str) -> None:
    """Store until asked to stop."""
    schemas = book(settings.registry_url)

    def write(cursor: Cursor[Any], messages: list[Message]) -> None:
        with cursor.copy(COPY) as copy:
            for row in rows(messages, schemas):
                copy.write_row(row)

    keeper.run(
        settings,
        user=institution,
        topics=(delivery(institution),),
        group=f"{institution}.sink",
        database=institution,
        schema=SCHEMA,
        write=write,
        batch=BATCH,
    )
