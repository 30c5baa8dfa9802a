"""Finds the original message of a dead letter: in the letter, or on its topic when it was too large for the letter."""

from typing import cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from backbone import kafka
from backbone.errors import Stop
from kruispunt.dead_letters import letters
from kruispunt.dead_letters.closings import MessageToPutBack
from kruispunt.dead_letters.letters import UNREADABLE_LETTER, DeadLetter
from schemas.codec import decode_body, split
from schemas.contracts import contract
from schemas.dead_letter import NO_VALUE, Origin, lies_under
from schemas.topics import DEAD_LETTERS, DECLARATIONS, FACTS, FINDINGS, LARGEST_MESSAGE
from schemas.twins.dead_letters import DeadLetter as DeadLetterRecord
from schemas.twins.rules_facts import Bundle

SOURCES = (*DECLARATIONS, FACTS, FINDINGS)
"""The topics whose messages can become dead letters, and so can be put back."""


class OriginalMissing(Exception):
    """There is nothing to put back or to show; its text says why."""


def record_at(reader: Consumer, place: Origin) -> Message | None:
    """The record at a place, None when it is gone. `reader` is one for `kafka.read_on`.

    Raises Retry, and Closed when the broker refuses.
    """
    start = TopicPartition(*place) if place.offset >= 0 else TopicPartition(*place[:2], OFFSET_BEGINNING)
    try:
        found = next(kafka.read_on(reader, [start], batch=1), None)
    except kafka.AccessRefused:
        raise
    except Stop:
        # Retention took it, or the topic was made anew.
        return None
    return found if found is not None and found.offset() == place.offset else None


def said(reader: Consumer, letter: DeadLetter) -> DeadLetterRecord:
    """The content of a letter, including its message.

    Raises OriginalMissing when the letter itself cannot be read or is gone.
    """
    if letter.code == UNREADABLE_LETTER:
        raise OriginalMissing("This letter itself cannot be read.")
    found = record_at(reader, Origin(DEAD_LETTERS, *letter.lies))
    value = bytes(found.value() or b"") if found is not None else b""
    if letters.named(value) != letter.name:
        raise OriginalMissing("This letter is no longer on its topic.")
    return letters.said(value)


def message(reader: Consumer, record: DeadLetterRecord) -> tuple[bytes | None, bytes]:
    """Key and value of the message that a letter (`record`) is about.

    Raises OriginalMissing when it has no value, or is neither in the letter nor on the topic it came from.
    """
    key, value = record["key"], record["value"]
    if value is None and record["code"] != NO_VALUE:
        found = record_at(reader, Origin(record["topic"], record["partition"], record["offset"]))
        if found is None or lies_under(found.key()) != lies_under(key):
            raise OriginalMissing("Only its position was kept, and it is no longer on its topic.")
        key, value = found.key(), found.value()
    if not value:
        raise OriginalMissing("This message has no value.")
    return key, bytes(value)


def message_to_put_back(reader: Consumer, letter: DeadLetter) -> MessageToPutBack:
    """The message of a letter as it goes back to the partition it came from.

    Raises OriginalMissing when there is nothing that can be put back.
    """
    record = said(reader, letter)
    if letter.topic not in SOURCES:
        raise OriginalMissing(f"Nothing can be put back on {letter.topic}.")
    key, value = message(reader, record)
    size = len(key or b"") + len(value)
    if size > LARGEST_MESSAGE:
        raise OriginalMissing(f"Its message has {size} bytes, and a topic takes {LARGEST_MESSAGE}.")
    if letter.topic == FACTS:
        # A bundle lies under no key: the key of the letter is that of the one person whose facts are in it.
        return MessageToPutBack(FACTS, letter.partition, None, value)
    return MessageToPutBack(letter.topic, letter.partition, key, value)


def bundle(value: bytes) -> Bundle:
    """The bundle of facts in a message; other bytes raise any exception."""
    number, body = split(value)
    if number != contract(FACTS).id:
        raise ValueError
    return cast("Bundle", decode_body(contract(FACTS), body))
