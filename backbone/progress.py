"""Keeps how far a table is published in Kafka itself, in the transaction of what is published, so that both agree."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from confluent_kafka import Message

from backbone.tally import Tally
from schemas.codec import Record, decode_body, encode, split
from schemas.contracts import contract, contracts
from schemas.topics import POSITIONS

Published = Mapping[str, Tally]
"""What was published of a source, by topic."""


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
            record = _position(value)
            found[bytes(key).decode()] = Progress(record["tx"], record["id"])
    return found


def summed(messages: Iterable[Message]) -> dict[str, Published]:
    """All that was published of each source, from the same records; a source that was never summed up is missing."""
    found: dict[str, Published] = {}
    for message in messages:
        value, key = message.value(), message.key()
        if value and key and (tallies := _position(value).get("published")) is not None:
            found[bytes(key).decode()] = {one["topic"]: Tally(one["number"], int(one["digest"])) for one in tallies}
    return found


def _position(value: bytes) -> Record:
    number, body = split(value)
    # Records of before there were sums stay on a compacted topic until their source publishes something.
    return decode_body(next(one for one in contracts() if one.id == number), body)


def record(source: str, progress: Progress, tallies: Published | None = None) -> tuple[bytes, bytes]:
    """Key and value of the record that says how far a source is published, and what that comes to."""
    published = None
    if tallies is not None:
        published = [
            {"topic": name, "number": one.number, "digest": str(one.digest)} for name, one in sorted(tallies.items())
        ]
    value = {"source": source, **progress._asdict(), "published": published}
    return source.encode(), encode(contract(POSITIONS), value)
