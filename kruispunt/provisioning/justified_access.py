"""Says what access the stored deliberations justify, and locks access rules while they are changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection

from backbone import postgres
from backbone.postgres import Lock
from backbone.settings import Settings
from consumers.deliberations import Deliberation, load, store
from schemas.legal_day import legal_today
from schemas.roles import Role


@dataclass(frozen=True, slots=True)
class Justified:
    """Who may read deliveries; the deliberations whose schemas are needed; those of this version not kept yet."""

    entitled: frozenset[str]
    deliberations: tuple[Deliberation, ...]
    new: tuple[Deliberation, ...]


def justified(connection: Connection[Any], day: date | None = None) -> Justified:
    """By what is kept, and what will be kept once this version has begun; as of today, or a day."""
    today = day or legal_today()
    with connection.cursor() as cursor:
        made = cursor.execute("select to_regclass('deliberations.withdrawal')").fetchone()
        kept = store.current(cursor) if made and made[0] else store.StoredRevision(0, ())
    new = store.not_kept(kept)
    entitled = kept.entitled_on(today) | {one.recipient for one in new if not one.is_over_on(today)}
    return Justified(entitled, (*load(), *kept.by_id.values()), new)


@contextmanager
def alone(settings: Settings, role: Role) -> Iterator[Connection[Any]]:
    """A connection of `role` in autocommit mode; no other process changes access rules while it is open.

    So withdrawing and provisioning happen one after the other, and the second sees what the first did.
    """
    with postgres.connect(settings, role, autocommit=True) as connection:
        postgres.wait_for_lock(connection, Lock.ACCESS_RULES)
        yield connection
