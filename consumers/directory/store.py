"""Stores dossiers, answers and integrations of a batch of changes in one transaction."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from psycopg import Cursor

from backbone.errors import Retry
from backbone.postgres import hold
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
from schemas.locks import StageLock
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
    hold(cursor, StageLock.DOSSIERS)


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


class DecidedChanges(NamedTuple):
    """What a batch of changes leads to: dossiers to write, new periods on file, answers to store, answers to send."""

    dossiers: list[tuple[DossierKey, StoredDossier]]
    integrations: list[IntegratedPeriod]
    given: dict[ChangeReference, RecordedAnswer]
    answers: list[Answer]


def decided(cursor: Cursor[Any], arrived: Sequence[DossierChange | UnreadableRecords]) -> DecidedChanges:
    """Judge a batch of changes by what is stored; the dossiers stay locked until this transaction ends."""
    alone(cursor)
    changes = [change for change in arrived if isinstance(change, DossierChange)]
    before = _given(cursor, (name(change) for change in changes if nameable(change)))
    files = shelf(cursor, (change.key for change in changes))
    judged = judge(arrived, files, before, now())
    return DecidedChanges(files.touched, files.integrations, judged.given, judged.answers)


def write(cursor: Cursor[Any], decided: DecidedChanges) -> None:
    """Write all that follows from a batch of changes.

    Raises Retry when somebody who did not wait for us changed the same dossiers.
    """
    # The changed dossiers first: an ended one makes room for a new one of the same key.
    changed = list(_dossier_rows(decided.dossiers, fresh=False))
    if changed:
        cursor.execute(CHANGE, _columns(changed, len(ADD_TYPES)))
        if cursor.rowcount != len(changed):
            raise Retry("Dossiers were changed meanwhile.")
    for query, types, rows in (
        (ADD, ADD_TYPES, list(_dossier_rows(decided.dossiers, fresh=True))),
        (INTEGRATE, INTEGRATE_TYPES, [(*key, since, until) for key, since, until in decided.integrations]),
        (GIVE, GIVE_TYPES, list(_given_rows(decided.given))),
        (ANSWER, ANSWER_TYPES, list(_answer_rows(decided.answers))),
    ):
        if rows:
            with cursor.copy(query) as copy:
                copy.set_types(types)
                for row in rows:
                    copy.write_row(row)


def _dossier_rows(dossiers: Iterable[tuple[DossierKey, StoredDossier]], *, fresh: bool) -> Iterator[tuple[Any, ...]]:
    for key, dossier in dossiers:
        if dossier.fresh == fresh:
            yield *key, dossier.since, dossier.until, dossier.version, dossier.ended


def _given_rows(given: Mapping[ChangeReference, RecordedAnswer]) -> Iterator[tuple[Any, ...]]:
    for reference, (content, answer) in given.items():
        yield *reference, content, answer.code, answer.reason, answer.version, answer.at


def _answer_rows(answered: Iterable[Answer]) -> Iterator[tuple[Any, ...]]:
    written = contract(ANSWERS)
    for answer in answered:
        record: AnswerRecord = {
            "change": answer.change, "accepted": answer.accepted, "code": answer.code, "reason": answer.reason,
            "version": answer.version, "at": answer.at,
        }  # fmt: skip
        key = hashlib.sha256(answer.change.encode()).digest()[:KEY_BYTES]
        yield answers(answer.institution), key, encode(written, record)


def take_in_one(cursor: Cursor[Any], change: DossierChange) -> ChangeVerdict:
    """Take one change in that comes by command, so that its answer need not be kept.

    Raises Retry.
    """
    alone(cursor)
    files = shelf(cursor, (change.key,))
    verdict = files.take_in(change, now())
    write(cursor, DecidedChanges(files.touched, files.integrations, {}, []))
    return verdict
