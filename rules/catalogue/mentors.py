"""Mentors (DmfA deduction 3800): an amount for workers who guide trainees, today in the German-speaking Community only.

Who is a mentor is read from the code claimed; where nothing is claimed nothing is told.
"""

from collections.abc import Iterator
from datetime import date

from rules.calculation.target_groups.grant import Entitled, assess_claims, in_category
from rules.calculation.target_groups.place import Place
from rules.calculation.target_groups.times import RULE as TARGET_GROUPS
from rules.findings.deduction import Assessment, Deduction
from rules.findings.finding import Certainty, Excess, Finding
from rules.law.parameters import load
from rules.view.situation import Situation

NAME = "mentors"
CODE = "3800"
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
    """G of a mentor.

    Raises NoLaw.
    """
    right = Entitled()
    if not in_category(here, right, load(TARGET_GROUPS).at("category", here.first)):
        return right
    reason = (
        "for how many trainees a mentor counts, and until when outside the German-speaking Community, was not found"
    )
    right.unseen(Certainty.LIKELY, reason)
    return right.give(load(NAME).at("right", here.first), "amount")
