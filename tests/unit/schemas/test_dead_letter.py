"""A dead letter holds its message whole, and always fits on its topic."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.codec import decode_body, split
from schemas.contracts import contract
from schemas.dead_letter import NO_VALUE, Origin, dead_letter, lies_under
from schemas.topics import DEAD_LETTERS, DECLARATIONS, LARGEST_LETTER, LARGEST_MESSAGE, TOPICS, topic

AT = datetime(2026, 11, 20, tzinfo=UTC)
ORIGIN = Origin(DECLARATIONS[0], 3, 41)
OVERHEAD = 2_048
"""What Kafka adds to a record, compressed or not: less than this for incompressible bytes of this size."""


def written(key: bytes | None, value: bytes | None, reason: str = "no schema known") -> tuple[bytes, dict[str, Any]]:
    letter = dead_letter(ORIGIN, "exchange", "unreadable", reason, key, value, AT)
    return letter, decode_body(contract(DEAD_LETTERS), split(letter)[1])


@pytest.mark.parametrize("key", [0, 16, 5_000, LARGEST_MESSAGE])
def test_the_largest_message_is_kept_whole_and_fits(key: int) -> None:
    letter, said = written(b"k" * key, b"v" * (LARGEST_MESSAGE - key), "x" * 5_000)
    assert (said["key"], said["value"]) == (b"k" * key, b"v" * (LARGEST_MESSAGE - key))
    assert len(letter) + len(lies_under(b"k" * key)) + OVERHEAD <= LARGEST_LETTER


@pytest.mark.parametrize(("key", "value"), [(1, LARGEST_MESSAGE), (2 * LARGEST_MESSAGE, 0), (0, 10 * LARGEST_MESSAGE)])
def test_of_what_no_topic_takes_the_place_is_kept(key: int, value: int) -> None:
    letter, said = written(b"k" * key, b"v" * value)
    assert len(letter) < 10_000
    assert (said["topic"], said["partition"], said["offset"], said["value"]) == (*ORIGIN, None)
    told = f"({key + value} bytes, too many for a letter: only the place is kept)"
    why = "no schema known" if value else "the message has no value"
    assert said["reason"] == f"{why} {told}"


@pytest.mark.parametrize("value", [None, b""])
def test_a_message_without_a_value_has_the_same_code_at_every_stage(value: bytes | None) -> None:
    _, said = written(None, value)
    assert (said["key"], said["value"]) == (None, value)
    assert (said["code"], said["reason"]) == (NO_VALUE, "the message has no value")


def test_only_the_topic_of_dead_letters_takes_more_than_a_message() -> None:
    assert {one.name for one in TOPICS if one.largest > LARGEST_MESSAGE} == {DEAD_LETTERS}
    assert topic(DEAD_LETTERS).largest == LARGEST_LETTER
