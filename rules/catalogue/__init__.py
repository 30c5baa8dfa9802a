"""The rules: one file each, named after the concept of the law, its dated figures beside it."""

from collections.abc import Callable
from datetime import date

from rules.catalogue import (
    artists,
    first_hirings,
    income_guarantee,
    low_skilled_youth,
    mentors,
    no_recent_work_experience,
    older_workers,
    restructuring_card,
    structural_reduction,
    work_bonus,
    working_time_reduction,
)
from rules.finding import Excess, Finding
from rules.situation import Situation

Rule = Callable[[Situation, date], list[Finding]]

RULES: dict[str, Rule] = {
    "structural_reduction": structural_reduction.decide,
    "first_hirings": first_hirings.decide,
    "older_workers": older_workers.decide,
    "low_skilled_youth": low_skilled_youth.decide,
    "no_recent_work_experience": no_recent_work_experience.decide,
    "working_time_reduction": working_time_reduction.decide,
    "mentors": mentors.decide,
    "artists": artists.decide,
    "restructuring_card": restructuring_card.decide,
    "work_bonus": work_bonus.decide,
    "income_guarantee": income_guarantee.decide,
}
"""Every rule by its name, in the order findings are given."""

EXCESSES = (
    structural_reduction.excesses,
    first_hirings.excesses,
    older_workers.excesses,
    low_skilled_youth.excesses,
    no_recent_work_experience.excesses,
    working_time_reduction.excesses,
    mentors.excesses,
    artists.excesses,
    restructuring_card.excesses,
    work_bonus.excesses,
)
"""The rules about deductions, which can be taken too high."""


def decide_all(situation: Situation, day: date) -> list[Finding]:
    """What every rule finds, as seen on `day`."""
    return [finding for rule in RULES.values() for finding in rule(situation, day)]


def excesses(situation: Situation) -> list[Excess]:
    """What the declaration takes beyond what is due."""
    return [excess for rule in EXCESSES for excess in rule(situation)]
