"""What was published already is recognised by what it says, whenever it was made and wherever it lies."""

from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Message

from kruispunt.monitoring.outboxes import IdentityReader, otherwise
from schemas.codec import encode
from schemas.contracts import contract
from schemas.dead_letter import Origin, dead_letter
from schemas.identifiers import event_of, submission_of
from schemas.samples import sample
from schemas.topics import DEAD_LETTERS, FINDINGS, NOTICES, answers

WAGES = "declarations.wages"
LATER = datetime(2031, 5, 6, 7, 8, tzinfo=UTC)


def same(topic: str, name: str, **later: Any) -> bool:
    """Whether a sample is recognised when it comes with other values."""
    first, second = (encode(contract(name), sample(name) | changes) for changes in ({}, later))
    reader = IdentityReader()
    return reader.identity(topic, b"key", first) == reader.identity(topic, b"key", second)


def test_what_was_made_again_is_the_same_and_what_says_something_else_is_not() -> None:
    assert same(FINDINGS, FINDINGS, found_at=LATER)
    assert not same(FINDINGS, FINDINGS, version=77)
    assert same(WAGES, WAGES, occurred_at=LATER)
    assert not same(WAGES, WAGES, event="0" * 32)
    assert same(answers("rva"), "dossiers.answers", at=LATER)
    assert not same(answers("rva"), "dossiers.answers", change="another")
    assert not same(NOTICES, NOTICES, at=LATER)


def test_a_message_that_was_set_aside_again_is_the_same() -> None:
    reader, origin = IdentityReader(), Origin("rules.facts", 1, 7)
    first, second = (dead_letter(origin, "rules", "code", "why", b"k", b"v", at) for at in (LATER, 0))
    assert reader.identity(DEAD_LETTERS, b"k", first) == reader.identity(DEAD_LETTERS, b"k", second)
    assert reader.identity(DEAD_LETTERS, b"k", first) != reader.identity(DEAD_LETTERS, b"other", first)


def test_only_other_content_under_the_same_event_is_told() -> None:
    published, again = sample(WAGES), sample(WAGES) | {"occurred_at": LATER}
    messages = [Message(topic=WAGES, value=encode(contract(WAGES), published))]
    identity = IdentityReader().identity(WAGES, b"", encode(contract(WAGES), again))
    assert otherwise({identity: encode(contract(WAGES), again)}, messages) == []
    altered = again | {"employer": "another"}
    assert otherwise({identity: encode(contract(WAGES), altered)}, messages) == [published["declaration"]]


def test_an_event_says_its_id_and_its_submission_without_being_opened() -> None:
    event = sample(WAGES)
    assert event_of(encode(contract(WAGES), event)) == event["event"]
    assert submission_of("00-5e0c7d1a9b3f4c2e-5e0c-01") == "5e0c7d1a9b3f4c2e"
    assert submission_of("") == ""
