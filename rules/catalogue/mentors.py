"""Mentors (DmfA deduction 3800): an amount for workers who guide trainees, today in the German-speaking Community only.

Whether a worker is a mentor is taken from the claimed code; without a claim there is no finding.
"""

from rules.calculation.target_groups.claims import ClaimContext
from rules.calculation.target_groups.grant import Entitled, in_category, target_group
from rules.calculation.target_groups.times import RULE as TARGET_GROUPS
from rules.findings.finding import Certainty

NAME = "mentors"
CODE = "3800"


def entitle(here: ClaimContext) -> Entitled:
    """G of a mentor.

    Raises NoLaw.
    """
    right = Entitled()
    if not in_category(here, right, here.law[TARGET_GROUPS].at("category", here.first)):
        return right
    reason = (
        "for how many trainees a mentor counts, and until when outside the German-speaking Community, was not found"
    )
    right.unseen(Certainty.LIKELY, reason)
    return right.give(here.law[NAME].at("right", here.first), "amount")


RULE = target_group(NAME, frozenset({CODE}), entitle)
