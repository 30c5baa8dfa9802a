"""Takes in what institutions say of dossiers, exactly once: dossiers, answers and position are one transaction."""

from typing import Any

import structlog
from confluent_kafka import Message
from psycopg import Cursor

from backbone.postgres import Lock
from backbone.settings import Settings
from consumers import keeper
from consumers.directory import alarms
from consumers.directory.reading import WHOSE, read
from consumers.directory.store import take_in
from schemas.registry import SchemaBook

DOSSIERS = "dossiers"
SCHEMA = "directory"
BATCH = 5_000


def run(settings: Settings) -> None:
    """Take changes in until asked to stop."""
    schemas = SchemaBook()

    def write(cursor: Cursor[Any], messages: list[Message]) -> None:
        take_in(cursor, [read(message, schemas) for message in messages])
        for one in alarms.raised(cursor):
            structlog.get_logger().warning(
                "alarm: mass integration", process=DOSSIERS, institution=one.institution,
                integrations=one.integrations, limit=one.most,
            )  # fmt: skip

    keeper.run(
        settings,
        user=DOSSIERS,
        topics=tuple(WHOSE),
        group=DOSSIERS,
        database="kruispunt",
        schema=SCHEMA,
        write=write,
        batch=BATCH,
        lock=Lock.DOSSIERS,
    )
