"""Takes bundles one by one: position, facts, findings and outbox are written together or not at all.

No transaction is open while a bundle is decided. What it is decided from counts only if the position is still the same
when all is written: nobody else writes about the persons of a partition without moving its position.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import cast

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from backbone import postgres
from backbone.errors import Retry, Stop
from backbone.schema_topic import published_book
from backbone.settings import Settings
from backbone.trouble import of_postgres, translated
from rules.catalogue import decide_all
from rules.law.law import Law
from rules.law.load import shipped_law
from rules.stream import store
from rules.stream.arrival import arrive
from rules.stream.bundle import BundleOutcome, decide_bundle
from rules.stream.evidence import FactReader
from rules.stream.law_changes import LawChanges
from rules.stream.person import Decide
from schemas.codec import decode_body, split
from schemas.contracts import contract
from schemas.dead_letter import Origin, dead_letter
from schemas.identifiers import pseudonym
from schemas.registry import SchemaBook
from schemas.roles import Role
from schemas.topics import DEAD_LETTERS, FACTS
from schemas.twins.rules_facts import Bundle

REMEMBERED = 100_000
"""How many pseudonyms of employers and persons are cached: a large employer comes back in every bundle."""


class Decider:
    """Decides bundles for one process, by the law as shipped unless another is given.

    It holds one connection, which is opened again when it breaks.
    """

    def __init__(
        self,
        settings: Settings,
        book: SchemaBook | None = None,
        *,
        law: Law | None = None,
        decide: Decide = decide_all,
    ) -> None:
        self._settings = settings
        self._book = book or published_book(settings, Role.RULES)
        self._law = law or shipped_law()
        self._law_changes = LawChanges(self._law)
        self._decide = decide
        pepper = settings.pepper()
        self._pseudonym = lru_cache(REMEMBERED)(lambda number: pseudonym(pepper, number))
        self._connection: Connection[TupleRow] | None = None
        self._lock = threading.RLock()
        self._left: dict[int, int] = {}

    def positions(self) -> dict[int, int]:
        """The next offset of each partition of the facts.

        Raises Retry.
        """
        with translated(), postgres.connect(self._settings, Role.RULES) as connection:
            held = _of_facts(connection)
        # What is read next is what these say.
        self._left = dict(held)
        return held

    def look(self) -> None:
        """Check that the positions are not behind what was read: a database that was restored needs a new beginning.

        Does nothing while a bundle is being decided. Raises Retry, and Stop when they are behind.
        """
        # A large bundle takes seconds: a look that waited for it would occupy a thread, and delay the next look.
        if not self._lock.acquire(blocking=False):
            return
        try:
            with self._connected() as connection:
                self._check(_of_facts(connection))
        finally:
            self._lock.release()

    @contextmanager
    def _connected(self) -> Iterator[Connection[TupleRow]]:
        """The connection, for one thread at a time; where PostgreSQL fails it is closed, and opened again next time.

        Raises Retry, Stop.
        """
        with self._lock:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = postgres.connect(self._settings, Role.RULES, autocommit=True)
                    # The database behind it may be another one than before.
                    self._check(_of_facts(self._connection))
                yield self._connection
            except psycopg.Error as error:
                self.close()
                raise of_postgres(error) from None

    def _check(self, held: dict[int, int]) -> None:
        if any(held.get(number, 0) < following for number, following in self._left.items()):
            raise Stop("The positions are behind what was read: the database was put back.", "It starts again there.")

    def take(self, partition: int, offset: int, value: bytes | None) -> bool:
        """Decide one bundle; False when it was decided before.

        Raises Retry, Stop; nothing was written then.
        """
        bundle = _open(value)
        with self._connected() as connection, store.deciding(connection, partition), connection.cursor() as cursor:
            # 1. The position as it is before anything else is read: it says whether another process was faster.
            since = store.positions_held(connection)
            if since.get((FACTS, partition), 0) > offset:
                return False
            # 2. What is held, and what follows from it.
            decided = bundle and self._decided(cursor, bundle)
            # 3. One transaction: the position first, which locks the partition, then all that is written with it.
            with connection.transaction():
                if not store.move(cursor, since, partition, offset):
                    raise Retry("Another process was faster.")
                if decided is None:
                    self._keep_dead_letter(cursor, partition, offset, value)
                else:
                    at, outcome = decided
                    store.keep(cursor, outcome, self._pseudonym, at=at, partition=partition, offset=offset)
        self._left[partition] = offset + 1
        return True

    def _decided(self, cursor: psycopg.Cursor[TupleRow], bundle: Bundle) -> tuple[datetime, BundleOutcome]:
        reader = FactReader(self._book)
        arrived = arrive(bundle, reader)
        held, states = store.held(cursor, arrived), store.states(cursor, arrived)
        histories = store.histories(cursor, arrived.persons())
        return arrived.at, decide_bundle(
            arrived, held, states, reader, self._law, decide=self._decide, histories=histories
        )

    def decide_again(self) -> int:
        """Decide again some of the persons whom changed law may touch; returns how many, 0 when nobody waits.

        Raises Retry, Stop; nothing was written then.
        """
        with self._connected() as connection, connection.transaction(), connection.cursor() as cursor:
            return self._law_changes.decide_some(cursor, FactReader(self._book), self._pseudonym)

    def close(self) -> None:
        """Close the connection, once the bundle in hand is decided."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _keep_dead_letter(
        self, cursor: psycopg.Cursor[TupleRow], partition: int, offset: int, value: bytes | None
    ) -> None:
        """Keep a message that is not a bundle as a dead letter."""
        origin, reason = Origin(FACTS, partition, offset), "the message is not a bundle of facts"
        letter = dead_letter(origin, store.STAGE, "unreadable-bundle", reason, None, value, datetime.now(UTC))
        store.tell(cursor, [(DEAD_LETTERS, b"", letter)])


def _of_facts(connection: Connection[TupleRow]) -> dict[int, int]:
    held = store.positions_held(connection)
    return {number: following for (topic, number), following in held.items() if topic == FACTS}


def _open(value: bytes | None) -> Bundle | None:
    """The bundle in a message; None when it is not one."""
    try:
        number, body = split(value or b"")
        expected = contract(FACTS)
        return cast("Bundle", decode_body(expected, body)) if number == expected.id else None
    except Exception:  # noqa: BLE001 - whatever bad bytes raise, they are kept whole as a dead letter
        return None
