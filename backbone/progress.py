"""Keeps how far a table is published in Kafka itself, in the transaction of what is published, so that both agree."""

from collections.abc import Iterable
from typing import NamedTuple

from confluent_kafka import Message

from schemas.codec import decode_body, encode, split
from schemas.contracts import contract
from schemas.topics import POSITIONS


class Progress(NamedTuple):
    """The last row that is published, in the order rows were committed."""

    tx: int
    id: int


BEGINNING = Progress(0, 0)


def published(messages: Iterable[Message]) -> dict[str, Progress]:
    """How far each source is published, from the records of the topic of positions in their order."""
    found = {}
    for message in messages:
        value, key = message.value(), message.key()
        if value and key:
            record = decode_body(contract(POSITIONS), split(value)[1])
            found[bytes(key).decode()] = Progress(record["tx"], record["id"])
    return found


def record(source: str, progress: Progress) -> tuple[bytes, bytes]:
    """Key and value of the record that says how far a source is published."""
    return source.encode(), encode(contract(POSITIONS), {"source": source, **progress._asdict()})
