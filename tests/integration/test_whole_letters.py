"""Nonsense as large as a message can be, or with no value at all, is a dead letter and holds nobody up."""

import os
import subprocess
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import pytest
from confluent_kafka import TopicPartition

from backbone import kafka
from backbone.errors import Stop
from backbone.settings import Settings
from backbone.transactions import send, transaction, writer
from schemas.codec import decode_body, split
from schemas.contracts import contract
from schemas.topics import DEAD_LETTERS, DECLARATIONS, FACTS, FINDINGS, LARGEST_LETTER, LARGEST_MESSAGE
from tests.builders.processes import SILENT, ask_to_stop, start

PATIENCE_S = 120.0
KEY = b"k" * 16
ENVELOPE = 100
"""What Kafka itself puts around a record, with its key."""
STAGES = {DECLARATIONS[0]: "exchange", FACTS: "rules", FINDINGS: "notifier"}
WRITERS = {DECLARATIONS[0]: "relay", FACTS: "exchange", FINDINGS: "relay"}
VERBS = ("api", "relay", "exchange", "rules", "notify")


@contextmanager
def processes(settings: Settings) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    running = {verb: start(settings.home, verb, streams=SILENT) for verb in VERBS}
    try:
        yield running
    finally:
        for process in running.values():
            ask_to_stop(process)
        for process in running.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


Put = tuple[str, int]
"""Topic and offset of a message on the first partition."""


def put(settings: Settings, topic: str, value: bytes | None) -> Put:
    offsets: list[int] = []
    target = kafka.producer(settings, WRITERS[topic], message_max_bytes=LARGEST_LETTER)
    target.produce(topic, value, KEY, 0, on_delivery=lambda _error, message: offsets.append(message.offset() or 0))
    assert target.flush(PATIENCE_S) == 0
    return topic, offsets[0]


def letters(settings: Settings, since: list[TopicPartition], ours: Collection[Put]) -> list[tuple[str, str, bytes]]:
    """Stage, topic and value of every dead letter since then that is about one of these messages."""
    found = []
    for message in kafka.read_to_end(settings, "inspector", [TopicPartition(*_where(one)) for one in since]):
        said = decode_body(contract(DEAD_LETTERS), split(message.value() or b"")[1])
        if said["partition"] == 0 and (said["topic"], said["offset"]) in ours:
            found.append((said["stage"], said["topic"], said["value"] or b""))
    return found


def _where(one: TopicPartition) -> tuple[str, int, int]:
    return one.topic, one.partition, one.offset


def ends(settings: Settings) -> list[TopicPartition]:
    reader = kafka.end_reader(settings, "inspector")
    try:
        return [
            TopicPartition(DEAD_LETTERS, number, reader.get_watermark_offsets(TopicPartition(DEAD_LETTERS, number))[1])
            for number in kafka.partitions_of(reader, DEAD_LETTERS)
        ]
    finally:
        reader.close()


AFTER = [f"what comes after on {topic}".encode() for topic in STAGES]


def test_nonsense_as_large_as_a_message_or_without_a_value_is_a_letter_and_what_comes_after_is_handled(
    servers: Settings,
) -> None:
    since = ends(servers)
    value = {topic: os.urandom(LARGEST_MESSAGE - ENVELOPE) for topic in STAGES}
    with processes(servers) as running:
        ours = {
            put(servers, topic, one)
            for topic, after in zip(STAGES, AFTER, strict=True)
            for one in (value[topic], None, after)
        }
        wanted = {(STAGES[topic], topic, value[topic]) for topic in STAGES}
        wanted |= {(STAGES[topic], topic, after) for topic, after in zip(STAGES, AFTER, strict=True)}
        wanted |= {(STAGES[topic], topic, b"") for topic in STAGES}
        deadline = time.monotonic() + PATIENCE_S
        while len(found := letters(servers, since, ours)) < len(wanted):
            ended = {verb: process.returncode for verb, process in running.items() if process.poll() is not None}
            assert ended == {}
            assert time.monotonic() < deadline, [(stage, topic, len(said)) for stage, topic, said in found]
            time.sleep(0.5)
    assert len(found) == len(wanted)
    assert set(found) == wanted


def test_a_writer_of_ours_writes_nothing_that_could_not_be_set_aside_whole(servers: Settings) -> None:
    target = writer(servers, "relay", "relay-too-large")
    with pytest.raises(Stop, match=f"A record for {FINDINGS} is larger"), transaction(target):
        send(target, FINDINGS, b"\0" * LARGEST_MESSAGE, KEY)
