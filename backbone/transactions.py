"""Writes to Kafka in transactions: all records of a block become visible together, or none does."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from backbone import kafka
from backbone.errors import Retry, Stop
from backbone.process import with_retry
from backbone.settings import Settings
from schemas.topics import DEAD_LETTERS, LARGEST_LETTER, LARGEST_MESSAGE

FULL_QUEUE_S = 0.05
AGAIN_S = 0.1
TIMEOUT_S = 30.0
HOPELESS = kafka.FATAL | {KafkaError.MSG_SIZE_TOO_LARGE}


def _translated(error: KafkaException) -> Retry | Stop:
    """What to do next: a fenced or refused writer stops, everything else begins again."""
    reason: KafkaError = error.args[0]
    if reason.fatal() or reason.code() in HOPELESS:
        return Stop(f"Kafka refuses the writer: {reason.str()}.", "Another process may have taken over.")
    return Retry(reason.str())


def _insist(action: Callable[..., Any], *arguments: Any) -> None:
    """Call again as long as the client says that calling again is right."""
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        try:
            action(*arguments)
        except KafkaException as error:
            if not error.args[0].retriable() or time.monotonic() > deadline:
                raise
            time.sleep(AGAIN_S)
        else:
            return


def writer(settings: Settings, user: str, name: str) -> Producer:
    """A transactional writer. The transaction that an earlier writer of this name left open is aborted, and that writer
    is fenced.

    Raises Retry, Stop.
    """
    made = kafka.producer(settings, user, name, message_max_bytes=LARGEST_LETTER)

    def initialise() -> None:
        try:
            made.init_transactions(TIMEOUT_S)
        except KafkaException as error:
            raise _translated(error) from error

    with_retry(initialise)
    return made


def send(target: Producer, topic: str, value: bytes, key: bytes | None = None, partition: int = -1) -> None:
    """Put a record into the open transaction; waits while the queue is full.

    Raises Stop for a record that would not fit whole into a dead letter.
    """
    if topic != DEAD_LETTERS and len(value) + len(key or b"") > LARGEST_MESSAGE:
        raise Stop(f"A record for {topic} is larger than {LARGEST_MESSAGE} bytes.", "This is a fault in what wrote it.")
    while True:
        try:
            target.produce(topic, value=value, key=key, partition=partition)
        except BufferError:
            target.poll(FULL_QUEUE_S)
        else:
            return


@contextmanager
def transaction(target: Producer) -> Iterator[None]:
    """Commit at the end of the block, abort where anything in it fails.

    Raises Retry when the block is to be repeated, Stop when this writer is fenced or refused.
    """
    try:
        target.begin_transaction()
        yield
        _insist(target.commit_transaction, TIMEOUT_S)
    except BaseException as error:
        with suppress(KafkaException):
            _insist(target.abort_transaction, TIMEOUT_S)
        if isinstance(error, KafkaException):
            raise _translated(error) from error
        raise
