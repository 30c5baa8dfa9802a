"""Encodes dead letters: messages that could not be handled, with where they came from and why.

A letter always fits on its topic. It holds the whole message, unless that is larger than any topic of ours takes: a
compressed one can be. Of such a one it holds the place, where the message lies for as long as its topic keeps it.
"""

from datetime import datetime
from typing import NamedTuple

from schemas.codec import encode
from schemas.contracts import contract
from schemas.topics import DEAD_LETTERS, LARGEST_MESSAGE

KEY_BYTES = 1024
"""The most bytes of the key of a letter; a pseudonym has sixteen."""
REASON_CHARACTERS = 1_000
NO_VALUE = "no-value"
"""The code of a message without a value, at whichever stage: there is nothing in it that could be handled."""


class Origin(NamedTuple):
    """The place of a message."""

    topic: str
    partition: int
    offset: int


def lies_under(key: bytes | None) -> bytes:
    """The key of the letter: that of the message, or the beginning of an endless one."""
    return (key or b"")[:KEY_BYTES]


def dead_letter(
    origin: Origin, stage: str, code: str, reason: str, key: bytes | None, value: bytes | None, at: datetime | int
) -> bytes:
    """A dead letter as it travels."""
    size = len(key or b"") + len(value or b"")
    if not value:
        code, reason = NO_VALUE, "the message has no value"
    said = reason[:REASON_CHARACTERS]
    if size > LARGEST_MESSAGE:
        said = f"{said} ({size} bytes, too many for a letter: only the place is kept)"
        key, value = lies_under(key) or None, None
    record = {**origin._asdict(), "stage": stage, "code": code, "reason": said, "key": key, "value": value, "at": at}
    return encode(contract(DEAD_LETTERS), record)
