"""Reads dead letters: why each is there, and which events are in it, without personal data."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, cast

from confluent_kafka import OFFSET_BEGINNING, Message, TopicPartition

from backbone import kafka
from backbone.settings import Settings
from schemas.codec import decode_body, split
from schemas.contracts import contract
from schemas.registry import SchemaBook
from schemas.roles import Role
from schemas.topics import DEAD_LETTERS, FACTS
from schemas.twins.dead_letters import DeadLetter as DeadLetterRecord

UNREADABLE = "unreadable"
"""Stands for an event whose bytes do not give their id."""
UNREADABLE_LETTER = "unreadable-letter"
"""The code of a record among the dead letters that is not one."""
NAME_DIGITS = 16
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LetterPosition(NamedTuple):
    """The position of a letter on the topic of dead letters."""

    partition: int
    offset: int


NOWHERE = LetterPosition(-1, -1)
"""The position of a letter that is not on the topic yet."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be handled: where it came from, which stage gave it up, why, the ids of its events."""

    name: str
    stage: str
    code: str
    reason: str
    topic: str
    partition: int
    offset: int
    at: datetime
    events: tuple[str, ...]
    lies: LetterPosition

    @property
    def place(self) -> str:
        """Where the message came from."""
        return f"{self.topic}[{self.partition}]@{self.offset}"


def named(value: bytes) -> str:
    """The name of a letter: the same letter has the same name, also on another broker."""
    return hashlib.sha256(value).hexdigest()[:NAME_DIGITS]


def said(value: bytes) -> DeadLetterRecord:
    """The content of a letter."""
    return cast("DeadLetterRecord", decode_body(contract(DEAD_LETTERS), split(value)[1]))


def letter(value: bytes, book: SchemaBook | None = None, lies: LetterPosition = NOWHERE) -> DeadLetter:
    """The letter in a record; its events are looked up only with a `book`."""
    record = said(value)
    found = tuple(events(record["value"] or b"", book)) if book else ()
    return DeadLetter(
        name=named(value),
        stage=record["stage"],
        code=record["code"],
        reason=record["reason"],
        topic=record["topic"],
        partition=record["partition"],
        offset=record["offset"],
        at=record["at"],
        events=found,
        lies=lies,
    )


def of_record(message: Message, book: SchemaBook | None = None) -> DeadLetter:
    """The letter in a record of the topic of dead letters; another record gets a code of its own."""
    value, lies = (
        bytes(message.value() or b""),
        LetterPosition(int(message.partition() or 0), int(message.offset() or 0)),
    )
    try:
        return letter(value, book, lies)
    except Exception:  # noqa: BLE001 - whatever bad bytes raise, the other letters must be seen
        place = f"{DEAD_LETTERS}[{lies.partition}]@{lies.offset}"
        moment = EPOCH + timedelta(milliseconds=message.timestamp()[1])
        name, why = named(place.encode() + value), "this record is not a dead letter"
        return DeadLetter(name, UNREADABLE, UNREADABLE_LETTER, why, DEAD_LETTERS, *lies, moment, (), lies)


def read(config: Settings, user: str = Role.INSPECTOR, book: SchemaBook | None = None) -> Iterator[DeadLetter]:
    """Every dead letter, closed ones too, each once; the events of each where there is a `book`.

    Raises Retry.
    """
    seen = set()
    places = [TopicPartition(DEAD_LETTERS, number, OFFSET_BEGINNING) for number in range(config.partitions)]
    for message in kafka.read_to_end(config, user, places):
        found = of_record(message, book)
        if found.name not in seen:
            seen.add(found.name)
            yield found


def in_order(found: DeadLetter) -> tuple[str, int, int, datetime]:
    """Letters sort by it in the order of their messages."""
    return found.topic, found.partition, found.offset, found.at


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
