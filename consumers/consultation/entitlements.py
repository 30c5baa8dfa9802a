"""Answers who may receive which fields on which legal basis: on a day, at a recipient, about a person."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from psycopg import Connection

from consumers.deliberations import Deliberation, entitlements, store
from consumers.deliberations.parser import ordered
from consumers.directory import Dossier


def usable(connection: Connection[Any], day: date | None) -> Iterator[Deliberation]:
    """The stored deliberations that are not withdrawn; with a day, those that were not withdrawn before it."""
    with connection.cursor() as cursor:
        held = store.current(cursor).held
    for entry in held:
        if entry.could_be_used_on(day) if day else entry.withdrawn is None:
            yield entry.deliberation


def of_recipient(
    deliberations: Iterable[Deliberation], recipient: str | None, day: date | None
) -> list[dict[str, Any]]:
    """The entitlements of one recipient, or of all; with a day, those in force then."""
    return [entry for entry in entitlements(ordered(deliberations), day) if recipient in {None, entry["recipient"]}]


def qualities(dossiers: Iterable[Dossier]) -> dict[str, set[str]]:
    """The qualities in which a person is on file, by institution."""
    found: dict[str, set[str]] = {}
    for dossier in dossiers:
        found.setdefault(dossier.institution, set()).add(dossier.quality)
    return found


def about_person(entries: Iterable[Mapping[str, Any]], on_file: Mapping[str, set[str]]) -> Iterator[dict[str, Any]]:
    """The entitlements that hold for a person on file in these qualities, each with the qualities that admit it."""
    for entry in entries:
        population = entry["population"]
        if isinstance(population, str):
            yield {**entry, "qualities": []}
        elif admitting := sorted(on_file.get(entry["recipient"], set()).intersection(population)):
            yield {**entry, "qualities": admitting}
