"""Says where topics end and how far their readers are, counting records and not the markers between them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from confluent_kafka import Consumer, IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from backbone import kafka
from backbone.errors import Retry
from backbone.settings import Settings
from schemas.topics import topic

TIMEOUT_S = 10.0
LOOK_CLOSER = 50
"""Control records of transactions count as offsets but carry nothing: a gap this small is read to see what it holds."""

PartitionOffsets = Mapping[tuple[str, int], int]


def _partitions(topics: Iterable[str], partitions: int) -> Iterator[TopicPartition]:
    for name in topics:
        for number in range(topic(name).partitions(partitions)):
            yield TopicPartition(name, number)


class Offsets:
    """Looks as one user and changes nothing; keeps its connections, as it is asked again and again."""

    def __init__(self, settings: Settings, user: str) -> None:
        self._settings = settings
        self._user = user
        self._of: dict[str, Consumer] = {}

    @cached_property
    def _admin(self) -> AdminClient:
        return AdminClient(kafka.client(self._settings, self._user, log_level=kafka.SILENT))

    @cached_property
    def reader(self) -> Consumer:
        """A reader for `kafka.read_on`."""
        reader = kafka.end_reader(self._settings, self._user)
        # Known topics are read at once; each unknown one would first be looked up on its own.
        try:
            reader.list_topics(timeout=TIMEOUT_S)
        except KafkaException as error:
            reader.close()
            raise Retry("Kafka does not answer.") from error
        return reader

    def committed(self, group: str, topics: Sequence[str], partitions: int) -> PartitionOffsets:
        """Where a group is, by what the broker committed; `partitions` is how many topics about persons have.

        Raises Retry.
        """
        known = self.positions(group, topics, partitions)
        return {
            (at.topic, at.partition): known.get((at.topic, at.partition), 0) for at in _partitions(topics, partitions)
        }

    def positions(self, group: str, topics: Iterable[str], partitions: int) -> PartitionOffsets:
        """As `committed`, but a partition in which the group has no position yet is missing.

        Raises Retry.
        """
        try:
            found = self._member(group).committed(list(_partitions(topics, partitions)), timeout=TIMEOUT_S)
        except KafkaException as error:
            raise Retry(str(error)) from error
        return {(at.topic, at.partition): at.offset for at in found if at.offset >= 0}

    def _member(self, group: str) -> Consumer:
        if group not in self._of:
            self._of[group] = kafka.consumer(self._settings, self._user, group, log_level=kafka.SILENT)
        return self._of[group]

    def ends(self, topics: Iterable[str], partitions: int, *, open_too: bool = False) -> dict[tuple[str, int], int]:
        """Where the committed records of each partition end; `open_too`: those of open transactions included.

        Raises Retry.
        """
        level = IsolationLevel.READ_UNCOMMITTED if open_too else IsolationLevel.READ_COMMITTED
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the stub lacks it
        return self._listed(list(_partitions(topics, partitions)), latest, level)

    def _listed(
        self, partitions: list[TopicPartition], spec: OffsetSpec, level: IsolationLevel
    ) -> dict[tuple[str, int], int]:
        try:
            asked: dict[TopicPartition, Any] = self._admin.list_offsets(
                dict.fromkeys(partitions, spec),
                isolation_level=level,
                request_timeout=TIMEOUT_S,
            )
            return {
                (partition.topic, partition.partition): answer.result(TIMEOUT_S).offset
                for partition, answer in asked.items()
            }
        except KafkaException as error:
            raise Retry(str(error)) from error
        except TimeoutError as error:
            raise Retry("Kafka does not answer.") from error

    def beginnings(self, topics: Iterable[str], partitions: int) -> dict[tuple[str, int], int]:
        """The first record of each partition that is still there.

        Raises Retry.
        """
        earliest = OffsetSpec.earliest()  # type: ignore[no-untyped-call]  # the stub lacks it
        return self._listed(list(_partitions(topics, partitions)), earliest, IsolationLevel.READ_COMMITTED)

    def waiting(self, topics: Iterable[str], partitions: int, where: Callable[[], PartitionOffsets]) -> int:
        """How many records of these topics lie behind the position of their reader; at least one while some are hidden.

        A transaction ends in one partition a moment before it ends in another: what it wrote there is not seen yet.

        Raises Retry.
        """
        names = list(topics)
        ends = self.ends(names, partitions, open_too=True)
        at, closed = where(), self.ends(names, partitions)
        hidden = any(closed[partition] < end for partition, end in ends.items())
        return max(self.left(ends, at), int(hidden))

    def left(self, ends: PartitionOffsets, at: PartitionOffsets) -> int:
        """How many records lie between the positions of a reader and these ends; a lower bound where they are many.

        Raises Retry.
        """
        gaps = {partition: end - at.get(partition, 0) for partition, end in ends.items() if end > at.get(partition, 0)}
        exact = {
            partition for partition, gap in gaps.items() if gap > LOOK_CLOSER or not topic(partition[0]).transactional
        }
        large = sum(gaps[partition] for partition in exact)
        small = [TopicPartition(*partition, at.get(partition, 0)) for partition in gaps if partition not in exact]
        if not small:
            return large
        held = (
            (str(message.topic()), int(message.partition() or 0), int(message.offset() or 0))
            for message in kafka.read_on(self.reader, small, batch=1, patience=None)
        )
        return large + sum(1 for topic, partition, offset in held if offset < ends[topic, partition])

    def begin(self, group: str, topics: Iterable[str], partitions: int) -> int:
        """Give a group its first position in every partition that never held anything; returns in how many.

        From then on a missing position is a lost one. Raises Retry.
        """
        names = list(topics)
        ends = self.ends(names, partitions, open_too=True)
        known = self.positions(group, names, partitions)
        new = [TopicPartition(*partition, 0) for partition, end in ends.items() if not end and partition not in known]
        if new:
            try:
                self._member(group).commit(offsets=new, asynchronous=False)
            except KafkaException as error:
                raise Retry(str(error)) from error
        return len(new)

    def close(self) -> None:
        """Close what is open."""
        if "reader" in self.__dict__:
            self.reader.close()
        for member in self._of.values():
            member.close()
