"""The registry answers nothing before it can answer everything: a client that is told "not found" believes it."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Message

from backbone import kafka
from backbone.errors import Retry
from backbone.settings import Settings
from kruispunt.registry.catalogue import Catalogue
from kruispunt.registry.server import following
from schemas.registration import parse
from schemas.topics import SCHEMAS

PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def published(servers: Settings) -> set[int]:
    """The ids of every schema on the topic."""
    found = [parse(message.key(), message.value()) for message in kafka.read_all(servers, "admin", SCHEMAS)]
    return {version.id for version in found if version}


def test_a_registry_that_opens_holds_every_schema_that_was_published(servers: Settings, published: set[int]) -> None:
    catalogue = Catalogue()
    with following(servers, catalogue):
        assert catalogue.texts.keys() == published
        assert catalogue.cluster
    assert published


def test_a_registry_does_not_open_while_kafka_is_away(
    servers: Settings, published: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the topic is read, then the broker is gone for a while."""
    away, asked = threading.Event(), threading.Event()
    away.set()
    read_on = kafka.read_on

    def interrupted(*given: Any, **named: Any) -> Iterator[Message]:
        for number, message in enumerate(read_on(*given, **named)):
            if away.is_set() and number == 1:
                asked.set()
                time.sleep(0.05)
                raise Retry("Kafka does not answer.")
            yield message

    monkeypatch.setattr(kafka, "read_on", interrupted)
    catalogue, opened, leave = Catalogue(), threading.Event(), threading.Event()

    def serve() -> None:
        with following(servers, catalogue):
            opened.set()
            leave.wait(PATIENCE_S)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        assert asked.wait(PATIENCE_S)
        assert not opened.wait(0.5)
        away.clear()
        assert opened.wait(PATIENCE_S)
        assert catalogue.texts.keys() == published
    finally:
        away.clear()
        leave.set()
        thread.join()
