"""Waits until everything published so far is exchanged and on record: what comes later is judged as things stand now.

Every batch that the exchange begins afterwards sees the dossiers of before. So by the time this has waited, an event is
either on record, or only the replay can still copy it.
"""

import time
from collections.abc import Callable

from confluent_kafka import TopicPartition
from psycopg import Connection
from psycopg.rows import TupleRow

from backbone import kafka, positions
from backbone.errors import Retry
from backbone.offsets import Offsets, PartitionOffsets
from backbone.progress import BEGINNING, Progress, published
from schemas.roles import Role
from schemas.topics import DECLARATIONS, DISCLOSURES, POSITIONS

AUDIT = "audit"
REGISTER = "register"
PAUSE_S = 0.05
PATIENCE_S = 60.0
"""An exchange or audit that is away for this long does not come back by itself."""


class Barrier:
    """Asks Kafka and PostgreSQL repeatedly how far each process is."""

    def __init__(self, offsets: Offsets, connection: Connection[TupleRow], partitions: int) -> None:
        self._offsets = offsets
        self._connection = connection
        self._partitions = partitions

    def pass_(self, wanted: Callable[[], bool]) -> Progress | None:
        """How far the register is published, when all of that is exchanged and on record; None once not `wanted`.

        Raises Retry when the exchange or the audit is away.
        """
        # 1. How far the register is published, with nothing newer hidden. The records are in the topics before that.
        beginning = TopicPartition(POSITIONS, 0, 0)
        messages = kafka.read_on(self._offsets.reader, [beginning], batch=1, patience=PATIENCE_S)
        reached = published(messages).get(REGISTER, BEGINNING)
        # 2. The exchange has committed all of them, 3. and what it made of them is on record.
        exchanged = self._passed(DECLARATIONS, self._exchanged, wanted)
        return reached if exchanged and self._passed((DISCLOSURES,), self._recorded, wanted) else None

    def _passed(
        self, topics: tuple[str, ...], where: Callable[[], PartitionOffsets], wanted: Callable[[], bool]
    ) -> bool:
        # Transactions end in one partition a moment before they end in another: nothing of them may be overlooked.
        ends = self._offsets.ends(topics, self._partitions, open_too=True)
        deadline = time.monotonic() + PATIENCE_S
        while wanted():
            closed = self._offsets.ends(topics, self._partitions)
            if all(closed[partition] >= end for partition, end in ends.items()) and not self._offsets.left(
                ends, where()
            ):
                return True
            if time.monotonic() > deadline:
                raise Retry(f"No sink reads {', '.join(topics)}.")
            time.sleep(PAUSE_S)
        return False

    def _exchanged(self) -> PartitionOffsets:
        return self._offsets.committed(Role.EXCHANGE, DECLARATIONS, self._partitions)

    def _recorded(self) -> PartitionOffsets:
        with self._connection.cursor() as cursor:
            return positions.load(cursor, AUDIT)
