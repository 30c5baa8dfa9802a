"""Counts for every stage how much it still has to do, down to the last record."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, LiteralString

import psycopg
from confluent_kafka import TopicPartition
from psycopg import Connection, sql

from backbone import horizon, kafka, positions, postgres
from backbone.horizon import Holder
from backbone.offsets import Offsets, PartitionOffsets
from backbone.progress import BEGINNING, published
from backbone.settings import Settings
from backbone.trouble import of_postgres, translated
from consumers.deliberations import store
from kruispunt.declared_outboxes import BY_NAME
from schemas.institutions import HOSTED, INSTITUTIONS
from schemas.legal_day import legal_today
from schemas.roles import Role
from schemas.topics import DECLARATIONS, DISCLOSURES, FACTS, FINDINGS, POSITIONS, changes, delivery

MAIN = "kruispunt"
RELAYS = "relay "
"""How the name of a stage begins that publishes an outbox."""
UNTOLD: LiteralString = """
select coalesce(sum(case what when 'versions received' then number when 'versions settled' then -number end), 0)
     + (select coalesce(sum(number), 0) from notifier.states
         where state not in ('handed over', 'suppressed', 'in doubt', 'cannot be told'))
  from notifier.counts
"""
TO_DECIDE_AGAIN: LiteralString = "select coalesce(sum(persons - decided), 0)::bigint from rules.law_change"


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage and the way to ask how much waits for it."""

    name: str
    waiting: Callable[[], int]


class Inspector:
    """Looks at everything and changes nothing; keeps its connections, as it asks again and again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._offsets = Offsets(settings, Role.INSPECTOR)
        self._connections: dict[str, Connection[Any]] = {}
        self._entitled: frozenset[str] = frozenset()
        self._as_of: tuple[int, date] | None = None

    def close(self) -> None:
        """Leave Kafka and the databases."""
        self._offsets.close()
        while self._connections:
            self._connections.popitem()[1].close()

    def count(self, query: LiteralString | sql.Composed, values: tuple[Any, ...] = (), database: str = MAIN) -> int:
        """The one number a query gives.

        Raises Retry when the server is away.
        """

        def ask(connection: Connection[Any]) -> int:
            row = connection.execute(query, values).fetchone()
            return int(row[0] or 0) if row else 0

        return int(self._ask(database, ask))

    def stored(self, database: str, schema: str) -> PartitionOffsets:
        """The positions a reader keeps with its data."""

        def ask(connection: Connection[Any]) -> PartitionOffsets:
            with connection.cursor() as cursor:
                return positions.load(cursor, schema)

        offsets: PartitionOffsets = self._ask(database, ask)
        return offsets

    def _ask(self, database: str, question: Callable[[Connection[Any]], Any]) -> Any:
        connection = self._connections.get(database)
        if connection is None:
            connection = postgres.connect(self._settings, Role.INSPECTOR, database, autocommit=True)
            self._connections[database] = connection
        try:
            return question(connection)
        except psycopg.Error as error:
            with suppress(psycopg.Error):
                self._connections.pop(database).close()
            raise of_postgres(error) from None

    def committed(self) -> PartitionOffsets:
        """Where the exchange is, by what the broker committed."""
        return self._offsets.committed(Role.EXCHANGE, DECLARATIONS, self._settings.partitions)

    def behind(self, topics: tuple[str, ...], where: Callable[[], PartitionOffsets]) -> int:
        """How many records of these topics follow the positions of their reader."""
        return self._offsets.waiting(topics, self._settings.partitions, where)

    def unstored(self, institution: str) -> int:
        """How many deliveries an institution still has to store; none after it lost read access."""
        left = self.unread(institution)
        return left if left and institution in self.entitled() else 0

    def unread(self, institution: str) -> int:
        """How many deliveries follow what an institution has stored."""
        return self.behind((delivery(institution),), partial(self.stored, institution, "store"))

    def entitled(self) -> frozenset[str]:
        """Who may read deliveries today, worked out once for each revision."""

        def ask(connection: Connection[Any]) -> frozenset[str]:
            with connection.cursor() as cursor:
                as_of = store.revision(cursor), legal_today()
                if as_of != self._as_of:
                    self._entitled, self._as_of = store.current(cursor).entitled_on(as_of[1]), as_of
            return self._entitled

        recipients: frozenset[str] = self._ask(MAIN, ask)
        return recipients

    def unpublished(self, source: str) -> int:
        """How many rows of an outbox the relay has still to publish."""
        return self._beyond(source, sql.Identifier(source, "outbox"))

    def relayed(self, source: str) -> Stage:
        """The stage that publishes an outbox."""
        return Stage(f"{RELAYS}{source}", partial(self.unpublished, source))

    def unreplayed(self) -> int:
        """How many integrations the replay has still to look at."""
        return self._beyond("replay", sql.Identifier("directory", "integration"))

    def _beyond(self, source: str, rows: sql.Identifier) -> int:
        # A position that is too old leaves too much to do, never too little.
        messages = kafka.read_on(self._offsets.reader, [TopicPartition(POSITIONS, 0, 0)], batch=1, patience=None)
        last = published(messages).get(source, BEGINNING)
        query = sql.SQL("select count(*) from {} where (tx, id) > (%s::text::xid8, %s)").format(rows)
        return self.count(query, (str(last.tx), last.id))

    def untold(self) -> int:
        """Findings not read or not settled yet, and notices not handed over yet."""
        return self.behind((FINDINGS,), partial(self.stored, MAIN, "notifier")) + self.count(UNTOLD)

    def undecided(self) -> int:
        """Bundles the rules have not read yet, and persons who wait to be decided again by changed law."""
        return self.behind((FACTS,), partial(self.stored, MAIN, "rules")) + self.count(TO_DECIDE_AGAIN)


@dataclass(frozen=True, slots=True)
class Wait:
    """A stage and the transaction it waits for."""

    stage: str
    holder: Holder


def waits(settings: Settings, waiting: Mapping[str, int | None]) -> list[Wait]:
    """Whose open transactions hold up the stages of the relay that have something to do, the oldest first.

    Raises Retry when the server is away, Stop when the database is of another version.
    """
    busy = [name for name in BY_NAME if waiting.get(f"{RELAYS}{name}")]
    if not busy:
        return []
    with translated(), postgres.connect(settings, Role.INSPECTOR, autocommit=True) as connection:
        return [
            Wait(f"{RELAYS}{name}", holder)
            for name in busy
            for holder in horizon.holding_back(connection, f"{name}.outbox")
        ]


def stages(settings: Settings) -> list[Stage]:
    """Every stage in the order data travels."""
    look = Inspector(settings)
    dossiers = tuple(changes(name) for name in INSTITUTIONS)
    return [
        Stage("dossiers", partial(look.behind, dossiers, partial(look.stored, MAIN, "directory"))),
        look.relayed("register"),
        look.relayed("dead"),
        Stage("exchange", partial(look.behind, DECLARATIONS, look.committed)),
        Stage("replay", look.unreplayed),
        *(Stage(f"sink-{name}", partial(look.unstored, name)) for name in HOSTED),
        Stage("audit", partial(look.behind, (DISCLOSURES,), partial(look.stored, MAIN, "audit"))),
        Stage("rules", look.undecided),
        look.relayed("rules"),
        Stage("notifier", look.untold),
        look.relayed("notifier"),
        look.relayed("directory"),
        look.relayed("audit"),
    ]
