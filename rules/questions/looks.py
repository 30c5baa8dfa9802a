"""Shows findings and the facts they rest on; each look is recorded before anything is shown.

The database enforces this (`rules/sql/rules/003_looks.sql`), and a recorded look cannot be removed.
"""

from collections.abc import Iterator
from typing import Any, Literal, Self

from psycopg import Connection

from rules.stream.finding_changes import FindingState
from rules.stream.held_facts import FactKey, HeldFact, Slot

BEGIN = "select rules.begin_look(%s, %s, %s)"
FINDING = "select * from rules.look_at_finding(%s)"
EVIDENCE = "select * from rules.look_at_evidence(%s)"
EVERYTHING = "select rules.look_at_everything(%s)"
STORED = "stored"
"""The name of the cursor over all facts."""
COMPARED = "compared figures over the stored situations"

Action = Literal["explained a finding", "replayed a finding"]


def _begin(connection: Connection[Any], action: str, finding: str | None, *, numbers: bool) -> int | None:
    """Record a look permanently; returns the number of the act, None where there is no such finding."""
    row = connection.execute(BEGIN, (action, finding, numbers)).fetchone()
    connection.commit()
    return row[0] if row else None


class RecordedLook:
    """What one recorded act allows to be seen, for a minute."""

    def __init__(self, connection: Connection[Any], act: int) -> None:
        self._connection = connection
        self._act = act

    @classmethod
    def at_finding(cls, connection: Connection[Any], action: Action, finding: str, *, numbers: bool) -> Self | None:
        """Record that somebody looks at a finding; None where there is none, which is recorded as well.

        `numbers`: the person's national number is shown as well.
        """
        act = _begin(connection, action, finding, numbers=numbers)
        return None if act is None else cls(connection, act)

    @classmethod
    def at_everything(cls, connection: Connection[Any], *, numbers: bool) -> Self:
        """Record that somebody looks at all facts; `numbers`: national numbers are shown as well."""
        act = _begin(connection, COMPARED, None, numbers=numbers)
        assert act is not None  # noqa: S101 - only a finding can be missing
        return cls(connection, act)

    def finding(self) -> tuple[Slot, FindingState]:
        """The finding as last published, with the slot it was found in."""
        (row,) = self._connection.execute(FINDING, (self._act,)).fetchall()
        return Slot(*row[:3]), FindingState(*row[3:])

    def evidence(self) -> list[HeldFact]:
        """Every fact about the finding's person that is or was held."""
        rows = self._connection.execute(EVIDENCE, (self._act,))
        return [HeldFact(FactKey(*row[:4]), *row[4:]) for row in rows]

    def everything(self) -> Iterator[HeldFact]:
        """Every fact that is held, person by person, without loading all of them."""
        self._connection.execute(EVERYTHING, (self._act,))
        with self._connection.cursor(name=STORED) as cursor:
            for row in cursor:
                yield HeldFact(FactKey(*row[:4]), *row[4:])
