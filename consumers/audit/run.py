"""Keeps each record of disclosures exactly once, chained to the one before it, and signs where the chains are."""

from typing import Any

from confluent_kafka import Message
from psycopg import Cursor

from backbone import consumer_loop, postgres
from backbone.postgres_consumer import PostgresConsumer, TopicSubscription
from backbone.process import with_retry
from backbone.schema_topic import published_book
from backbone.settings import Settings
from consumers.audit import store
from consumers.audit.catch_up import catch_up
from consumers.audit.checkpoints import Checkpoints, Signer
from consumers.audit.contracts import Contracts
from schemas.registry import SchemaBook
from schemas.roles import Role
from schemas.topics import DISCLOSURES

SCHEMA = "audit"
BATCH = 50
"""Records of disclosures are large: a few megabytes at a time."""


def _catch_up(settings: Settings, schemas: SchemaBook) -> None:
    with postgres.connect(settings, Role.AUDIT) as connection:
        catch_up(connection, schemas)


def run(settings: Settings) -> None:
    """Store until asked to stop.

    Raises Stop without a key to sign with.
    """
    signing = Checkpoints(Signer(settings.signing_key()), settings.checkpoint_seconds)
    schemas = published_book(settings, Role.AUDIT)
    contracts = Contracts(schemas)
    with_retry(lambda: _catch_up(settings, schemas))

    subscription = TopicSubscription(
        user=Role.AUDIT, group=Role.AUDIT, topics=(DISCLOSURES,), database="kruispunt", schema=SCHEMA, batch=BATCH
    )

    def keep(cursor: Cursor[Any], messages: list[Message]) -> None:
        segments = store.segments(cursor, messages, schemas)
        contracts.keep(cursor, store.named(segments))
        store.write(cursor, segments)

    consumer_loop.run(
        settings, Role.AUDIT, lambda _log, _drain: PostgresConsumer.open(settings, subscription, keep, signing)
    )
