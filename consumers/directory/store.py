"""Stores dossiers, answers and integrations of a batch of changes in one transaction."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg import Cursor

from backbone.errors import Retry
from backbone.postgres import Lock, hold
from consumers.directory.change_batch import (
    Answer,
    ChangeReference,
    RecordedAnswer,
    UnreadableRecords,
    askable,
    judge,
    name,
    nameable,
)
from consumers.directory.change_decision import (
    ChangeVerdict,
    DossierChange,
    DossierKey,
    IntegratedPeriod,
    OpenDossiers,
    StoredDossier,
)
from schemas.codec import encode
from schemas.contracts import contract
from schemas.topics import ANSWERS, answers
from schemas.twins.dossiers_answers import Answer as AnswerRecord

KEY_BYTES = 16

KEPT = """
select kept.person, kept.institution, kept.quality, kept.since, kept.until, kept.version
from unnest(%s::text[], %s::text[], %s::text[]) as asked (person, institution, quality)
join directory.dossier kept using (person, institution, quality)
where kept.ended is null
"""
GIVEN = """
select given.institution, given.change, given.digest, given.code, given.reason, given.version, given.at
from unnest(%s::text[], %s::text[]) as asked (institution, change)
join directory.change given using (institution, change)
"""
CHANGE = """
update directory.dossier kept set until = new.until, version = new.version, ended = new.ended
from unnest(%s::text[], %s::text[], %s::text[], %s::date[], %s::date[], %s::int[], %s::timestamptz[])
    as new (person, institution, quality, since, until, version, ended)
where kept.person = new.person and kept.institution = new.institution and kept.quality = new.quality
    and kept.since = new.since and kept.ended is null
"""
ADD = """
copy directory.dossier (person, institution, quality, since, until, version, ended) from stdin (format binary)
"""
ADD_TYPES = ("text", "text", "text", "date", "date", "int4", "timestamptz")
INTEGRATE = "copy directory.integration (person, institution, quality, since, until) from stdin (format binary)"
INTEGRATE_TYPES = ("text", "text", "text", "date", "date")
GIVE = "copy directory.change (institution, change, digest, code, reason, version, at) from stdin (format binary)"
GIVE_TYPES = ("text", "text", "bytea", "text", "text", "int4", "timestamptz")
ANSWER = "copy directory.outbox (topic, key, value) from stdin (format binary)"
ANSWER_TYPES = ("text", "bytea", "bytea")


def alone(cursor: Cursor[Any]) -> None:
    """Lock the dossiers until this transaction ends; call it before any look-up."""
    hold(cursor, Lock.DOSSIERS)


def now() -> datetime:
    """This moment, to the millisecond that an answer carries."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> tuple[list[Any], ...]:
    return tuple([row[column] for row in rows] for column in range(width))


def shelf(cursor: Cursor[Any], keys: Iterable[DossierKey]) -> OpenDossiers:
    """The dossiers of these keys that have not been ended, in one query."""
    kept: dict[DossierKey, list[StoredDossier]] = {}
    cursor.execute(KEPT, _columns(sorted({key for key in keys if askable(key)}), 3), binary=True)
    for person, institution, quality, since, until, version in cursor:
        kept.setdefault(DossierKey(person, institution, quality), []).append(StoredDossier(since, until, version))
    return OpenDossiers(kept)


def _given(cursor: Cursor[Any], names: Iterable[ChangeReference]) -> dict[ChangeReference, RecordedAnswer]:
    """The answers that these changes got before, in one query."""
    cursor.execute(GIVEN, _columns(sorted(set(names)), 2), binary=True)
    return {
        (institution, change): RecordedAnswer(digest, Answer(institution, change, code, reason, version, at))
        for institution, change, digest, code, reason, version, at in cursor
    }


def _copy(cursor: Cursor[Any], query: Any, types: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    with cursor.copy(query) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _keep(
    cursor: Cursor[Any], touched: list[tuple[DossierKey, StoredDossier]], integrations: list[IntegratedPeriod]
) -> None:
    """Write the changed and new dossiers: the changed first, as an ended one makes room for a new one of the same key.

    Raises Retry when somebody who did not wait for us changed them.
    """
    changed = [
        (*key, dossier.since, dossier.until, dossier.version, dossier.ended)
        for key, dossier in touched
        if not dossier.fresh
    ]
    fresh = [
        (*key, dossier.since, dossier.until, dossier.version, dossier.ended)
        for key, dossier in touched
        if dossier.fresh
    ]
    if changed:
        cursor.execute(CHANGE, _columns(changed, len(ADD_TYPES)))
        if cursor.rowcount != len(changed):
            raise Retry("Dossiers were changed meanwhile.")
    if fresh:
        _copy(cursor, ADD, ADD_TYPES, fresh)
    if integrations:
        _copy(cursor, INTEGRATE, INTEGRATE_TYPES, ((*key, since, until) for key, since, until in integrations))


def _answer(cursor: Cursor[Any], answered: Iterable[Answer]) -> None:
    written = contract(ANSWERS)

    def rows(answered: Iterable[Answer]) -> Iterable[tuple[Any, ...]]:
        for answer in answered:
            record: AnswerRecord = {
                "change": answer.change, "accepted": answer.accepted, "code": answer.code, "reason": answer.reason,
                "version": answer.version, "at": answer.at,
            }  # fmt: skip
            key = hashlib.sha256(answer.change.encode()).digest()[:KEY_BYTES]
            yield answers(answer.institution), key, encode(written, record)

    _copy(cursor, ANSWER, ANSWER_TYPES, rows(answered))


def take_in(cursor: Cursor[Any], arrived: Sequence[DossierChange | UnreadableRecords]) -> None:
    """Judge a batch of changes and write all that follows from it.

    Raises Retry when somebody who did not wait for us changed the same dossiers.
    """
    alone(cursor)
    changes = [change for change in arrived if isinstance(change, DossierChange)]
    before = _given(cursor, (name(change) for change in changes if nameable(change)))
    files = shelf(cursor, (change.key for change in changes))
    judged = judge(arrived, files, before, now())
    _keep(cursor, files.touched, files.integrations)
    if judged.given:
        _copy(
            cursor, GIVE, GIVE_TYPES,
            ((*reference, content, answer.code, answer.reason, answer.version, answer.at)
             for reference, (content, answer) in judged.given.items()),
        )  # fmt: skip
    _answer(cursor, judged.answers)


def take_in_one(cursor: Cursor[Any], change: DossierChange) -> ChangeVerdict:
    """Take one change in that comes by command, so that its answer need not be kept."""
    alone(cursor)
    files = shelf(cursor, (change.key,))
    verdict = files.take_in(change, now())
    _keep(cursor, files.touched, files.integrations)
    return verdict
