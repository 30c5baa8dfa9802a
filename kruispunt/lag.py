"""Says for every stage how much it still has to do, down to the last record."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from confluent_kafka import IsolationLevel, TopicPartition
from confluent_kafka.admin import OffsetSpec
from psycopg import sql

from backbone import kafka, positions, postgres
from backbone.settings import Settings
from schemas.codec import decode_body, split
from schemas.contracts import contract
from schemas.institutions import INSTITUTIONS
from schemas.topics import DECLARATIONS, DISCLOSURES, FACTS, FINDINGS, POSITIONS, delivery

INSPECTOR = "inspector"
TIMEOUT_S = 10.0
LOOK_CLOSER = 50
"""Control records of transactions count as offsets but carry nothing: a gap this small is read to see what it holds."""

Places = Mapping[tuple[str, int], int]
UNTOLD = """
select coalesce(sum(case what when 'versions received' then number when 'versions settled' then -number end), 0)
     + (select coalesce(sum(number), 0) from notifier.states
         where state not in ('handed over', 'suppressed', 'in doubt', 'cannot be told'))
  from notifier.counts
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage and the way to ask how much waits for it."""

    name: str
    waiting: Callable[[], int]


def stages(settings: Settings) -> list[Stage]:
    """Every stage in the order data travels."""
    return [
        Stage("relay register", partial(_unpublished, settings, "register")),
        Stage("exchange", partial(_behind, settings, DECLARATIONS, partial(_committed, settings))),
        *(
            Stage(
                f"sink-{name}", partial(_behind, settings, (delivery(name),), partial(_stored, settings, name, "store"))
            )
            for name in INSTITUTIONS
        ),
        Stage("audit", partial(_behind, settings, (DISCLOSURES,), partial(_stored, settings, "kruispunt", "audit"))),
        Stage("rules", partial(_behind, settings, (FACTS,), partial(_stored, settings, "kruispunt", "rules"))),
        Stage("relay rules", partial(_unpublished, settings, "rules")),
        Stage("notifier", partial(_untold, settings)),
        Stage("relay notifier", partial(_unpublished, settings, "notifier")),
    ]


def _untold(settings: Settings) -> int:
    """Findings not read or not settled yet, and notices not handed over yet."""
    unread = _behind(settings, (FINDINGS,), partial(_stored, settings, "kruispunt", "notifier"))
    with postgres.connect(settings, INSPECTOR) as connection:
        row = connection.execute(UNTOLD).fetchone()
    return unread + (int(row[0]) if row else 0)


def _stored(settings: Settings, database: str, schema: str) -> Places:
    with postgres.connect(settings, INSPECTOR, database) as connection, connection.cursor() as cursor:
        return positions.load(cursor, schema)


def _committed(settings: Settings) -> Places:
    """Where the exchange is, by what the broker committed."""
    reader = kafka.consumer(settings, INSPECTOR, "exchange", log_level=kafka.SILENT)
    try:
        wanted = [TopicPartition(name, number) for name in DECLARATIONS for number in range(settings.partitions)]
        return {(at.topic, at.partition): max(at.offset, 0) for at in reader.committed(wanted, timeout=TIMEOUT_S)}
    finally:
        reader.close()


def published(settings: Settings) -> dict[str, tuple[int, int]]:
    """How far each outbox is published: the last (tx, id) by source."""
    found = {}
    for message in kafka.read_all(settings, INSPECTOR, POSITIONS):
        value = message.value()
        if value:
            record = decode_body(contract(POSITIONS), split(value)[1])
            found[record["source"]] = (record["tx"], record["id"])
    return found


def _unpublished(settings: Settings, source: str) -> int:
    last = published(settings).get(source, (0, 0))
    query = sql.SQL("select count(*) from {}.outbox where (tx, id) > (%s::text::xid8, %s)").format(
        sql.Identifier(source)
    )
    with postgres.connect(settings, INSPECTOR) as connection:
        row = connection.execute(query, (str(last[0]), last[1])).fetchone()
    return int(row[0]) if row else 0


def _ends(settings: Settings, topics: Iterable[str]) -> dict[tuple[str, int], int]:
    """Where the committed records of each partition end."""
    client = kafka.admin(settings, INSPECTOR)
    wanted = [TopicPartition(name, number) for name in topics for number in range(settings.partitions)]
    asked: dict[TopicPartition, Any] = client.list_offsets(
        {place: OffsetSpec.latest() for place in wanted},  # type: ignore[no-untyped-call]  # the stub lacks it
        isolation_level=IsolationLevel.READ_COMMITTED,
        request_timeout=TIMEOUT_S,
    )
    return {(place.topic, place.partition): answer.result(TIMEOUT_S).offset for place, answer in asked.items()}


def _behind(settings: Settings, topics: tuple[str, ...], where: Callable[[], Places]) -> int:
    ends = _ends(settings, topics)
    at = where()
    gaps = {place: end - at.get(place, 0) for place, end in ends.items() if end > at.get(place, 0)}
    small = [TopicPartition(*place, at.get(place, 0)) for place, gap in gaps.items() if gap <= LOOK_CLOSER]
    large = sum(gap for gap in gaps.values() if gap > LOOK_CLOSER)
    return large + sum(1 for _ in kafka.read_to_end(settings, INSPECTOR, small))
