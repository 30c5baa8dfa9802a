"""Keeps how far a table is published in Kafka itself, in the transaction of what is published, so that both agree."""

from collections.abc import Iterable
from typing import NamedTuple

from confluent_kafka import Message

from schemas.codec import decode_body, encode, split
from schemas.contracts import contract
from schemas.registry import SchemaBook
from schemas.topics import POSITIONS


class Progress(NamedTuple):
    """The last row that is published, in the order rows were committed."""

    tx: int
    id: int


class Mark(NamedTuple):
    """Which publication of a source it was: numbered one by one, and a token that was drawn for it alone."""

    number: int
    token: str


class Position(NamedTuple):
    """How far a source is published, and the mark of that publication."""

    progress: Progress
    mark: Mark


BEGINNING = Progress(0, 0)
UNMARKED = Mark(0, "")
START = Position(BEGINNING, UNMARKED)


def positions(messages: Iterable[Message]) -> dict[str, Position]:
    """Where each source is, from the records of the topic of positions in their order."""
    found, schemas = {}, SchemaBook()
    for message in messages:
        value, key = message.value(), message.key()
        if value and key:
            number, body = split(value)
            record = decode_body(schemas.get(number), body)
            # Records of before there were marks have none.
            mark = Mark(record.get("mark", UNMARKED.number), record.get("token", UNMARKED.token))
            found[bytes(key).decode()] = Position(Progress(record["tx"], record["id"]), mark)
    return found


def published(messages: Iterable[Message]) -> dict[str, Progress]:
    """How far each source is published, from the records of the topic of positions in their order."""
    return {source: position.progress for source, position in positions(messages).items()}


def record(source: str, progress: Progress, mark: Mark = UNMARKED) -> tuple[bytes, bytes]:
    """Key and value of the record that says how far a source is published."""
    values = {"source": source, **progress._asdict(), "mark": mark.number, "token": mark.token}
    return source.encode(), encode(contract(POSITIONS), values)
