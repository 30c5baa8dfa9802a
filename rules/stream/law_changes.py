"""Takes persons whom changed law may touch and decides them again: some in each transaction, between the bundles."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from psycopg import Cursor
from psycopg.rows import TupleRow

from rules.law.knowledge import rows, without
from rules.law.law import Law
from rules.stream import store
from rules.stream.evidence import FactReader
from rules.stream.finding_changes import LawChange
from rules.stream.redecision import ChangedLaw, RedecisionOutcome, redecide

AT_ONCE = 250
"""Persons in one transaction: bundles wait for it."""
PARTITION = -2
"""Where the tallies count findings that no bundle led to."""
OPEN = "select change, since, parameters, quarter from rules.law_change where decided < persons order by begun_at"
PROBLEMS = """
insert into rules.redecision (change, person, problem) select %s, * from unnest(%s::bytea[], %s::text[])
"""
COUNTED = "update rules.law_change set decided = decided + %s, changed = changed + %s where change = %s"


class OpenChange(NamedTuple):
    """A change of the law that still has persons to decide."""

    change: str
    since: date
    parameters: list[str]
    quarter: str


class LawChanges:
    """Works off the persons that wait, by one law."""

    def __init__(self, law: Law) -> None:
        self._law = law
        self._versions = frozenset(row.version for row in rows(law))
        self._of = cache(self._changed)

    def decide_some(self, cursor: Cursor[TupleRow], reader: FactReader, pseudonym: Callable[[str], bytes]) -> int:
        """Decide some of those that wait, in the caller's transaction; returns how many, 0 when nobody does."""
        for change in self._open(cursor):
            # Facts and findings stay as they are read here.
            store.hold_bundles(cursor)
            cursor.execute(_take(), (change.change, AT_ONCE))
            persons = [person for (person,) in cursor]
            if persons:
                at = datetime.now(UTC)
                result = self._decide(cursor, persons, change, reader, at)
                store.keep(cursor, result.outcome, pseudonym, at=at, partition=PARTITION, offset=0)
                _settle(cursor, change, persons, result)
                return len(persons)
        return 0

    def _open(self, cursor: Cursor[TupleRow]) -> list[OpenChange]:
        """Those this process may decide: one that runs with older figures leaves them to a newer one."""
        cursor.execute(OPEN)
        return [one for one in map(OpenChange._make, cursor.fetchall()) if self._versions.issuperset(one.parameters)]

    def _decide(
        self, cursor: Cursor[TupleRow], persons: list[bytes], change: OpenChange, reader: FactReader, at: datetime
    ) -> RedecisionOutcome:
        held = store.held_since(cursor, persons, change.quarter)
        states = store.states_since(cursor, persons, change.quarter)
        law = self._of(change.since, change.quarter, tuple(change.parameters))
        return redecide(persons, held, states, store.histories(cursor, persons), reader, law, at)

    def _changed(self, since: date, quarter: str, parameters: tuple[str, ...]) -> ChangedLaw:
        return ChangedLaw(without(parameters, self._law), self._law, quarter, LawChange(since, parameters))


def _settle(cursor: Cursor[TupleRow], change: OpenChange, persons: list[bytes], result: RedecisionOutcome) -> None:
    if result.problems:
        cursor.execute(PROBLEMS, (change.change, list(result.problems), list(result.problems.values())))
    cursor.execute(COUNTED, (len(persons), len(result.outcome.changes), change.change))


@cache
def _take() -> bytes:
    return (files("rules") / "sql" / "take_redecisions.sql").read_bytes()
