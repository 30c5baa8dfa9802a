"""Artists (DmfA deduction 4300): a fixed amount per quarter where the reference wage S is high enough.

Worker code 046 is in no list of workers under all branches, so a finding is at most "to check".
"""

from rules.calculation.target_groups.claims import ClaimContext
from rules.calculation.target_groups.grant import Entitled, in_category, target_group
from rules.calculation.target_groups.times import RULE as TARGET_GROUPS
from rules.findings.finding import Certainty
from rules.law.rounding import cents

NAME = "artists"
CODE = "4300"


def entitle(here: ClaimContext) -> Entitled:
    """G of an artist.

    Raises NoLaw.
    """
    right = Entitled()
    if not in_category(here, right, here.law[TARGET_GROUPS].at("category", here.first)):
        return right
    floor = here.law[NAME].at("floor", here.first)
    if right.limited(here, floor, cents(floor.number("floor")), wanted=False):
        return right
    abolished = here.law[NAME].series["Flanders"].rows[0]
    if here.first >= abolished.start:
        right.unseen(Certainty.TO_CHECK, f"the region is not declared, and Flanders abolished it: {abolished.cited}")
    return right.give(here.law[NAME].at("amount", here.first), "amount")


RULE = target_group(NAME, frozenset({CODE}), entitle)
