"""Looks up the dossiers of a whole batch of persons in one query; ended dossiers only when looking back."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

from psycopg import Connection, Cursor

from schemas.legal_day import first_moment

BATCH = 50_000

LOOK_UP = """
select person, institution, quality, since, until from directory.dossier
where person = any(%s) and ended is null
"""
LOOK_BACK = """
select person, institution, quality, since, until from directory.dossier
where person = any(%(persons)s) and ended is null
union all
select person, institution, quality, since, until from directory.dossier
where person = any(%(persons)s) and ended >= %(begins)s
"""
LISTING = """
select person, institution, quality, since, until, version from directory.dossier
where ended is null order by person, institution, quality, since
"""


class Dossier(NamedTuple):
    """One line: a person on file at an institution in a quality from one day until another, open while None."""

    institution: str
    quality: str
    since: date
    until: date | None

    def holds_on(self, day: date) -> bool:
        """Whether a day lies in its period."""
        return self.since <= day and (self.until is None or day <= self.until)


Dossiers = dict[str, list[Dossier]]


def gathered(cursor: Cursor[Any]) -> Dossiers:
    """What a query found, by person."""
    dossiers: Dossiers = {}
    for person, *line in cursor:
        dossiers.setdefault(person, []).append(Dossier(*line))
    return dossiers


def look_up(cursor: Cursor[Any], persons: Iterable[str]) -> Dossiers:
    """Every dossier of these persons that has not been ended, in one query."""
    return gathered(cursor.execute(LOOK_UP, (list(persons),), binary=True))


def look_back(cursor: Cursor[Any], persons: Iterable[str], day: date) -> Dossiers:
    """Every dossier of these persons that had not been ended before a day, in one query."""
    return gathered(cursor.execute(LOOK_BACK, {"persons": list(persons), "begins": first_moment(day)}, binary=True))


def listing(connection: Connection[Any]) -> Iterator[dict[str, Any]]:
    """Every dossier that has not been ended, streamed in the order of persons; the connection is not in autocommit."""
    with connection.cursor(name="listing", binary=True) as cursor:
        cursor.itersize = BATCH
        cursor.execute(LISTING)
        for person, institution, quality, since, until, version in cursor:
            yield {
                "person": person,
                "institution": institution,
                "quality": quality,
                "from": since.isoformat(),
                "until": until.isoformat() if until else None,
                "version": version,
            }
