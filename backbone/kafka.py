"""Opens Kafka clients the one safe way: TLS and SCRAM, idempotent writers, readers that see committed records only."""

from collections.abc import Iterator
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from backbone.errors import Retry, Stop
from backbone.settings import Settings

LINGER_MS = 20
"""Long enough to fill batches under load, short enough not to be felt by one declaration."""
FETCH_WAIT_MS = 500
"""A fetch that finds nothing waits this long at the broker, and no longer than until the first record comes."""
QUEUED_KB = 65_536
HEARTBEATS = 4
"""How many heartbeats a member sends within its session timeout."""
TRANSACTION_SESSIONS = 1.5
"""The transaction of a lost writer is aborted after this many sessions; until then it hides what came after it."""
ANSWER_MS = 10_000
"""After this long without an answer a broker is considered lost, and the request is sent again."""
CONNECT_MS = 10_000
TIMEOUT_S = 30.0
END_WAIT_MS = 10
"""A reader that looks for the end needs to know of it immediately."""
SILENT = 0
"""Failures are raised; the library's own messages about reconnections would only confuse."""
FULL_BATCH_S = 0.2
"""How long to wait for a batch to fill before going on with what is there."""
LOGIN = {
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError._AUTHENTICATION,  # noqa: SLF001 - the library names its local codes so
}
FATAL = LOGIN | {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}
LOST = tuple(KafkaError(code).str() for code in (KafkaError.OFFSET_OUT_OF_RANGE, KafkaError._NO_OFFSET))  # noqa: SLF001
"""Why a reader has lost its position. An unanswered request for its position has another reason, and passes."""
REMEDY = "Run `kruispunt provision`, or check the credentials."
UNDERSCORED = {"log_level", "error_cb"}


class AccessRefused(Stop):
    """Access is refused, and may be granted again: the password was changed, or an access rule was removed."""


class LoginWatch:
    """Listens for refused logins of a client, as its `error_cb`: the client reports them nowhere else."""

    def __init__(self) -> None:
        self._refusal: str | None = None

    def __call__(self, error: KafkaError) -> None:
        """Remember a refused login."""
        if error.code() in LOGIN:
            self._refusal = error.str()

    def check(self) -> None:
        """Raises AccessRefused when the broker has refused a login since the client was opened."""
        if self._refusal:
            raise AccessRefused("Kafka refuses the login of this user.", REMEDY)


def _named(overrides: dict[str, Any]) -> dict[str, Any]:
    """Names as librdkafka writes them: dots, but for two."""
    return {name if name in UNDERSCORED else name.replace("_", "."): value for name, value in overrides.items()}


def _session_ms(settings: Settings) -> int:
    return round(settings.kafka_session_seconds * 1000)


def _transaction_ms(settings: Settings) -> int:
    return round(TRANSACTION_SESSIONS * _session_ms(settings))


def client(settings: Settings, user: str, **overrides: Any) -> dict[str, Any]:
    """Configuration for a librdkafka client as `user`; names use `_` for `.`. The library takes exact strings only."""
    config: dict[str, Any] = {
        "bootstrap.servers": settings.kafka_bootstrap,
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": str(user),
        "sasl.password": settings.secret("kafka", user),
        "client.id": str(user),
        "log_level": 3,
        "socket.keepalive.enable": True,
        "socket.connection.setup.timeout.ms": CONNECT_MS,
        # Below the time of a transaction, as the library wants it.
        "socket.timeout.ms": min(ANSWER_MS, _transaction_ms(settings) - 500),
    }
    if settings.kafka_ca:
        config["ssl.ca.location"] = str(settings.kafka_ca)
    return config | _named(overrides)


def producer(settings: Settings, user: str, transactional_id: str | None = None, **overrides: Any) -> Producer:
    """A writer that neither loses nor doubles; keys go to the partition every other client would choose."""
    config = {
        "enable.idempotence": True,
        "partitioner": "murmur2_random",
        "compression.type": "lz4",
        "linger.ms": LINGER_MS,
        "batch.size": 1_000_000,
        "batch.num.messages": 20_000,
        "queue.buffering.max.messages": 1_000_000,
        "queue.buffering.max.kbytes": 262_144,
    }
    if transactional_id:
        config |= {"transactional.id": str(transactional_id), "transaction.timeout.ms": _transaction_ms(settings)}
    return Producer(client(settings, user) | config | _named(overrides))


def consumer(settings: Settings, user: str, group: str, **overrides: Any) -> Consumer:
    """A reader of committed records that commits nothing by itself.

    It never chooses a position by itself. When its position is missing, or the next record is gone, it ends
    with an error instead of reading everything again or passing over the gap.
    """
    config = {
        "group.id": str(group),
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "fetch.wait.max.ms": FETCH_WAIT_MS,
        "queued.max.messages.kbytes": QUEUED_KB,
        "session.timeout.ms": _session_ms(settings),
        "heartbeat.interval.ms": _session_ms(settings) // HEARTBEATS,
        "enable.partition.eof": False,
    }
    return Consumer(client(settings, user) | config | _named(overrides))


def admin(settings: Settings, user: str = "admin", **overrides: Any) -> AdminClient:
    """An administrator of the cluster."""
    return AdminClient(client(settings, user, **overrides))


def alive(message: Message | None) -> Message | None:
    """The message, or None where there is nothing to handle.

    Raises AccessRefused, Stop for a client that cannot recover or has lost its position, Retry for what may pass.
    """
    if message is None:
        return None
    error = message.error()
    if error is None:
        return message
    if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the library names its local codes so
        return None
    if error.code() == KafkaError._AUTO_OFFSET_RESET and any(reason in error.str() for reason in LOST):  # noqa: SLF001
        raise Stop(
            f"The position of this reader in {message.topic()}[{message.partition()}] is lost: {error.str()}.",
            "Records may have been missed. See docs/reliability.md before anything is started again.",
        )
    if error.fatal() or _refused(error):
        kind = AccessRefused if _refused(error) else Stop
        raise kind(f"Kafka refuses: {error.str()}.", REMEDY)
    raise Retry(error.str())


def _refused(error: KafkaError) -> bool:
    """Whether a login or an access rule is missing, also where that kept a reader from asking for its position."""
    if error.code() == KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001
        return any(KafkaError(code).str() in error.str() for code in FATAL)
    return error.code() in FATAL


def partitions_of(reader: Consumer, topic: str) -> list[int]:
    """The partition numbers of a topic.

    Raises Retry when the broker does not answer, Stop when the topic is not there.
    """
    try:
        found = reader.list_topics(topic, timeout=TIMEOUT_S).topics[topic]
    except KafkaException as error:
        raise Retry(str(error)) from error
    if found.error is not None:
        raise Stop(f"Topic {topic}: {found.error.str()}.", "Run `kruispunt up`.")
    return sorted(found.partitions)


def read_on(
    reader: Consumer, positions: list[TopicPartition], batch: int = 10_000, *, patience: float | None = TIMEOUT_S
) -> Iterator[Message]:
    """Every committed record from these positions to where each partition ended when it was first reached.

    An open transaction of any writer hides everything committed after it began. So this reads on until it has passed
    the end that the broker had then, open transactions included: nothing before that end can be hidden.
    With a `patience` of None it stops at what is visible: enough to count what waits, never enough to trust a
    position. `reader` must report ends. A `batch` of 1 is for the last few records: nothing waits for one to fill.

    Raises Retry when the broker falls silent before the end, or a transaction stays open for `patience` seconds.
    """
    reader.assign(positions)
    ends: dict[tuple[str, int], int] = {}
    left = {(partition.topic, partition.partition) for partition in positions}
    while left:
        hidden = left <= ends.keys()
        limit = patience if hidden and patience is not None else TIMEOUT_S
        messages = reader.consume(batch, timeout=min(FULL_BATCH_S, limit)) or reader.consume(1, timeout=limit)
        if not messages:
            if hidden:
                names = ", ".join(sorted({topic for topic, _ in left}))
                raise Retry(f"An open transaction of another writer hides records of {names}.")
            raise Retry("Kafka does not answer.")
        for message in messages:
            error = message.error()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                partition = str(message.topic()), int(message.partition() or 0)
                if partition not in ends:
                    # Of the answer that said so: the end of all records, not only of the stable ones.
                    ends[partition] = reader.get_watermark_offsets(TopicPartition(*partition), cached=True)[1]
                if patience is None or int(message.offset() or 0) >= ends[partition]:
                    left.discard(partition)
            # Not by its truth: a record without a value is false.
            elif alive(message) is not None:
                yield message


def end_reader(settings: Settings, user: str, **overrides: Any) -> Consumer:
    """A reader for `read_on`: in no group, silent, notified where partitions end."""
    config = {"enable_partition_eof": True, "fetch_wait_max_ms": END_WAIT_MS, "log_level": SILENT}
    return consumer(settings, user, f"{user}.reads", **config, **overrides)


def read_to_end(
    settings: Settings, user: str, positions: list[TopicPartition], *, patience: float | None = TIMEOUT_S
) -> Iterator[Message]:
    """As `read_on`, with a reader of its own."""
    if not positions:
        return
    reader = end_reader(settings, user)
    try:
        yield from read_on(reader, positions, patience=patience)
    finally:
        reader.close()


def read_all(settings: Settings, user: str, topic: str, *, patience: float | None = TIMEOUT_S) -> Iterator[Message]:
    """Every committed record of a topic from the beginning to where it ends now, as `read_on`."""
    reader = consumer(settings, user, f"{user}.reads", log_level=SILENT)
    try:
        numbers = partitions_of(reader, topic)
    finally:
        reader.close()
    positions = [TopicPartition(topic, number, OFFSET_BEGINNING) for number in numbers]
    yield from read_to_end(settings, user, positions, patience=patience)
