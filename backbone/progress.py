"""Keeps how far a table is published in Kafka itself, in the transaction of what is published, so that both agree."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from confluent_kafka import Message

from backbone.tally import Tally
from schemas.codec import decode_body, encode, split
from schemas.contracts import contract
from schemas.registry import SchemaBook
from schemas.topics import POSITIONS
from schemas.twins.relay_positions import Position as PositionRecord
from schemas.twins.relay_positions import Published as PublishedRecord

PublishedSums = Mapping[str, Tally]
"""What was published of a source, by topic."""


class Progress(NamedTuple):
    """The last row that is published, in the order rows were committed."""

    tx: int
    id: int


class Mark(NamedTuple):
    """Which publication of a source it was: numbered one by one, and a token that was drawn for it alone."""

    number: int
    token: str


class OutboxPosition(NamedTuple):
    """How far a source is published, the mark of that publication, and what all of it comes to."""

    progress: Progress
    mark: Mark
    published: PublishedSums | None = None
    """None where it was not summed up yet."""


BEGINNING = Progress(0, 0)
UNMARKED = Mark(0, "")
START = OutboxPosition(BEGINNING, UNMARKED)


def positions(messages: Iterable[Message]) -> dict[str, OutboxPosition]:
    """Where each source is, from the records of the topic of positions in their order."""
    found, schemas = {}, SchemaBook()
    for message in messages:
        value, key = message.value(), message.key()
        if value and key:
            number, body = split(value)
            record = decode_body(schemas.get(number), body)
            # Records of before there were marks and sums have none.
            mark = Mark(record.get("mark", UNMARKED.number), record.get("token", UNMARKED.token))
            tallies = record.get("published")
            summed_up = None
            if tallies is not None:
                summed_up = {entry["topic"]: Tally(entry["number"], int(entry["digest"])) for entry in tallies}
            found[bytes(key).decode()] = OutboxPosition(Progress(record["tx"], record["id"]), mark, summed_up)
    return found


def published(messages: Iterable[Message]) -> dict[str, Progress]:
    """How far each source is published, from the records of the topic of positions in their order."""
    return {source: position.progress for source, position in positions(messages).items()}


def summed(messages: Iterable[Message]) -> dict[str, PublishedSums]:
    """All that was published of each source, from the same records; a source that was never summed up is missing."""
    found = positions(messages).items()
    return {source: position.published for source, position in found if position.published is not None}


def record(
    source: str, progress: Progress, mark: Mark = UNMARKED, tallies: PublishedSums | None = None
) -> tuple[bytes, bytes]:
    """Key and value of the record that says how far a source is published, and what that comes to."""
    sums: list[PublishedRecord] | None = None
    if tallies is not None:
        sums = [
            {"topic": name, "number": tally.number, "digest": str(tally.digest)}
            for name, tally in sorted(tallies.items())
        ]
    values: PositionRecord = {
        "source": source, "tx": progress.tx, "id": progress.id, "mark": mark.number, "token": mark.token,
        "published": sums,
    }  # fmt: skip
    return source.encode(), encode(contract(POSITIONS), values)
