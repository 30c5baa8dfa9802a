"""Loads who can be told where, from a file; the same file again changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from psycopg import Connection, Cursor

from backbone.errors import Reject
from notifier.channel import LANGUAGES

Row = tuple[Any, ...]
COLUMNS = (
    "recipient, kind, first_name, name, street, number, box, postcode, town, country, language, email, email_activated"
)
STAGE = "create temporary table arriving (line bigint, like notifier.profile) on commit drop"
COPY = f"copy arriving (line, {COLUMNS}) from stdin"
UPSERT = f"""
insert into notifier.profile as kept ({COLUMNS})
select distinct on (recipient) {COLUMNS} from arriving order by recipient, line desc
on conflict (recipient) do update
   set (kind, first_name, name, street, number, box, postcode, town, country, language, email, email_activated)
     = (excluded.kind, excluded.first_name, excluded.name, excluded.street, excluded.number, excluded.box,
        excluded.postcode, excluded.town, excluded.country, excluded.language, excluded.email,
        excluded.email_activated)
 where kept is distinct from excluded
"""  # noqa: S608 - made of constants of this module


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many profiles a file held, and how many of them were new or changed."""

    read: int
    changed: int


def load(connection: Connection[Any], path: Path) -> Loaded:
    """Load `persons.jsonl` or `employers.jsonl`, all of it or nothing; of two lines on one recipient the last holds.

    Raises Reject with the line where the file is not what it should be.
    """
    with connection.transaction(), connection.cursor() as cursor:
        read = _stage(cursor, path)
        cursor.execute(UPSERT)
        return Loaded(read, cursor.rowcount)


def _stage(cursor: Cursor[Any], path: Path) -> int:
    cursor.execute(STAGE)
    line = 0
    with cursor.copy(COPY) as copy:
        for line, row in rows(path):
            copy.write_row((line, *row))
    return line


def rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Line number and database row of each profile in a file."""
    with path.open("rb") as file:
        for line, text in enumerate(file, 1):
            try:
                yield line, row(orjson.loads(text))
            except (KeyError, TypeError, ValueError) as error:
                # The error itself may quote the line, and the line is about a person.
                raise Reject(
                    "profile", f"Line {line} of {path.name} is not a profile ({type(error).__name__}).",
                    place=str(line), remedy="Correct it and load the file again.",
                ) from None  # fmt: skip


def row(profile: dict[str, Any]) -> Row:
    """The database row of one profile.

    Raises KeyError, TypeError or ValueError when it is none. The e-mail of these files is the one officially activated.
    """
    if "person" in profile:
        recipient, kind = profile["person"], "citizen"
        first, name = profile["name"]["first"], profile["name"]["last"]
    else:
        recipient, kind = profile["employer"], "employer"
        first, name = "", profile["name"]
    if profile["language"] not in LANGUAGES:
        raise ValueError(kind)
    if not isinstance(name, str) or not isinstance(recipient, str) or not recipient.isdigit():
        raise TypeError(kind)
    address, email = profile["address"], profile["email"]
    if email is not None and not is_email(email):
        raise ValueError(kind)
    return (
        recipient, kind, first, name, address["street"], address["number"] or "", address["box"] or "",
        address["postcode"], address["town"], address["country"], profile["language"], email, email is not None,
    )  # fmt: skip


def is_email(address: str) -> bool:
    """Whether this can be an e-mail address at all; the mail server knows the rest."""
    local, _, domain = address.rpartition("@")
    return bool(local and domain) and address.isprintable() and not any(c in address for c in ' <>,;:"\\')
