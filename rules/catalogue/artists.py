"""Artists (DmfA deduction 4300): a fixed amount per quarter where the reference wage S is high enough.

Worker code 046 stands in no list of who is under all branches, so nothing here is ever more than "to check".
"""

from collections.abc import Iterator
from datetime import date

from rules.calculation.target_groups.grant import Entitled, assess_claims, in_category
from rules.calculation.target_groups.place import Place
from rules.calculation.target_groups.times import RULE as TARGET_GROUPS
from rules.findings.deduction import Assessment, Deduction
from rules.findings.finding import Certainty, Excess, Finding
from rules.law.parameters import load
from rules.law.rounding import cents
from rules.view.situation import Situation

NAME = "artists"
CODE = "4300"
RULE = Deduction(NAME, CODE, "employer")


def decide(situation: Situation, day: date) -> list[Finding]:
    """Where less is taken than the right gives, as seen on `day`."""
    return RULE.findings(situation, assess(situation), day)


def excesses(situation: Situation) -> list[Excess]:
    """Where more was taken than is due."""
    return RULE.excesses(assess(situation))


def assess(situation: Situation) -> Iterator[Assessment]:
    """What is due and what is taken, where it is claimed."""
    return assess_claims(situation, frozenset({CODE}), entitle)


def entitle(here: Place) -> Entitled:
    """G of an artist.

    Raises NoLaw.
    """
    right = Entitled()
    if not in_category(here, right, load(TARGET_GROUPS).at("category", here.first)):
        return right
    floor = load(NAME).at("floor", here.first)
    if right.limited(here, floor, cents(floor.number("floor")), wanted=False):
        return right
    abolished = load(NAME).series["Flanders"].rows[0]
    if here.first >= abolished.start:
        right.unseen(Certainty.TO_CHECK, f"the region is not declared, and Flanders abolished it: {abolished.cited}")
    return right.give(load(NAME).at("amount", here.first), "amount")
