"""Decides the changes of a batch in order; a change that was answered before gets the same answer again.

Pure: no clock, no broker, no database.
"""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

import orjson

from consumers.directory.change_decision import DossierChange, DossierKey, OpenDossiers
from consumers.directory.return_codes import ChangeFault, ReturnCode, code, reason
from schemas.identifiers import is_inss
from schemas.qualities import QUALITIES, filed

LONGEST_ID = 100
"""Characters of the id of a change; the answer to a longer one has the first of them."""
NOTHING = "\0"


class UnreadableRecords(NamedTuple):
    """Consecutive records on the topic of an institution that are not changes, and why."""

    institution: str
    first: int
    following: int
    why: str

    @property
    def records(self) -> int:
        """How many there are."""
        return self.following - self.first

    def __str__(self) -> str:
        if self.records == 1:
            return f"offset {self.first}: {self.why}"
        return f"{self.records} records, offsets {self.first} to {self.following - 1}: {self.why}"


class Answer(NamedTuple):
    """The answer to a change."""

    institution: str
    change: str
    code: str
    reason: str
    version: int
    at: datetime

    @property
    def accepted(self) -> bool:
        """Whether the directory has it now."""
        return self.code == ReturnCode.TAKEN_IN


class RecordedAnswer(NamedTuple):
    """A stored answer, which a repetition of its change gets again, and the digest of that change."""

    digest: bytes
    answer: Answer


ChangeReference = tuple[str, str]
"""An institution and the id it gave a change."""


def name(change: DossierChange) -> ChangeReference:
    """The reference of a change."""
    return change.key.institution, change.id


def nameable(change: DossierChange) -> bool:
    """Whether the answer to a change can be stored by its id."""
    return 0 < len(change.id) <= LONGEST_ID and NOTHING not in change.id


def askable(key: DossierKey) -> bool:
    """Whether there can be dossiers of this key; all others are refused without asking."""
    return key.institution in QUALITIES and key.quality in filed(key.institution) and is_inss(key.person)


def digest(change: DossierChange) -> bytes:
    """32 bytes that are the same for the same content."""
    said: tuple[str | date | int | None, ...] = (
        change.action, change.key.person, change.key.quality, change.since, change.until, change.version,
    )  # fmt: skip
    return hashlib.sha256(orjson.dumps(said)).digest()


class AnsweredBatch(NamedTuple):
    """The answers of a batch in order, and those that are new and have to be stored."""

    answers: list[Answer]
    given: dict[ChangeReference, RecordedAnswer]


def judge(
    arrived: Iterable[DossierChange | UnreadableRecords],
    shelf: OpenDossiers,
    before: dict[ChangeReference, RecordedAnswer],
    at: datetime,
) -> AnsweredBatch:
    """Judge a batch; `shelf` takes in what is sound, `before` are the answers that were given to these changes."""
    judged = AnsweredBatch([], {})
    for item in arrived:
        if isinstance(item, UnreadableRecords):
            fault = ChangeFault(ReturnCode.UNREADABLE, str(item))
            judged.answers.append(Answer(item.institution, "", fault.code, reason((fault,)), 0, at))
        elif nameable(item):
            judged.answers.append(_once(item, shelf, before, judged.given, at))
        else:
            judged.answers.append(_nameless(item, shelf, at))
    return judged


def _once(
    change: DossierChange,
    shelf: OpenDossiers,
    before: dict[ChangeReference, RecordedAnswer],
    given: dict[ChangeReference, RecordedAnswer],
    at: datetime,
) -> Answer:
    reference, content = name(change), digest(change)
    known = before.get(reference) or given.get(reference)
    if known is None:
        verdict = shelf.take_in(change, at)
        answer = Answer(*reference, code(verdict.faults), reason(verdict.faults), verdict.version, at)
        given[reference] = RecordedAnswer(content, answer)
        return answer
    if known.digest == content:
        return known.answer
    fault = ChangeFault(ReturnCode.OTHER_CONTENT)
    return Answer(*reference, fault.code, reason((fault,)), shelf.version(change), at)


def _nameless(change: DossierChange, shelf: OpenDossiers, at: datetime) -> Answer:
    fault = ChangeFault(ReturnCode.WRONG_FIELD, f"change: 1 to {LONGEST_ID} characters, none of them NUL")
    verdict = shelf.take_in(change, at, (fault,))
    institution, change_id = name(change)
    return Answer(
        institution, change_id[:LONGEST_ID], code(verdict.faults), reason(verdict.faults), verdict.version, at
    )
