"""Shows the messages that could not be handled: why, and which events are in them, without any personal data."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, TopicPartition

from backbone import kafka, settings
from backbone.settings import Settings
from kruispunt.lag import INSPECTOR
from kruispunt.output import as_json, console, table
from schemas.codec import decode_body, split
from schemas.contracts import contract
from schemas.registration import parse
from schemas.registry import SchemaBook
from schemas.topics import DEAD_LETTERS, FACTS, SCHEMAS

UNREADABLE = "unreadable"
"""Stands for an event whose bytes do not give their id."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that was set aside: where it came from, which stage gave it up, why, and the ids of its events."""

    stage: str
    code: str
    reason: str
    topic: str
    partition: int
    offset: int
    at: datetime
    events: tuple[str, ...]


def read(config: Settings) -> list[Letter]:
    """Every dead letter, the oldest first.

    Raises Retry.
    """
    book = SchemaBook(_schemas(config).get)
    places = [TopicPartition(DEAD_LETTERS, number, OFFSET_BEGINNING) for number in range(config.partitions)]
    found = [letter(message.value() or b"", book) for message in kafka.read_to_end(config, INSPECTOR, places)]
    return sorted(found, key=lambda one: (one.at, one.topic, one.partition, one.offset))


def letter(value: bytes, book: SchemaBook) -> Letter:
    """What a dead letter says."""
    record = decode_body(contract(DEAD_LETTERS), split(value)[1])
    names = ("stage", "code", "reason", "topic", "partition", "offset", "at")
    return Letter(**{name: record[name] for name in names}, events=tuple(events(record["value"], book)))


def events(value: bytes, book: SchemaBook) -> Iterator[str]:
    """The ids of the events in a message: one, or those of a bundle of facts."""
    try:
        number, body = split(value)
        content = decode_body(book.get(number), body)
    except Exception:  # noqa: BLE001 - as below: one letter nobody can read must not hide the others
        yield UNREADABLE
        return
    if number != contract(FACTS).id:
        yield content.get("event", UNREADABLE)
        return
    for fact in content["facts"]:
        try:
            yield decode_body(book.get(fact["contract"]), fact["body"])["event"]
        except Exception:  # noqa: BLE001 - bytes nobody could read are why a letter is dead
            yield UNREADABLE


def _schemas(config: Settings) -> dict[int, str]:
    versions = (parse(message.key(), message.value()) for message in kafka.read_all(config, INSPECTOR, SCHEMAS))
    return {version.id: version.schema for version in versions if version is not None}


def dead(*, json: bool) -> None:
    """The command `dead`."""
    found = read(settings.load(settings.home()))
    if json:
        as_json({"dead_letters": [_plain(one) for one in found]})
        return
    if not found:
        console.print("nothing was set aside")
        return
    shown = table("set aside by", "code", "message", "why", "events")
    for one in found:
        place = f"{one.topic}[{one.partition}]@{one.offset}"
        shown.add_row(one.stage, one.code, place, one.reason, "\n".join(one.events))
    console.print(shown)


def _plain(one: Letter) -> dict[str, Any]:
    return {**asdict(one), "at": one.at.isoformat(), "events": list(one.events)}
