"""Reads all that a notice tells, as frozen values that rendering needs no database for."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from psycopg import Cursor

from notifier.channel import Profile

NOTICES = """
select notice, side, recipient, quarter, sequence, language, created_at, attempts
  from notifier.notice where notice = any(%s) order by created_at, notice
"""
TELLINGS = """
select t.notice, t.tells, f.finding, f.rule, f.employer, f.person, f.occupation, f.deduction_code,
       f.amount, f.claimed, f.missing, f.certainty, case when %s then f.trace else '[]' end
  from notifier.telling t join notifier.finding f using (finding, version)
 where t.notice = any(%s) and t.tells <> 'nothing'
 order by t.notice, f.rule, f.person, f.employer, f.occupation
"""
PROFILES = """
select recipient, first_name, name, street, number, box, postcode, town, country, language, email, email_activated
  from notifier.profile where recipient = any(%s)
"""


class Step(NamedTuple):
    """One step of the reasoning of a rule."""

    step: str
    value: str
    unit: str | None
    source: str
    outcome: str | None = None
    """What became of a condition; None for a figure, and where it was told before outcomes were."""


@dataclass(frozen=True, slots=True)
class Told:
    """One finding as a notice tells it. Money is in eurocents."""

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
    trace: tuple[Step, ...]

    @property
    def states_amounts(self) -> bool:
        """Whether a notice may state amounts: only what is certain or likely."""
        return self.certainty in ("certain", "likely") and self.tells != "withdrawn"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice with everything it tells."""

    notice: str
    side: Literal["citizen", "employer"]
    recipient: str
    quarter: str
    sequence: int
    language: str
    created_at: datetime
    profile: Profile
    told: tuple[Told, ...]
    names: dict[str, str]
    """Names of the employers that are mentioned, by number."""
    attempts: int = 0


def profiles(cursor: Cursor[Any], recipients: Sequence[str]) -> dict[str, Profile]:
    """Profiles by number; who has none is missing."""
    cursor.execute(PROFILES, (list(recipients),))
    return {row[0]: Profile(*row[1:]) for row in cursor}


def contents(cursor: Cursor[Any], notices: Sequence[str], *, traces: bool) -> list[Notice]:
    """The content of these notices, in the order they were made; one whose profile is gone is missing.

    `traces` only where they are told: those of a large employer weigh more than all the rest.
    """
    cursor.execute(TELLINGS, (traces, list(notices)))
    told: dict[str, list[Told]] = defaultdict(list)
    for row in cursor:
        steps = tuple(Step(**step) for step in row[-1])
        told[row[0]].append(Told(*(*row[1:-1], steps)))
    cursor.execute(NOTICES, (list(notices),))
    rows = cursor.fetchall()
    employers = {entry.employer for entries in told.values() for entry in entries}
    known = profiles(cursor, [*(row[2] for row in rows), *sorted(employers - {""})])
    found = []
    for notice, side, recipient, quarter, sequence, language, created_at, attempts in rows:
        if recipient not in known:
            continue
        entries = tuple(told[notice])
        names = {entry.employer: known[entry.employer].full_name for entry in entries if entry.employer in known}
        found.append(
            Notice(
                notice, side, recipient, quarter, sequence, language, created_at, known[recipient], entries, names,
                attempts,
            )
        )  # fmt: skip
    return found
