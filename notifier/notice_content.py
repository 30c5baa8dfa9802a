"""Reads everything a notice says, as frozen values that rendering needs no database for."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from psycopg import Cursor

from notifier.channel import Profile
from schemas.languages import Language

NOTICES = """
select notice, side, recipient, language, created_at, attempts, quarter, sequence
  from notifier.notice where notice = any(%s) order by created_at, notice
"""
TELLINGS = """
select t.notice, t.tells, f.finding, f.rule, f.employer, f.person, f.occupation, f.deduction_code,
       f.amount, f.claimed, f.missing, f.certainty, f.trace, f.law_known
  from notifier.telling t join notifier.finding f using (finding, version)
 where t.notice = any(%s) and t.tells <> 'nothing'
 order by t.notice, f.rule, f.person, f.employer, f.occupation
"""
PROFILES = """
select recipient, first_name, name, street, number, box, postcode, town, country, language, email, email_activated
  from notifier.profile where recipient = any(%s)
"""


class NoticeStep(NamedTuple):
    """One step of the reasoning of a rule."""

    step: str
    value: str
    unit: str | None
    source: str
    outcome: str | None = None
    """The outcome of a condition; None for a figure, and in findings from before outcomes were recorded."""


@dataclass(frozen=True, slots=True)
class NoticeFinding:
    """One finding as a notice states it. Money is in eurocents."""

    tells: Literal["found", "changed", "withdrawn"]
    finding: str
    rule: str
    employer: str
    person: str
    occupation: str | None
    deduction_code: str | None
    amount: int | None
    claimed: int
    missing: int | None
    certainty: str
    trace: tuple[NoticeStep, ...]
    law_known: date | None = None
    """Since when the law is known that made it another; None where facts did."""

    @property
    def states_amounts(self) -> bool:
        """Whether a notice may state amounts: only what is certain or likely."""
        return self.certainty in ("certain", "likely") and self.tells != "withdrawn"


@dataclass(frozen=True, slots=True)
class Announcement:
    """That there is a notice, and for whom: all that an open channel may know of it."""

    notice: str
    side: Literal["citizen", "employer"]
    recipient: str
    language: Language
    created_at: datetime
    profile: Profile
    attempts: int


@dataclass(frozen=True, slots=True)
class Notice(Announcement):
    """One notice with everything it says."""

    quarter: str
    sequence: int
    findings: tuple[NoticeFinding, ...]
    names: dict[str, str]
    """Names of the employers that are mentioned, by number."""


def profiles(cursor: Cursor[Any], recipients: Sequence[str]) -> dict[str, Profile]:
    """Profiles by number; recipients without one are left out."""
    cursor.execute(PROFILES, (list(recipients),))
    return {row[0]: Profile(*row[1:]) for row in cursor}


def announcements(cursor: Cursor[Any], notices: Sequence[str]) -> list[Announcement]:
    """These notices without their findings, in the order they were made; one without a profile is left out."""
    cursor.execute(NOTICES, (list(notices),))
    rows = cursor.fetchall()
    known = profiles(cursor, [row[2] for row in rows])
    return [
        Announcement(notice, side, recipient, language, created_at, known[recipient], attempts)
        for notice, side, recipient, language, created_at, attempts, _, _ in rows
        if recipient in known
    ]


def contents(cursor: Cursor[Any], notices: Sequence[str]) -> list[Notice]:
    """These notices with their findings, in the order they were made; one without a profile is left out."""
    cursor.execute(TELLINGS, (list(notices),))
    findings: dict[str, list[NoticeFinding]] = defaultdict(list)
    for row in cursor:
        steps = tuple(NoticeStep(**step) for step in row[-2])
        findings[row[0]].append(NoticeFinding(*(*row[1:-2], steps, row[-1])))
    employers = {entry.employer for entries in findings.values() for entry in entries}
    cursor.execute(NOTICES, (list(notices),))
    rows = cursor.fetchall()
    known = profiles(cursor, [*(row[2] for row in rows), *sorted(employers - {""})])
    notices_read = []
    for notice, side, recipient, language, created_at, attempts, quarter, sequence in rows:
        if recipient not in known:
            continue
        entries = tuple(findings[notice])
        names = {entry.employer: known[entry.employer].full_name for entry in entries if entry.employer in known}
        notices_read.append(
            Notice(
                notice, side, recipient, language, created_at, known[recipient], attempts, quarter, sequence, entries,
                names,
            )
        )  # fmt: skip
    return notices_read
