"""Opens a batch of messages as events, and keeps the messages that cannot be opened, with the reason."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from confluent_kafka import Message

from consumers.narrowing.narrow import PublishedEvent, persons
from schemas.codec import BadFrame, split
from schemas.registry import SchemaBook, UnknownSchema
from schemas.topics import DECLARATIONS

PSEUDONYM_BYTES = 16


class Received(NamedTuple):
    """A message as it was read."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes


@dataclass(slots=True)
class EventBatch:
    """Messages and the events in them, index by index; and the messages that are not events, with reasons."""

    sources: list[Received]
    events: list[PublishedEvent]
    failed: list[tuple[Received, str]]
    received: list[Received]


def received(messages: Iterable[Message]) -> Iterator[Received]:
    """Messages as they were read."""
    for message in messages:
        yield Received(
            str(message.topic()),
            int(message.partition() or 0),
            int(message.offset() or 0),
            bytes(message.key() or b""),
            bytes(message.value() or b""),
        )


def opened(messages: Sequence[Received], schemas: SchemaBook) -> EventBatch:
    """The events of these messages."""
    batch = EventBatch([], [], [], list(messages))
    for message in messages:
        try:
            number, body = split(message.value)
            contract = schemas.get(number)
        except (BadFrame, UnknownSchema) as error:
            batch.failed.append((message, f"no schema known: {type(error).__name__}"))
            continue
        if contract.name not in DECLARATIONS or len(message.key) != PSEUDONYM_BYTES:
            batch.failed.append((message, "its schema or its key is not that of an event"))
            continue
        batch.sources.append(message)
        batch.events.append(PublishedEvent(contract, body))
    return batch


def concerned(batch: EventBatch) -> set[str]:
    """The persons a batch is about."""
    return persons(batch.events)
