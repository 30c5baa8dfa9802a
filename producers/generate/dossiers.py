"""Puts everybody on file at some institutions and leaves them out at others, as in the reference directory."""

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random
from typing import Any

from producers.generate.events import Line
from producers.generate.population import Person
from producers.generate.tables import pick

Dossier = dict[str, Any]
MANUAL_ON_FILE = 0.9
CLOSED = 0.06
"""Share of dossiers that were closed before the quarter began."""

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


def _since(person: Person, first: date, random: Random) -> date:
    adult = date(person.born.year + 16, 1, 1)
    span = max(1, (first - adult).days)
    return first - timedelta(days=1 + int(random.random() * span))


def dossiers(person: Person, lines: list[Line], kinds: Iterable[str], first: date, random: Random) -> list[Dossier]:
    """The lines of the reference directory about one person; `kinds` are those of the decisions about that person."""
    wanted = {(institution, quality) for institution, quality, share in ORDINARY if random.random() < share}
    if any(line.worker_code.startswith("0") for line in lines) and random.random() < MANUAL_ON_FILE:
        wanted.add(("rjv", "10/10"))
    needed = {NEEDED[kind] for kind in kinds}
    free = [name for name in INSTITUTIONS if all(name != institution for institution, _ in needed)]
    never, always = pick(free, random), random.random()
    wanted = {pair for pair in wanted if pair[0] != never} or {("nic", "11/1") if never != "nic" else ("fpd", "5/10")}
    found = []
    for institution, quality in sorted(wanted | needed):
        since, closing = _since(person, first, random), random.random()
        until = None
        if closing < CLOSED and (institution, quality) not in needed and always > CLOSED:
            until = max(since, first - timedelta(days=1 + int(closing / CLOSED * 300)))
        found.append(
            {
                "person": person.number,
                "institution": institution,
                "quality": quality,
                "from": since.isoformat(),
                "until": until.isoformat() if until else None,
            }
        )
    return found + _further(person, first)


def _further(person: Person, first: date) -> list[Dossier]:
    """The files elsewhere: drawn apart, so that they change nothing of the rest of a population."""
    random = Random(person.number)  # noqa: S311 - a synthetic population
    return [
        {
            "person": person.number,
            "institution": institution,
            "quality": quality,
            "from": _since(person, first, random).isoformat(),
            "until": None,
        }
        for institution, quality, share in FURTHER
        if random.random() < share
    ]
