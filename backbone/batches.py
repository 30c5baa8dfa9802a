"""Reads batches of records as they lie on the broker, so that the reader decides what is unpacked and how far.

librdkafka decompresses a batch before the caller can look at it: gzip and lz4 without a limit, and it never gets past a
batch that is beyond its limit. On topics of writers that are not trusted, this reader is used instead.

There is no group, and nothing is committed: the caller keeps its positions. Such a topic is not written in
transactions.
"""

import asyncio
import logging
import ssl
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import CorruptRecordException, KafkaError, OffsetOutOfRangeError, TopicAuthorizationFailedError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.structs import TopicPartition

from backbone import kafka
from backbone.cluster import logins
from backbone.cluster.state import MECHANISM
from backbone.errors import Retry
from backbone.kafka import AccessRefused
from backbone.settings import Settings
from backbone.unpacking import Unpackable, Unpacker

HEADER = struct.Struct(">qiibIhiqqqhii")
"""First offset, length, epoch, version, checksum, attributes, last offset as a difference, and what no reader needs."""
BEFORE_LENGTH = struct.calcsize(">qi")
ATTRIBUTES = struct.Struct(">h")
ATTRIBUTES_AT = struct.calcsize(">qiibI")
CODEC, CONTROL = 0x07, 0x20
COMMITTED = 1
ONLY = 0
"""The one partition of a topic that is read so."""
TIMEOUT_MS = 30_000
ROOM = 8
"""Times as many bytes for all topics as for one: a flood on some of them leaves room in the answer for the others."""


class RecordBatch(NamedTuple):
    """A batch of records as it is stored: which offsets it holds can be said without unpacking it."""

    first: int
    following: int
    stored: bytes

    def records(self, unpacker: Unpacker) -> Iterator[tuple[int, bytes]]:
        """Offsets and values; the value of a record that has none is empty.

        Raises Unpackable, also after some.
        """
        (attributes,) = ATTRIBUTES.unpack_from(self.stored, ATTRIBUTES_AT)
        if attributes & CONTROL:
            return
        body = unpacker.unpack(attributes & CODEC, self.stored[HEADER.size :])
        head = bytearray(self.stored[: HEADER.size])
        ATTRIBUTES.pack_into(head, ATTRIBUTES_AT, attributes & ~CODEC)
        try:
            for record in DefaultRecordBatch(bytes(head) + body):
                yield record.offset, record.value or b""
        except (CorruptRecordException, ValueError) as error:
            raise Unpackable(str(error)) from error


class Fetched(NamedTuple):
    """What lies on a topic from some offset on, and where it ends now."""

    batches: list[RecordBatch]
    end: int
    lost: bool = False
    """Whether that offset is not on the topic: retention was faster, or the topic is another one."""


def split(stored: bytes) -> Iterator[RecordBatch]:
    """The whole batches in what a broker answers; it may have cut the last one short."""
    place = 0
    while place + HEADER.size <= len(stored):
        first, length, _, _, _, _, last, *_ = HEADER.unpack_from(stored, place)
        end = place + BEFORE_LENGTH + length
        if end > len(stored):
            return
        yield RecordBatch(first, first + last + 1, stored[place:end])
        place = end


class BatchReader:
    """Reads some topics of one partition each as one user."""

    def __init__(self, settings: Settings, user: str, topics: Sequence[str], *, largest: int) -> None:
        self._settings = settings
        self._user = user
        self._topics = topics
        self._largest = largest
        self._loop = asyncio.new_event_loop()
        self._client: Any = None

    @classmethod
    def open(cls, settings: Settings, user: str, topics: Sequence[str], *, largest: int) -> Self:
        """Connect; `largest` is how many bytes of a topic are fetched at a time, one whole batch at least.

        Raises Retry, AccessRefused.
        """
        # It would log on its own, in its own way, what is raised here.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        reader = cls(settings, user, topics, largest=largest)
        try:
            reader._run(reader._connect())
        except BaseException:
            reader.close()
            raise
        return reader

    def _run(self, what: Any) -> Any:
        try:
            return self._loop.run_until_complete(what)
        except (OSError, TimeoutError, KafkaError) as error:
            if self._user in self._loop.run_until_complete(logins.refused(self._settings, [self._user])):
                raise AccessRefused("Kafka refuses the login of this user.", kafka.REMEDY) from error
            raise Retry(f"Kafka does not answer: {type(error).__name__}.") from error

    async def _connect(self) -> None:
        trust = ssl.create_default_context(cafile=str(self._settings.kafka_ca) if self._settings.kafka_ca else None)
        self._client = AIOKafkaClient(  # type: ignore[no-untyped-call] # it has no types
            bootstrap_servers=self._settings.kafka_bootstrap.split(","), client_id=self._user,
            request_timeout_ms=TIMEOUT_MS, ssl_context=trust, security_protocol="SASL_SSL", sasl_mechanism=MECHANISM,
            sasl_plain_username=self._user, sasl_plain_password=self._settings.secret("kafka", self._user),
        )  # fmt: skip
        await self._client.bootstrap()
        await self._client.set_topics(self._topics)

    def fetch(self, places: Mapping[str, int], wait_ms: int) -> dict[str, Fetched]:
        """What lies on these topics from these offsets on; waits for something while there is nothing at all.

        Raises Retry, AccessRefused.
        """
        found: dict[str, Fetched] = self._run(self._fetch(places, wait_ms))
        return found

    async def _fetch(self, places: Mapping[str, int], wait_ms: int) -> dict[str, Fetched]:
        try:
            return await self._ask(places, wait_ms)
        except (OSError, TimeoutError, KafkaError):
            # The broker ends a session whose login has grown old, and the leader may be another one now.
            await self._client.force_metadata_update()
            return await self._ask(places, wait_ms)

    async def _ask(self, places: Mapping[str, int], wait_ms: int) -> dict[str, Fetched]:
        leaders: dict[int, list[tuple[str, list[tuple[int, int, int]]]]] = {}
        for topic, offset in places.items():
            leader = self._client.cluster.leader_for_partition(TopicPartition(topic, ONLY))
            leaders.setdefault(leader, []).append((topic, [(ONLY, offset, self._largest)]))
        answers = await asyncio.gather(
            *(
                self._client.send(leader, FetchRequest(wait_ms, 1, ROOM * self._largest, COMMITTED, asked))
                for leader, asked in leaders.items()
            )
        )
        return {
            topic: self._fetched(topic, places[topic], *partition)
            for answer in answers
            for topic, partitions in answer.topics
            for partition in partitions
        }

    @staticmethod
    def _fetched(topic: str, offset: int, _partition: int, code: int, end: int, *more: Any) -> Fetched:
        if code == OffsetOutOfRangeError.errno:
            return Fetched([], end, lost=True)
        if code == TopicAuthorizationFailedError.errno:
            raise AccessRefused(f"Kafka refuses to read {topic}.", kafka.REMEDY)
        if code:
            raise KafkaError(f"error {code} of {topic}")
        return Fetched([batch for batch in split(more[-1]) if batch.following > offset], end)

    async def _leave(self) -> None:
        await self._client.close()
        # A connection over TLS says goodbye in the turns of the loop that follow.
        await asyncio.sleep(logins.CLOSING_S)

    def close(self) -> None:
        """Disconnect."""
        if self._client is not None:
            self._loop.run_until_complete(self._leave())
        self._loop.close()
