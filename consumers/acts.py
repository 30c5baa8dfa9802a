"""Writes down what was done, in the transaction of the deed, so that neither is there without the other."""

from typing import Any

import orjson
from psycopg import Connection, Cursor

NOTE = "insert into audit.act (line) values (%s)"


def note(target: Connection[Any] | Cursor[Any], action: str, about: str, **detail: Any) -> None:
    """Add an act: a verb in the past tense (`withdrew`), what it is about (`20/296@2`), and details as JSON values.

    Never a national number: whoever is meant stands there as a pseudonym. Number, moment, role and chain are added by
    the database; whoever adds waits for whoever is adding.
    """
    target.execute(NOTE, (orjson.dumps({"action": action, "about": about, "detail": detail}).decode(),))
