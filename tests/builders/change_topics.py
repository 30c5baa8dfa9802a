"""Batches of records as a broker keeps them, and a reader of them that a contract test holds to the real one."""

from collections.abc import Iterable, Mapping

from aiokafka.record.default_records import DefaultRecordBatchBuilder

from backbone.batches import Fetched, RecordBatch, split

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


def stored(values: Iterable[bytes], first: int = 0, codec: str = "none") -> bytes:
    """A batch as it lies on a broker."""
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=CODECS[codec], is_transactional=0, producer_id=-1, producer_epoch=-1,
        base_sequence=-1, batch_size=2**31 - 1,
    )  # fmt: skip
    for number, value in enumerate(values):
        builder.append(number, timestamp=0, key=None, value=value, headers=[])
    return first.to_bytes(8, "big") + bytes(builder.build())[8:]


def batch(values: Iterable[bytes], first: int = 0, codec: str = "none") -> RecordBatch:
    """A batch as it is fetched."""
    [one] = split(stored(values, first, codec))
    return one


class MemoryBatches:
    """Holds the same batch on every topic; what lies before `begin` of a topic is gone from it."""

    def __init__(self, values: Iterable[bytes]) -> None:
        self._batch = batch(values)
        self.begin: dict[str, int] = {}

    def fetch(self, places: Mapping[str, int], _wait_ms: int) -> dict[str, Fetched]:
        """What lies on these topics from these offsets on."""
        return {topic: self._fetched(topic, offset) for topic, offset in places.items()}

    def _fetched(self, topic: str, offset: int) -> Fetched:
        end = self._batch.following
        if not self.begin.get(topic, 0) <= offset <= end:
            return Fetched([], -1, lost=True)
        return Fetched([self._batch] if offset < end else [], end)
