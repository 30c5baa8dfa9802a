"""Takes bundles one by one: position, facts, findings and outbox move together or not at all."""

import threading
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from backbone import postgres
from backbone.errors import Stop
from backbone.schema_topic import published_book
from backbone.settings import Settings
from backbone.trouble import of_postgres, translated
from rules.catalogue import decide_all
from rules.stream import store
from rules.stream.bundle import Decide, Reader, arrive, decide_bundle
from schemas.codec import decode_body, split
from schemas.contracts import contract
from schemas.dead_letter import Origin, dead_letter
from schemas.identifiers import pseudonym
from schemas.registry import SchemaBook
from schemas.topics import DEAD_LETTERS, FACTS

ROLE = "rules"
REMEMBERED = 100_000
"""Pseudonyms of employers and persons kept at hand: a large employer comes back in every bundle."""


class Decider:
    """Decides bundles for one process. Holds one connection, opened again when it breaks."""

    def __init__(self, settings: Settings, book: SchemaBook | None = None, decide: Decide = decide_all) -> None:
        self._settings = settings
        self._book = book or published_book(settings, ROLE)
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
        with translated(), postgres.connect(self._settings, ROLE) as connection:
            held = _of_facts(connection)
        # What is read next is what these say.
        self._left = dict(held)
        return held

    def look(self) -> None:
        """See that the positions are not behind what was left: a database that was put back needs a new beginning.

        Raises Retry, and Stop when they are.
        """
        with self._lock:
            try:
                if self._connection is None or self._connection.closed:
                    self._open()
                else:
                    self._see(_of_facts(self._connection))
            except psycopg.Error as error:
                self.close()
                raise of_postgres(error) from None

    def _open(self) -> Connection[TupleRow]:
        """A connection; the database behind it may be another one than before."""
        self._connection = postgres.connect(self._settings, ROLE, autocommit=True)
        self._see(_of_facts(self._connection))
        return self._connection

    def _see(self, held: dict[int, int]) -> None:
        if any(held.get(number, 0) < following for number, following in self._left.items()):
            raise Stop("The positions are behind what was read: the database was put back.", "It begins again there.")

    def take(self, partition: int, offset: int, value: bytes | None) -> bool:
        """Decide one bundle; False when it was decided before.

        Raises Retry, Stop; nothing was written then.
        """
        with self._lock:
            try:
                return self._take(partition, offset, value)
            except psycopg.Error as error:
                self.close()
                raise of_postgres(error) from None

    def close(self) -> None:
        """Let the connection go, when the bundle in hand is decided."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _take(self, partition: int, offset: int, value: bytes | None) -> bool:
        connection = self._connection
        if connection is None or connection.closed:
            connection = self._open()
        bundle = _open(value)
        # 1. Everything below is one transaction.
        with connection.transaction() as transaction, connection.cursor() as cursor:
            # 2. The position first: it locks the partition, and says whether somebody else was faster.
            moved = store.move(cursor, partition, offset)
            if not moved:
                raise psycopg.Rollback(transaction)
            # 3. What is held, what was told, what follows from it: all written with the position.
            if bundle is None:
                self._set_aside(cursor, partition, offset, value)
            else:
                self._decide_bundle(cursor, bundle, partition, offset)
        if moved:
            self._left[partition] = offset + 1
        return moved

    def _decide_bundle(
        self, cursor: psycopg.Cursor[TupleRow], bundle: dict[str, Any], partition: int, offset: int
    ) -> None:
        reader = Reader(self._book)
        arrived = arrive(bundle, reader)
        held, states = store.held(cursor, arrived), store.states(cursor, arrived)
        histories = store.histories(cursor, arrived)
        outcome = decide_bundle(arrived, held, states, reader, self._decide, histories=histories)
        store.keep(cursor, outcome, self._pseudonym, at=arrived.at, partition=partition, offset=offset)

    def _set_aside(self, cursor: psycopg.Cursor[TupleRow], partition: int, offset: int, value: bytes | None) -> None:
        """A message that is no bundle is kept whole."""
        origin, reason = Origin(FACTS, partition, offset), "the message is not a bundle of facts"
        letter = dead_letter(origin, store.STAGE, "unreadable-bundle", reason, None, value, datetime.now(UTC))
        store.tell(cursor, [(DEAD_LETTERS, b"", letter)])


def _of_facts(connection: Connection[TupleRow]) -> dict[int, int]:
    held = store.positions_held(connection)
    return {number: following for (topic, number), following in held.items() if topic == FACTS}


def _open(value: bytes | None) -> dict[str, Any] | None:
    """The bundle in a message, None when it is none."""
    try:
        number, body = split(value or b"")
        expected = contract(FACTS)
        return decode_body(expected, body) if number == expected.id else None
    except Exception:  # noqa: BLE001 - whatever bad bytes raise, they are set aside whole
        return None
