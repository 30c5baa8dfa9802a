"""Reads the topic that keeps every version of every schema: the one place that turns its records into schemas."""

from collections.abc import Iterator

from backbone import kafka
from backbone.settings import Settings
from schemas.registration import SchemaVersion, parse
from schemas.registry import SchemaBook
from schemas.topics import SCHEMAS


def published(settings: Settings, user: str) -> Iterator[SchemaVersion]:
    """Every published version, read as this Kafka user.

    Raises Retry when Kafka does not answer.
    """
    for message in kafka.read_all(settings, user, SCHEMAS):
        version = parse(message.key(), message.value())
        if version is not None:
            yield version


def snapshot(settings: Settings, user: str) -> SchemaBook:
    """Finds every schema that is published now; the topic is read once, however many ids are unknown.

    Raises Retry when Kafka does not answer.
    """
    return SchemaBook({version.id: version.schema for version in published(settings, user)}.get)


def published_book(settings: Settings, user: str) -> SchemaBook:
    """Finds any published schema by id; the topic is read again only for an id that has not been seen."""
    known: dict[int, str] = {}

    def fetch(number: int) -> str | None:
        if number not in known:
            known.update((version.id, version.schema) for version in published(settings, user))
        return known.get(number)

    return SchemaBook(fetch)
