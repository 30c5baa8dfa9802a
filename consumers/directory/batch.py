"""Judges the changes of a batch one after the other; what was answered before is answered the same again.

Pure: no clock, no broker, no database.
"""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

import orjson

from consumers.directory.changes import Change, Key, Shelf
from consumers.directory.codes import Code, Fault, code, reason
from schemas.identifiers import is_inss
from schemas.qualities import QUALITIES, filed

LONGEST_ID = 100
"""Characters of the id of a change; what is longer is answered with as many of them."""
NOTHING = "\0"


class Unreadable(NamedTuple):
    """Records one behind the other that are no changes, on the topic of an institution, and why."""

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
    """What became of a change."""

    institution: str
    change: str
    code: str
    reason: str
    version: int
    at: datetime

    @property
    def accepted(self) -> bool:
        """Whether the directory has it now."""
        return self.code == Code.TAKEN_IN


class Given(NamedTuple):
    """An answer that counts for its change from then on, and the digest of what that change said."""

    digest: bytes
    answer: Answer


Name = tuple[str, str]
"""An institution and the id it gave a change."""


def name(change: Change) -> Name:
    """Which change it is."""
    return change.key.institution, change.id


def nameable(change: Change) -> bool:
    """Whether a change can be remembered by its id."""
    return 0 < len(change.id) <= LONGEST_ID and NOTHING not in change.id


def askable(key: Key) -> bool:
    """Whether there can be dossiers of this key; all others are refused without asking."""
    return key.institution in QUALITIES and key.quality in filed(key.institution) and is_inss(key.person)


def digest(change: Change) -> bytes:
    """32 bytes that are the same for the same content."""
    said: tuple[str | date | int | None, ...] = (
        change.action, change.key.person, change.key.quality, change.since, change.until, change.version,
    )  # fmt: skip
    return hashlib.sha256(orjson.dumps(said)).digest()


class Judged(NamedTuple):
    """The answers of a batch in its order, and those that are new and count from now on."""

    answers: list[Answer]
    given: dict[Name, Given]


def judge(arrived: Iterable[Change | Unreadable], shelf: Shelf, before: dict[Name, Given], at: datetime) -> Judged:
    """Judge a batch; `shelf` takes in what is sound, `before` are the answers that were given to these changes."""
    judged = Judged([], {})
    for one in arrived:
        if isinstance(one, Unreadable):
            fault = Fault(Code.UNREADABLE, str(one))
            judged.answers.append(Answer(one.institution, "", fault.code, reason((fault,)), 0, at))
        elif nameable(one):
            judged.answers.append(_once(one, shelf, before, judged.given, at))
        else:
            judged.answers.append(_nameless(one, shelf, at))
    return judged


def _once(change: Change, shelf: Shelf, before: dict[Name, Given], given: dict[Name, Given], at: datetime) -> Answer:
    this, content = name(change), digest(change)
    known = before.get(this) or given.get(this)
    if known is None:
        verdict = shelf.take_in(change, at)
        made = Answer(*this, code(verdict.faults), reason(verdict.faults), verdict.version, at)
        given[this] = Given(content, made)
        return made
    if known.digest == content:
        return known.answer
    fault = Fault(Code.OTHER_CONTENT)
    return Answer(*this, fault.code, reason((fault,)), shelf.version(change), at)


def _nameless(change: Change, shelf: Shelf, at: datetime) -> Answer:
    fault = Fault(Code.WRONG_FIELD, f"change: 1 to {LONGEST_ID} characters, none of them NUL")
    verdict = shelf.take_in(change, at, (fault,))
    institution, told = name(change)
    return Answer(institution, told[:LONGEST_ID], code(verdict.faults), reason(verdict.faults), verdict.version, at)
