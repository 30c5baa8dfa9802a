"""Records acts: each is written in the transaction of what was done, so that neither exists without the other."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson
from psycopg import Connection, Cursor

from schemas.legal_day import first_moment

NOTE = "insert into audit.act (line) values (%s)"
SINCE = "select line from audit.act where (line::jsonb ->> 'at') >= %s order by number"


def note(target: Connection[Any] | Cursor[Any], action: str, about: str, **detail: Any) -> None:
    """Add an act: a verb in the past tense (`withdrew`), what it is about (`20/296@2`), and details as JSON values.

    Never a national number: a person is named by pseudonym. The database adds number, moment, role and chain;
    concurrent writers wait for each other.
    """
    target.execute(NOTE, (orjson.dumps({"action": action, "about": about, "detail": detail}).decode(),))


def since(connection: Connection[Any], day: date | None) -> Iterator[dict[str, Any]]:
    """Every act from a day on, or ever, oldest first."""
    beginning = f"{first_moment(day):%Y-%m-%dT%H:%M:%S}.000Z" if day else ""
    for (line,) in connection.execute(SINCE, (beginning,)):
        act: dict[str, Any] = orjson.loads(line)
        yield act
