"""Stores every version of every deliberation; each load or withdrawal is one revision.

Each version that is loaded or withdrawn is an act, in the same transaction.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources.abc import Traversable
from typing import Any

from psycopg import Connection, Cursor

from backbone.errors import Reject
from backbone.postgres import hold
from consumers import acts
from consumers.deliberations.model import Deliberation
from consumers.deliberations.parser import SHIPPED, examine, load, ordered, parse, read, stored
from schemas.legal_day import legal_day, legal_today
from schemas.locks import StageLock

REVISION = "select coalesce(max(number), 0) from deliberations.revision"
KEPT = """
select distinct on (kept.number, kept.version) kept.text, first_value(loaded.at) over w, gone.at
from deliberations.kept
join deliberations.revision loaded on loaded.number = kept.revision
left join deliberations.withdrawal
    on withdrawal.number = kept.number and withdrawal.version = kept.version
left join deliberations.revision gone on gone.number = withdrawal.revision
window w as (partition by kept.number, kept.version order by kept.revision)
order by kept.number, kept.version, kept.revision desc
"""
TEXT = "select text from deliberations.kept where number = %s and version = %s order by revision desc limit 1"
NEXT = """
insert into deliberations.revision (number, reason)
select coalesce(max(number), 0) + 1, %s from deliberations.revision returning number
"""
KEEP = "insert into deliberations.kept (revision, number, version, text) values (%s, %s, %s, %s)"
WITHDRAW = "insert into deliberations.withdrawal (revision, number, version) values (%s, %s, %s)"

Register = Callable[[Sequence[Deliberation]], None]


@dataclass(frozen=True, slots=True)
class StoredDeliberation:
    """A stored version: when it was loaded, and when it was withdrawn, if it was."""

    deliberation: Deliberation
    loaded: datetime
    withdrawn: datetime | None

    def could_be_used_on(self, day: date) -> bool:
        """Whether it was in force on a day and not withdrawn before it."""
        return self.deliberation.holds_on(day) and (self.withdrawn is None or day <= legal_day(self.withdrawn))

    def state_on(self, today: date) -> str:
        """What a version is good for: in force, to come, over, or withdrawn on a day."""
        if self.withdrawn:
            return f"withdrawn {legal_day(self.withdrawn)}"
        if self.deliberation.holds_on(today):
            return "in force"
        return "to come" if today < self.deliberation.since else "over"

    def as_document(self, today: date) -> dict[str, Any]:
        """The version with its state, as JSON."""
        said = self.deliberation
        return {
            "deliberation": said.id,
            "recipient": said.recipient,
            "state": self.state_on(today),
            "from": said.since.isoformat(),
            "until": said.until.isoformat() if said.until else None,
            "loaded": self.loaded.isoformat(),
            "withdrawn": self.withdrawn.isoformat() if self.withdrawn else None,
            "basis": said.basis,
            "purpose": said.purpose,
        }


@dataclass(frozen=True, slots=True)
class StoredRevision:
    """Everything that is stored, as of a revision."""

    revision: int
    held: tuple[StoredDeliberation, ...]

    @property
    def usable(self) -> tuple[Deliberation, ...]:
        """Those that are not withdrawn, whatever their period; ordered."""
        return ordered(version.deliberation for version in self.held if version.withdrawn is None)

    def entitled_on(self, day: date) -> frozenset[str]:
        """The recipients with a deliberation that is neither withdrawn nor over on a day."""
        return frozenset(deliberation.recipient for deliberation in self.usable if not deliberation.is_over_on(day))

    @property
    def by_id(self) -> dict[str, Deliberation]:
        """Every version by its id."""
        return {version.deliberation.id: version.deliberation for version in self.held}


def revision(cursor: Cursor[Any]) -> int:
    """The number of the last load or withdrawal; 0 before the first."""
    cursor.execute(REVISION)
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def current(cursor: Cursor[Any]) -> StoredRevision:
    """All that is kept now; the revision is read first, so that what comes in between is seen again later."""
    number = revision(cursor)
    cursor.execute(KEPT)
    return StoredRevision(number, tuple(StoredDeliberation(parse(text), loaded, gone) for text, loaded, gone in cursor))


def text(cursor: Cursor[Any], name: str) -> str | None:
    """The YAML of a version, by its id, as it was last given."""
    number, _, version = name.partition("@")
    if not version.isascii() or not version.isdigit():
        return None
    cursor.execute(TEXT, (number, int(version)))
    row = cursor.fetchone()
    return str(row[0]) if row else None


def _alone(cursor: Cursor[Any]) -> StoredRevision:
    """What is stored; locked until this transaction ends."""
    hold(cursor, StageLock.DELIBERATIONS)
    return current(cursor)


def _next(cursor: Cursor[Any], reason: str) -> int:
    cursor.execute(NEXT, (reason,))
    row = cursor.fetchone()
    assert row  # noqa: S101 - returning gives the row
    return int(row[0])


def add(
    connection: Connection[Any], texts: Iterable[tuple[str, str]], *, reason: str, register: Register
) -> tuple[Deliberation, ...]:
    """Keep what these (file name, YAML) pairs bring; returns those that are new or have another end. Idempotent.

    `register` publishes the schemas of all that is kept then, before anybody can see the new revision.

    Raises Reject with every fault, with file, line and key; then what was in force stays so, and the refusal is an act.
    """
    with connection.transaction(), connection.cursor() as cursor:
        before = _alone(cursor)
        kept, today = before.by_id, legal_today()
        withdrawn = {version.deliberation.id for version in before.held if version.withdrawn}
        examined, faults = examine(texts, kept, today, withdrawn)
        changed = [(text, deliberation) for text, deliberation in examined if kept.get(deliberation.id) != deliberation]
        if faults:
            acts.note(cursor, "was refused deliberations", "deliberations", faults=len(faults), reason=reason)
        elif changed:
            register([*(before.by_id | {deliberation.id: deliberation for _, deliberation in changed}).values()])
            number = _next(cursor, reason)
            cursor.executemany(
                KEEP, [(number, deliberation.number, deliberation.version, text) for text, deliberation in changed]
            )
            for _, deliberation in changed:
                acts.note(cursor, "loaded a deliberation", deliberation.id, revision=number, reason=reason)
    if faults:
        raise Reject("deliberations", "Wrong:\n" + "\n".join(faults), remedy="Nothing was loaded.")
    return tuple(deliberation for _, deliberation in changed)


def not_kept(kept: StoredRevision, shipped: Iterable[Deliberation] | None = None) -> tuple[Deliberation, ...]:
    """The versions this release ships and that are not kept yet; a number that went on by itself is left alone."""
    newest = _newest(kept)
    return tuple(
        deliberation
        for deliberation in (load() if shipped is None else shipped)
        if deliberation.version > newest.get(deliberation.number, 0)
    )


def _newest(kept: StoredRevision) -> dict[str, int]:
    newest: dict[str, int] = {}
    for deliberation in kept.by_id.values():
        newest[deliberation.number] = max(newest.get(deliberation.number, 0), deliberation.version)
    return newest


def seed(connection: Connection[Any], register: Register, shipped: Traversable = SHIPPED) -> tuple[Deliberation, ...]:
    """Keep the versions this release ships and that are not kept yet.

    A version of an earlier release that still holds when the next one begins is withdrawn in the same transaction.
    """
    with connection.transaction(), connection.cursor() as cursor:
        kept = _alone(cursor)
        texts = list(stored(shipped))
        missing = {deliberation.id: deliberation for deliberation in not_kept(kept, read(texts))}
        if not missing:
            return ()
        newest = _newest(kept)
        since = {
            deliberation.number: deliberation.since
            for deliberation in missing.values()
            if deliberation.number in newest
        }
        over = [
            deliberation.id
            for deliberation in kept.usable
            if deliberation.number in since
            and (deliberation.until is None or deliberation.until >= since[deliberation.number])
        ]
        if over:
            withdraw(connection, over, reason="followed by a version that is shipped")
        brought = [(name, text) for name, text in texts if parse(text).id in missing]
        return add(connection, brought, reason="shipped with this version", register=register)


def withdraw(connection: Connection[Any], wanted: Iterable[str], *, reason: str) -> tuple[str, ...]:
    """Withdraw versions by id, numbers, or all of a recipient; returns the ids. Nothing more is copied on them.

    Raises Reject when a name means nothing that could be withdrawn, and that is an act as well.
    """
    with connection.transaction(), connection.cursor() as cursor:
        open_now = _alone(cursor).usable
        chosen = {
            name: [
                deliberation
                for deliberation in open_now
                if name in {deliberation.id, deliberation.number, deliberation.recipient}
            ]
            for name in wanted
        }
        unknown = [name for name, versions in chosen.items() if not versions]
        gone = ordered(
            {deliberation.id: deliberation for versions in chosen.values() for deliberation in versions}.values()
        )
        if unknown:
            # What was given may be anything: how many is enough.
            acts.note(cursor, "was refused a withdrawal", "deliberations", unknown=len(unknown), reason=reason)
        else:
            number = _next(cursor, reason)
            cursor.executemany(WITHDRAW, [(number, deliberation.number, deliberation.version) for deliberation in gone])
            for deliberation in gone:
                acts.note(cursor, "withdrew a deliberation", deliberation.id, revision=number, reason=reason)
    if unknown:
        raise Reject(
            "deliberations",
            f"Nothing in force is called {', '.join(unknown)}.",
            remedy="Nothing was withdrawn. `kruispunt deliberations` lists what is kept.",
        )
    return tuple(deliberation.id for deliberation in gone)
