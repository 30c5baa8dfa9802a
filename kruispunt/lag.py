"""Says for every stage how much it still has to do, down to the last record."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, LiteralString

import psycopg
from confluent_kafka import Consumer, IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec
from psycopg import Connection, sql

from backbone import kafka, positions, postgres
from backbone.errors import Retry
from backbone.settings import Settings
from schemas.codec import decode_body, split
from schemas.contracts import contract
from schemas.institutions import HOSTED, INSTITUTIONS
from schemas.topics import DECLARATIONS, DISCLOSURES, FACTS, FINDINGS, POSITIONS, changes, delivery, topic

INSPECTOR = "inspector"
MAIN = "kruispunt"
TIMEOUT_S = 10.0
LOOK_CLOSER = 50
"""Control records of transactions count as offsets but carry nothing: a gap this small is read to see what it holds."""
UNTOLD: LiteralString = """
select coalesce(sum(case what when 'versions received' then number when 'versions settled' then -number end), 0)
     + (select coalesce(sum(number), 0) from notifier.states
         where state not in ('handed over', 'suppressed', 'in doubt', 'cannot be told'))
  from notifier.counts
"""

Places = Mapping[tuple[str, int], int]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage and the way to ask how much waits for it."""

    name: str
    waiting: Callable[[], int]


class Inspector:
    """Looks at everything and changes nothing; keeps its connections, as it asks again and again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connections: dict[str, Connection[Any]] = {}

    @cached_property
    def _admin(self) -> AdminClient:
        return AdminClient(kafka.client(self._settings, INSPECTOR, log_level=kafka.SILENT))

    @cached_property
    def _reader(self) -> Consumer:
        reader = kafka.end_reader(self._settings, INSPECTOR)
        # Known topics are read at once; each unknown one would first be looked up on its own.
        try:
            reader.list_topics(timeout=TIMEOUT_S)
        except KafkaException as error:
            reader.close()
            raise Retry("Kafka does not answer.") from error
        return reader

    @cached_property
    def _exchange(self) -> Consumer:
        return kafka.consumer(self._settings, INSPECTOR, "exchange", log_level=kafka.SILENT)

    def count(self, query: LiteralString | sql.Composed, values: tuple[Any, ...] = (), database: str = MAIN) -> int:
        """The one number a query gives.

        Raises Retry when the server is away.
        """

        def ask(connection: Connection[Any]) -> int:
            row = connection.execute(query, values).fetchone()
            return int(row[0] or 0) if row else 0

        return int(self._ask(database, ask))

    def stored(self, database: str, schema: str) -> Places:
        """The positions a reader keeps with its data."""

        def ask(connection: Connection[Any]) -> Places:
            with connection.cursor() as cursor:
                return positions.load(cursor, schema)

        found: Places = self._ask(database, ask)
        return found

    def _ask(self, database: str, question: Callable[[Connection[Any]], Any]) -> Any:
        connection = self._connections.get(database)
        if connection is None:
            connection = postgres.connect(self._settings, INSPECTOR, database, autocommit=True)
            self._connections[database] = connection
        try:
            return question(connection)
        except psycopg.OperationalError as error:
            with suppress(psycopg.Error):
                self._connections.pop(database).close()
            raise Retry("PostgreSQL went away.") from error

    def committed(self) -> Places:
        """Where the exchange is, by what the broker committed."""
        numbers = range(self._settings.partitions)
        wanted = [TopicPartition(name, number) for name in DECLARATIONS for number in numbers]
        try:
            found = self._exchange.committed(wanted, timeout=TIMEOUT_S)
        except KafkaException as error:
            raise Retry(str(error)) from error
        return {(at.topic, at.partition): max(at.offset, 0) for at in found}

    def _ends(self, topics: Iterable[str]) -> dict[tuple[str, int], int]:
        """Where the committed records of each partition end."""
        wanted = [
            TopicPartition(name, number)
            for name in topics
            for number in range(topic(name).partitions(self._settings.partitions))
        ]
        try:
            asked = self._admin.list_offsets(
                {place: OffsetSpec.latest() for place in wanted},  # type: ignore[no-untyped-call]  # the stub lacks it
                isolation_level=IsolationLevel.READ_COMMITTED,
                request_timeout=TIMEOUT_S,
            )
            return {(place.topic, place.partition): answer.result(TIMEOUT_S).offset for place, answer in asked.items()}
        except KafkaException as error:
            raise Retry(str(error)) from error

    def behind(self, topics: tuple[str, ...], where: Callable[[], Places]) -> int:
        """How many records of these topics lie behind the places of their reader."""
        ends = self._ends(topics)
        at = where()
        gaps = {place: end - at.get(place, 0) for place, end in ends.items() if end > at.get(place, 0)}
        small = [TopicPartition(*place, at.get(place, 0)) for place, gap in gaps.items() if gap <= LOOK_CLOSER]
        large = sum(gap for gap in gaps.values() if gap > LOOK_CLOSER)
        return large + sum(1 for _ in kafka.read_on(self._reader, small, batch=1))

    def unpublished(self, source: str) -> int:
        """How many rows of an outbox the relay has still to publish."""
        last = (0, 0)
        for message in kafka.read_on(self._reader, [TopicPartition(POSITIONS, 0, 0)], batch=1):
            value = message.value()
            if value and message.key() == source.encode():
                record = decode_body(contract(POSITIONS), split(value)[1])
                last = (record["tx"], record["id"])
        query = sql.SQL("select count(*) from {}.outbox where (tx, id) > (%s::text::xid8, %s)")
        return self.count(query.format(sql.Identifier(source)), (str(last[0]), last[1]))

    def untold(self) -> int:
        """Findings not read or not settled yet, and notices not handed over yet."""
        return self.behind((FINDINGS,), partial(self.stored, MAIN, "notifier")) + self.count(UNTOLD)


def stages(settings: Settings) -> list[Stage]:
    """Every stage in the order data travels."""
    look = Inspector(settings)
    dossiers = tuple(changes(name) for name in INSTITUTIONS)
    return [
        Stage("dossiers", partial(look.behind, dossiers, partial(look.stored, MAIN, "directory"))),
        Stage("relay register", partial(look.unpublished, "register")),
        Stage("exchange", partial(look.behind, DECLARATIONS, look.committed)),
        *(
            Stage(f"sink-{name}", partial(look.behind, (delivery(name),), partial(look.stored, name, "store")))
            for name in HOSTED
        ),
        Stage("audit", partial(look.behind, (DISCLOSURES,), partial(look.stored, MAIN, "audit"))),
        Stage("rules", partial(look.behind, (FACTS,), partial(look.stored, MAIN, "rules"))),
        Stage("relay rules", partial(look.unpublished, "rules")),
        Stage("notifier", look.untold),
        Stage("relay notifier", partial(look.unpublished, "notifier")),
        Stage("relay directory", partial(look.unpublished, "directory")),
        Stage("relay audit", partial(look.unpublished, "audit")),
    ]
