"""Puts everybody on file at some institutions and leaves them out at others, as in the reference directory.

A dossier follows from its person alone: whatever quarter is made, it begins and ends on the same days.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random
from typing import Any

from population.persons import SyntheticPerson, years_after
from population.tables import pick
from population.worker_lines import SyntheticLine

SyntheticDossier = dict[str, Any]
MANUAL_ON_FILE = 0.9
CLOSED = 0.06
"""Share of dossiers that were closed before the first quarter that can be made."""
BEFORE = date(2016, 12, 31)
"""The last day before that quarter."""
ADULT_YEARS = 16

ORDINARY = (
    ("rva", "18/4", 0.22),
    ("rva", "18/2", 0.05),
    ("nic", "11/1", 0.88),
    ("fpd", "5/10", 0.45),
    ("fpd", "5/20", 0.12),
    ("famifed", "7/101", 0.33),
    ("famifed", "7/104", 0.05),
    ("fedris", "1/10", 0.10),
)
"""Institution, quality as sector/quality of the reference directory, share of the population on file with it."""

NEEDED = {
    "unemployment_benefit": ("rva", "18/1"),
    "income_guarantee": ("rva", "18/1"),
    "incapacity": ("nic", "11/2"),
    "occupational_risk": ("fedris", "1/10"),
}
"""Who is on file because of a decision: an institution knows the people it decides about."""

FURTHER = (
    ("bouw", "38/0", 0.06),
    ("energie", "70/0", 0.09),
    ("fin", "50/0", 0.40),
    ("ocmw", "17/2", 0.05),
    ("ocmw", "17/6", 0.02),
    ("rsz", "12/10", 0.70),
)
"""The same for institutions that bring their own client."""

INSTITUTIONS = ("rva", "rjv", "nic", "fpd", "famifed", "fedris")


DECIDED = frozenset(NEEDED.values())
"""These stay open: in some quarter there may be a decision about the person."""


def _drawn(*parts: str) -> Random:
    return Random(" ".join(("dossiers", *parts)))  # noqa: S311 - a synthetic population


def _period(person: SyntheticPerson, institution: str, quality: str) -> tuple[date, date | None]:
    """When a dossier begins, from the year in which somebody becomes sixteen on, and when it was closed, if it was."""
    random = _drawn(person.number, institution, quality)
    adult = date(person.born.year + ADULT_YEARS, 1, 1)
    span = (max(BEFORE, years_after(person.born, ADULT_YEARS)) - adult).days
    days, closing, lasting = int(random.random() ** 0.5 * (span + 1)), random.random(), random.random()
    since = adult + timedelta(days=days)
    if closing >= CLOSED or (institution, quality) in DECIDED:
        return since, None
    return since, since + timedelta(days=int(lasting * (span - days + 1)))


def dossiers(person: SyntheticPerson, lines: list[SyntheticLine], kinds: Iterable[str]) -> list[SyntheticDossier]:
    """The lines of the reference directory about one person; `kinds` are those of the decisions about that person."""
    random = _drawn(person.number)
    wanted = {(institution, quality) for institution, quality, share in ORDINARY if random.random() < share}
    if random.random() < MANUAL_ON_FILE and any(line.worker_code.startswith("0") for line in lines):
        wanted.add(("rjv", "10/10"))
    needed = {NEEDED[kind] for kind in kinds}
    free = [name for name in INSTITUTIONS if all(name != institution for institution, _ in needed)]
    never = pick(free, random)
    wanted = {pair for pair in wanted if pair[0] != never} or {("nic", "11/1") if never != "nic" else ("fpd", "5/10")}
    further = {(institution, quality) for institution, quality, share in FURTHER if random.random() < share}
    found = []
    for institution, quality in sorted(wanted | needed | further):
        since, until = _period(person, institution, quality)
        found.append(
            {
                "person": person.number,
                "institution": institution,
                "quality": quality,
                "from": since.isoformat(),
                "until": until.isoformat() if until else None,
            }
        )
    return found
