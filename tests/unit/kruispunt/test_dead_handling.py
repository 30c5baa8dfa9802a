"""What a dead letter is called, what is in it, and what can be put back of it."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from confluent_kafka import Consumer, Message

from backbone import kafka
from backbone.settings import Settings
from kruispunt.commands.stack import wait as waiting
from kruispunt.dead_letters import contents, letters, originals
from kruispunt.dead_letters.letters import LetterPosition
from kruispunt.dead_letters.originals import OriginalMissing
from schemas.codec import encode
from schemas.contracts import contract
from schemas.dead_letter import Origin, dead_letter
from schemas.registry import SchemaBook
from schemas.samples import sample
from schemas.topics import DEAD_LETTERS, DECLARATIONS, FACTS, FINDINGS, LARGEST_MESSAGE
from tests.builders.kafka_group import MemoryTopics

AT = datetime(2026, 11, 20, tzinfo=UTC)
BOOK = SchemaBook()
KIND = DECLARATIONS[1]
EVENT = encode(contract(KIND), sample(KIND))
KEY = b"k" * 16
FACT = {"person": KEY, "contract": contract(KIND).id, "body": EVENT[5:]}
BROKEN_FACT = {"person": b"l" * 16, "contract": 1, "body": b"\xff"}
BUNDLE = encode(contract(FACTS), {"at": AT, "facts": [FACT, BROKEN_FACT]})
READER = cast("Consumer", None)


def record(place: Origin, key: bytes | None, value: bytes | None) -> Message:
    """A record as Kafka gives it."""
    return Message(
        topic=place.topic, partition=place.partition, offset=place.offset, key=key, value=value,
        timestamp=(1, 1_800_000_000_000),
    )  # fmt: skip


def written(origin: Origin, key: bytes | None, value: bytes | None, at: datetime = AT) -> bytes:
    return dead_letter(origin, "exchange", "unreadable", "no schema known", key, value, at)


def place_only(origin: Origin, key: bytes) -> bytes:
    written = {
        **origin._asdict(),
        "stage": "exchange",
        "code": "unreadable",
        "reason": "",
        "key": key,
        "value": None,
        "at": AT,
    }
    return encode(contract(DEAD_LETTERS), written)


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> MemoryTopics:
    """What lies on the topics."""
    there = MemoryTopics()
    monkeypatch.setattr(kafka, "read_on", there.read_on)
    return there


def lying(topics: MemoryTopics, value: bytes) -> letters.DeadLetter:
    topics.put(record(Origin(DEAD_LETTERS, 2, 5), KEY, value))
    return letters.letter(value, lies=LetterPosition(2, 5))


def test_a_letter_has_the_same_name_wherever_it_lies_and_another_than_every_other() -> None:
    first = letters.letter(written(Origin(KIND, 3, 41), KEY, EVENT), BOOK)
    assert first.name == letters.letter(written(Origin(KIND, 3, 41), KEY, EVENT), lies=LetterPosition(9, 9)).name
    assert first.name != letters.letter(written(Origin(KIND, 3, 42), KEY, EVENT)).name
    assert (len(first.name), first.events) == (16, (sample(KIND)["event"],))


@pytest.mark.parametrize("value", [None, b"", b"nonsense", contract(DEAD_LETTERS).prefix + b"\xff"])
def test_a_record_that_is_no_letter_is_one_that_can_only_be_dropped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: bytes | None
) -> None:
    other = written(Origin(KIND, 3, 41), KEY, EVENT)
    lie = [
        record(Origin(DEAD_LETTERS, 0, number), None, one) for number, one in enumerate([value, value, other, other])
    ]
    monkeypatch.setattr(kafka, "read_to_end", lambda *_, **__: iter(lie))
    found = list(letters.read(Settings(home=tmp_path)))
    assert [one.code for one in found] == [letters.UNREADABLE_LETTER, letters.UNREADABLE_LETTER, "unreadable"]
    assert len({one.name for one in found}) == len(found)
    with pytest.raises(OriginalMissing, match="itself cannot be read"):
        originals.message_to_put_back(READER, found[0])


def test_a_message_goes_back_whole_to_the_partition_it_came_from(topics: MemoryTopics) -> None:
    found = originals.message_to_put_back(READER, lying(topics, written(Origin(KIND, 3, 41), KEY, EVENT)))
    assert found == (KIND, 3, KEY, EVENT)


def test_a_bundle_goes_back_without_the_key_of_its_letter(topics: MemoryTopics) -> None:
    found = originals.message_to_put_back(READER, lying(topics, written(Origin(FACTS, 1, 7), KEY, BUNDLE)))
    assert found == (FACTS, 1, None, BUNDLE)
    bad = originals.message_to_put_back(READER, lying(topics, written(Origin(FACTS, 1, 8), None, b"no bundle")))
    assert bad.value == b"no bundle"


def test_a_message_too_large_for_its_letter_is_read_where_it_came_from(topics: MemoryTopics) -> None:
    origin = Origin(FINDINGS, 0, 12)
    letter = lying(topics, place_only(origin, KEY))
    with pytest.raises(OriginalMissing, match="no longer on its topic"):
        originals.message_to_put_back(READER, letter)
    topics.put(record(origin, b"of somebody else", b"another"))
    with pytest.raises(OriginalMissing, match="no longer on its topic"):
        originals.message_to_put_back(READER, letter)
    topics.put(record(origin, KEY, b"v" * LARGEST_MESSAGE))
    with pytest.raises(OriginalMissing, match=f"has {LARGEST_MESSAGE + len(KEY)} bytes"):
        originals.message_to_put_back(READER, letter)
    topics.put(record(origin, KEY, b"what fits now"))
    assert originals.message_to_put_back(READER, letter) == (FINDINGS, 0, KEY, b"what fits now")


@pytest.mark.parametrize("value", [None, b""])
def test_nothing_is_put_back_of_a_message_without_a_value(topics: MemoryTopics, value: bytes | None) -> None:
    with pytest.raises(OriginalMissing, match="no value"):
        originals.message_to_put_back(READER, lying(topics, written(Origin(KIND, 3, 41), KEY, value)))


def test_a_letter_that_is_gone_or_another_by_now_is_not_put_back(topics: MemoryTopics) -> None:
    letter = lying(topics, written(Origin(KIND, 3, 41), KEY, EVENT))
    lying(topics, written(Origin(KIND, 3, 42), KEY, EVENT))
    with pytest.raises(OriginalMissing, match="no longer on its topic"):
        originals.message_to_put_back(READER, letter)
    topics.clear()
    with pytest.raises(OriginalMissing, match="no longer on its topic"):
        originals.message_to_put_back(READER, letter)


def test_a_broker_that_refuses_is_not_taken_for_a_topic_that_lost_its_record(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Iterator[Message]:
        raise kafka.AccessRefused("Kafka refuses.")

    monkeypatch.setattr(kafka, "read_on", refuse)
    with pytest.raises(kafka.AccessRefused):
        originals.record_at(READER, Origin(KIND, 0, 0))


def test_a_message_is_decoded_as_far_as_it_can_be() -> None:
    assert contents.content(EVENT, BOOK)["record"]["person"] == sample(KIND)["person"]
    first, second = contents.content(BUNDLE, BOOK)["facts"]
    assert (first["person"], first["record"]["event"]) == (KEY.hex(), sample(KIND)["event"])
    assert second == {"person": (b"l" * 16).hex(), "contract": 1, "bytes": "/w=="}
    assert contents.content(b"\0\xff", BOOK) == {"bytes": "AP8="}
    assert contents.persons(KEY, BUNDLE) == sorted([KEY.hex(), (b"l" * 16).hex()])
    assert contents.persons(b"no pseudonym", b"nonsense") == []


def test_letters_go_back_in_the_order_of_their_messages() -> None:
    places = [Origin(KIND, 1, 9), Origin(FACTS, 0, 2), Origin(KIND, 0, 70), Origin(KIND, 1, 8)]
    # Later messages were given up first, as when a stage was away.
    days = [AT + timedelta(days=number) for number in range(len(places))]
    found = [letters.letter(written(place, KEY, EVENT, at)) for place, at in zip(places, days, strict=True)]
    inside = [(one.topic, one.partition, one.offset) for one in sorted(found, key=letters.in_order)]
    assert inside == [(KIND, 0, 70), (KIND, 1, 8), (KIND, 1, 9), (FACTS, 0, 2)]


@pytest.mark.parametrize(("left", "code"), [(Counter(), 0), (Counter(exchange=2, rules=1), 1)])
def test_wait_says_at_once_that_only_dead_letters_are_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], left: Counter[str], code: int
) -> None:
    monkeypatch.setattr(waiting, "until_arrived", lambda *_: True)
    monkeypatch.setattr("kruispunt.commands.stack.wait.settings.load", lambda: None)
    monkeypatch.setattr(waiting, "open_by_stage", lambda _config: left)
    assert waiting.wait(300.0) == code
    assert ("3 dead letters wait for a decision" in capsys.readouterr().err) == bool(code)
