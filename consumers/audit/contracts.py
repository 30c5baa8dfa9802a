"""Stores the text of every schema that the log names, so that the log can be read on its own."""

from typing import Any

from psycopg import Connection, Cursor

from backbone.errors import Stop
from schemas.contracts import canonical
from schemas.registry import SchemaBook, UnknownSchema

KEPT = "select number from audit.contract"
TEXT = "select schema from audit.contract where number = %s"
KEEP = "insert into audit.contract (number, schema) values (%s, %s) on conflict do nothing"


def kept(connection: Connection[Any]) -> SchemaBook:
    """Finds schemas among those that are kept beside the log."""

    def fetch(number: int) -> str | None:
        row = connection.execute(TEXT, (number,)).fetchone()
        return str(row[0]) if row else None

    return SchemaBook(fetch)


class Contracts:
    """Remembers which schemas are stored; `find` supplies the others."""

    def __init__(self, find: SchemaBook) -> None:
        self._find = find
        self._kept: set[int] = set()

    def keep(self, cursor: Cursor[Any], wanted: set[int]) -> None:
        """Keep those that are not kept yet, in the transaction of what names them.

        Raises Stop when one is published nowhere.
        """
        if wanted <= self._kept:
            return
        # Only what an earlier transaction has committed counts as kept: this one may yet fail.
        self._kept = {row[0] for row in cursor.execute(KEPT)}
        for number in sorted(wanted - self._kept):
            cursor.execute(KEEP, (number, self._text(number)))

    def _text(self, number: int) -> str:
        try:
            return canonical(self._find.get(number).schema).decode()
        except UnknownSchema as error:
            raise Stop(f"The schema {number} of a copy is published nowhere.", "Run `kruispunt provision`.") from error
