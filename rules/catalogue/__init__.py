"""The rules: one file each, named after the concept of the law, its dated figures beside it."""

from collections.abc import Callable
from datetime import date

from rules.catalogue import income_guarantee, structural_reduction, work_bonus
from rules.finding import Excess, Finding
from rules.situation import Situation

Rule = Callable[[Situation, date], list[Finding]]

RULES: dict[str, Rule] = {
    "structural_reduction": structural_reduction.decide,
    "work_bonus": work_bonus.decide,
    "income_guarantee": income_guarantee.decide,
}
"""Every rule by its name, in the order findings are given."""


def decide_all(situation: Situation, day: date) -> list[Finding]:
    """What every rule finds, as seen on `day`."""
    return [finding for rule in RULES.values() for finding in rule(situation, day)]


def excesses(situation: Situation) -> list[Excess]:
    """What the declaration takes beyond what is due."""
    return [*structural_reduction.excesses(situation), *work_bonus.excesses(situation)]
