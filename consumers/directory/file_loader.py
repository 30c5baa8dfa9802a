"""Loads a file of dossiers into the directory, all of it or nothing; loading it again changes nothing."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, LiteralString

from psycopg import Connection, Cursor

from backbone import jsonlines
from backbone.jsonlines import Faults, Refused
from consumers import acts
from consumers.directory.change_decision import DossierKey, wrong
from consumers.directory.return_codes import ChangeFault, ReturnCode
from consumers.directory.store import alone
from schemas.qualities import PROVISIONAL, QUALITIES

KEYS = {"person", "institution", "quality", "from", "until"}
PROVISIONALLY = f"%/{PROVISIONAL}"

COPY = "copy directory.incoming (line, person, institution, quality, since, until) from stdin (format binary)"
TYPES = ("int4", "text", "text", "text", "date", "date")
LEAVE_OUT = """
delete from directory.incoming new using directory.dossier kept
where kept.person = new.person and kept.institution = new.institution and kept.quality = new.quality
    and kept.since = new.since and kept.ended is null and kept.until is not distinct from new.until
"""
"""Lines that repeat what is stored."""
LEAVE_ENDED = """
delete from directory.incoming new using directory.dossier gone
where gone.person = new.person and gone.institution = new.institution and gone.quality = new.quality
    and gone.since = new.since and gone.ended is not null
    and not exists (
        select from directory.dossier kept
        where kept.person = new.person and kept.institution = new.institution and kept.quality = new.quality
            and kept.since = new.since and kept.ended is null
    )
"""
"""Lines about dossiers that have been ended: an old file brings none of them back."""
CONTRADICTIONS = """
select max(line) from directory.incoming group by person, institution, quality, since
having min(coalesce(until, 'infinity')) <> max(coalesce(until, 'infinity')) order by 1
"""
"""Lines that contradict an earlier line about the same dossier."""
CONFLICTS = """
with new as (
    select distinct on (person, institution, quality, since, until) line, person, institution, quality, since, until
    from directory.incoming order by person, institution, quality, since, until, line
), side_by_side as (
    select line, person, institution, quality, since, until from new
    union all
    select null, kept.person, kept.institution, kept.quality, kept.since, kept.until
    from (select distinct person, institution, quality from new) concerned
    join directory.dossier kept using (person, institution, quality)
    where kept.ended is null and not exists (
        select from directory.incoming again
        where again.person = kept.person and again.institution = kept.institution
            and again.quality = kept.quality and again.since = kept.since
    )
), ordered as (
    select line, since, lag(line) over one as line_before,
        max(coalesce(until, 'infinity')) over (one rows between unbounded preceding and 1 preceding) as until_before
    from side_by_side window one as (partition by person, institution, quality order by since, line)
)
select distinct coalesce(line, line_before) from ordered
where since <= until_before and coalesce(line, line_before) is not null order by 1
"""
"""Lines whose period overlaps that of another dossier of the same person, institution and quality."""
GROWN = """
insert into directory.integration (person, institution, quality, since, until)
select distinct new.person, new.institution, new.quality, new.since, new.until
from directory.incoming new
left join directory.dossier kept
    on kept.person = new.person and kept.institution = new.institution and kept.quality = new.quality
        and kept.since = new.since and kept.ended is null
where new.quality not like %s
    and (kept.person is null or coalesce(new.until, 'infinity') > coalesce(kept.until, 'infinity'))
"""
MERGE = """
insert into directory.dossier as kept (person, institution, quality, since, until)
select distinct person, institution, quality, since, until from directory.incoming
on conflict (person, institution, quality, since) where ended is null
    do update set until = excluded.until, version = kept.version + 1
"""


@dataclass(frozen=True, slots=True)
class LoadedDossiers:
    """How many lines a file had and how many of them changed the directory."""

    lines: int
    changed: int


@cache
def _day(text: str) -> date:
    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise ValueError
    return day


def _last(text: str | None) -> date | None:
    return None if text is None else _day(text)


def _faults(line: Any) -> list[ChangeFault]:
    """What is wrong with a line, without repeating whose it is."""
    if not isinstance(line, dict) or line.keys() != KEYS:
        return [ChangeFault(ReturnCode.WRONG_FIELD, f"it needs exactly the keys {', '.join(sorted(KEYS))}")]
    person, institution, quality = line["person"], line["institution"], line["quality"]
    faults, days = [], None
    if not isinstance(institution, str) or institution not in QUALITIES:
        faults.append(ChangeFault(ReturnCode.WRONG_FIELD, f"institution; there are {', '.join(QUALITIES)}"))
    with suppress(TypeError, ValueError):
        days = _day(line["from"]), _last(line["until"])
    if days is None:
        faults.append(ChangeFault(ReturnCode.WRONG_FIELD, "from, until; days, e.g. 2026-07-01; until may be null"))
    if not isinstance(person, str) or not isinstance(quality, str):
        faults.append(ChangeFault(ReturnCode.WRONG_FIELD, "person, quality; texts"))
    if faults:
        return faults
    since, until = days or (date.min, None)
    return list(wrong(DossierKey(person, institution, quality), since, until))


def _lines(path: Path, faults: Faults) -> Iterator[tuple[int, str, str, str, date, date | None]]:
    """The sound lines of a file with their numbers; what is wrong with the others goes to `faults`."""
    for number, line, fault in jsonlines.read(path):
        faults_of_line = [ChangeFault(ReturnCode.UNREADABLE, fault)] if fault else _faults(line)
        if faults_of_line:
            faults.add(number, f"line {number}: {' '.join(map(str, faults_of_line))}")
            continue
        yield (
            number, line["person"], line["institution"], line["quality"], _day(line["from"]), _last(line["until"]),
        )  # fmt: skip


def _conflicts(cursor: Cursor[Any], query: LiteralString, faults: Faults) -> None:
    cursor.execute(query)
    for (number,) in cursor:
        faults.add(number, f"line {number}: {ChangeFault(ReturnCode.PERIOD_CONFLICT)}")


def load(connection: Connection[Any], path: Path) -> LoadedDossiers:
    """Load the lines of a file into the directory; loading them again changes nothing and reopens no ended dossier.

    Raises Refused with the faults, their line numbers and codes; then nothing has changed but the record of acts.
    """
    faults = Faults(path.name)
    try:
        with connection.transaction(), connection.cursor() as cursor:
            return _load(cursor, path, faults)
    except Refused:
        with connection.transaction():
            acts.note(connection, "was refused a file of dossiers", path.name, faults=faults.total)
        raise


def _load(cursor: Cursor[Any], path: Path, faults: Faults) -> LoadedDossiers:
    alone(cursor)
    cursor.execute("truncate directory.incoming")
    count = 0
    with cursor.copy(COPY) as copy:
        copy.set_types(TYPES)
        for line in _lines(path, faults):
            copy.write_row(line)
            count += 1
    if not faults:
        _conflicts(cursor, CONTRADICTIONS, faults)
    if not faults:
        cursor.execute(LEAVE_OUT)
        cursor.execute(LEAVE_ENDED)
        _conflicts(cursor, CONFLICTS, faults)
    faults.refuse("directory")
    cursor.execute(GROWN, (PROVISIONALLY,))
    cursor.execute(MERGE)
    changed = cursor.rowcount
    cursor.execute("truncate directory.incoming")
    if changed:
        acts.note(cursor, "loaded dossiers", path.name, lines=count, changed=changed)
    return LoadedDossiers(count, changed)
