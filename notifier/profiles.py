"""Loads recipients' profiles from a file; loading the same file again changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import Connection, Cursor
from pydantic import ValidationError

from backbone import jsonlines
from backbone.errors import Reject
from backbone.jsonlines import Faults
from notifier.profile_lines import CitizenProfile, EmployerProfile, ProfileRow, explain

COLUMNS = (
    "recipient, kind, first_name, name, street, number, box, postcode, town, country, language, email, email_activated"
)


def _of(table: str) -> str:
    return ", ".join(f"{table}.{column.strip()}" for column in COLUMNS.split(","))


STAGE = "create temporary table arriving (line bigint, like notifier.profile) on commit drop"
COPY = f"copy arriving (line, {COLUMNS}) from stdin"
CONTRADICTIONS = f"""
select later.line, earlier.line
  from arriving later
  join (select distinct on (recipient) line, {COLUMNS} from arriving order by recipient, line) earlier using (recipient)
 where later.line > earlier.line and ({_of("later")}) is distinct from ({_of("earlier")})
 order by later.line
"""  # noqa: S608 - made of constants of this module
"""Lines that contradict the first line about the same recipient."""
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
class LoadedProfiles:
    """How many profiles a file held, and how many of them were new or changed."""

    read: int
    changed: int


def load(connection: Connection[Any], path: Path) -> LoadedProfiles:
    """Load `persons.jsonl` or `employers.jsonl`, all of it or nothing; a line may occur twice.

    Raises Reject with what is wrong in which line.
    """
    faults = Faults(path.name)
    with connection.transaction(), connection.cursor() as cursor:
        read = _stage(cursor, path, faults)
        if not faults:
            cursor.execute(CONTRADICTIONS)
            for line, first in cursor:
                faults.add(line, f"Line {line}: says otherwise than line {first} of the same recipient; keep one.")
        faults.refuse("profile")
        cursor.execute(UPSERT)
        changed = cursor.rowcount
        cursor.execute("drop table arriving")
        return LoadedProfiles(read, changed)


def _stage(cursor: Cursor[Any], path: Path, faults: Faults) -> int:
    cursor.execute(STAGE)
    read = 0
    with cursor.copy(COPY) as copy:
        for line, row in rows(path, faults):
            read += 1
            if not faults:
                copy.write_row((line, *row))
    return read


def rows(path: Path, faults: Faults) -> Iterator[tuple[int, ProfileRow]]:
    """Line number and database row of each sound profile of a file; what is wrong with the others goes to `faults`."""
    for number, value, fault in jsonlines.read(path):
        if fault:
            faults.add(number, f"Line {number}: {fault}.")
            continue
        try:
            yield number, row(value)
        except Reject as error:
            faults.add(number, f"Line {number}: {error.reason}")


def row(profile: Any) -> ProfileRow:
    """The database row of one profile. The e-mail of these files is the one officially activated.

    Raises Reject with each key that is wrong and what it must be, and never with what it is.
    """
    if not isinstance(profile, dict):
        raise Reject("profile", "the line must be an object, one per line.")
    if not {"person", "employer"} & profile.keys():
        raise Reject("profile", "the line must say who it is about: person or employer.")
    kind = CitizenProfile if "person" in profile else EmployerProfile
    try:
        return kind.model_validate(profile).row()
    except ValidationError as error:
        raise Reject("profile", " ".join(map(explain, error.errors(include_url=False)))) from None
