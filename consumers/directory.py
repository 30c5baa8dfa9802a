"""The reference directory: who is on file where. Looked up for a whole batch at once; loaded all or nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from psycopg import Connection, Cursor

from backbone.errors import Reject
from consumers.qualities import QUALITIES
from schemas.identifiers import is_inss

FAULTS_SHOWN = 50
KEYS = {"person", "institution", "quality", "from", "until"}
BATCH = 50_000

LOOKUP = "select person, institution, quality, since, until from directory.dossier where person = any(%s)"
LISTING = (
    "select person, institution, quality, since, until from directory.dossier"
    " order by person, institution, quality, since"
)
COPY = "copy directory.incoming (person, institution, quality, since, until) from stdin (format binary)"
TYPES = ("text", "text", "text", "date", "date")
MERGE = """
insert into directory.dossier as kept (person, institution, quality, since, until)
select distinct on (person, institution, quality, since) person, institution, quality, since, until
from directory.incoming
order by person, institution, quality, since, until nulls last
on conflict (person, institution, quality, since) do update set until = excluded.until
where kept.until is distinct from excluded.until
"""


class Dossier(NamedTuple):
    """One line: a person on file at an institution in a quality from one day until another, open while None."""

    institution: str
    quality: str
    since: date
    until: date | None


Dossiers = dict[str, list[Dossier]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many lines a file had and how many of them changed the directory."""

    lines: int
    changed: int


def look_up(cursor: Cursor[Any], persons: Iterable[str]) -> Dossiers:
    """Every dossier of these persons, in one query."""
    found: Dossiers = {}
    cursor.execute(LOOKUP, (list(persons),), binary=True)
    for person, *line in cursor:
        found.setdefault(person, []).append(Dossier(*line))
    return found


@cache
def _day(text: str) -> date:
    return date.fromisoformat(text)


def _fault(line: Any) -> str | None:
    """What is wrong with a line, without repeating whose it is."""
    if not isinstance(line, dict) or line.keys() != KEYS:
        return f"needs exactly the keys {', '.join(sorted(KEYS))}"
    person, institution, quality = line["person"], line["institution"], line["quality"]
    if not isinstance(person, str) or not is_inss(person):
        return "person: the check digits of the national number do not fit"
    if institution not in QUALITIES:
        return f"institution: {institution!r} is none of {', '.join(QUALITIES)}"
    if quality not in QUALITIES[institution]:
        return f"quality: {quality!r} is no quality of {institution}"
    try:
        since, until = _day(line["from"]), line["until"] and _day(line["until"])
    except (TypeError, ValueError):
        return "from, until: must be days, as 2026-07-01; until may be null"
    if until and until < since:
        return f"until: {until} lies before from {since}"
    return None


def _lines(path: Path, faults: list[str]) -> Iterator[tuple[str, str, str, date, date | None]]:
    """The sound lines of a file; what is wrong with the others goes to `faults`."""
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                line = orjson.loads(text)
            except orjson.JSONDecodeError:
                fault: str | None = "is not JSON"
            else:
                fault = _fault(line)
            if fault:
                if len(faults) < FAULTS_SHOWN:
                    faults.append(f"line {number}: {fault}")
                continue
            until = line["until"] and _day(line["until"])
            yield line["person"], line["institution"], line["quality"], _day(line["from"]), until or None


def load(connection: Connection[Any], path: Path) -> Loaded:
    """Bring the lines of a file into the directory; again changes nothing.

    Raises Reject with the first faults and their line numbers; then nothing has changed.
    """
    faults: list[str] = []
    count = 0
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("truncate directory.incoming")
        with cursor.copy(COPY) as copy:
            copy.set_types(TYPES)
            for line in _lines(path, faults):
                copy.write_row(line)
                count += 1
        if faults:
            more = " and more" if len(faults) == FAULTS_SHOWN else ""
            raise Reject("directory", f"{path.name}: {'; '.join(faults)}{more}.", remedy="Nothing was loaded.")
        cursor.execute(MERGE)
        changed = cursor.rowcount
        cursor.execute("truncate directory.incoming")
    return Loaded(count, changed)


def listing(connection: Connection[Any]) -> Iterator[dict[str, str | None]]:
    """Every dossier, streamed in the order of persons; the connection is not in autocommit."""
    with connection.cursor(name="listing", binary=True) as cursor:
        cursor.itersize = BATCH
        cursor.execute(LISTING)
        for person, institution, quality, since, until in cursor:
            yield {
                "person": person,
                "institution": institution,
                "quality": quality,
                "from": since.isoformat(),
                "until": until.isoformat() if until else None,
            }
