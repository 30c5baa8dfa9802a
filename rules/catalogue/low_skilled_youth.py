"""Low-skilled youth in Flanders (DmfA deduction 6300): no base contributions in the quarter of the hire and seven more.

The diploma and the region are taken from the claimed code; without a claim two facts are missing, and there is no
finding.
"""

from rules.calculation.target_groups.claims import ClaimContext
from rules.calculation.target_groups.grant import (
    DAY,
    Entitled,
    in_category,
    nth_of,
    open_until,
    target_group,
    unknown,
    within,
)
from rules.calculation.target_groups.times import RULE as TARGET_GROUPS
from rules.calculation.target_groups.times import end_of_quarter
from rules.findings.finding import TraceStep
from rules.law.rounding import cents
from rules.view.ages import age_on

NAME = "low_skilled_youth"
CODE = "6300"
HIRES, BELOW = "hires until", "below the age of"


def entitle(here: ClaimContext) -> Entitled:
    """All that is left, in the eight quarters of the right.

    Raises NoLaw.
    """
    right, start = Entitled(), here.claim.start
    row = here.law[NAME].at("right", here.first)
    if not open_until(right, here.law[NAME].series["right"], row):
        return right
    if not in_category(here, right, here.law[TARGET_GROUPS].at("category", here.first)):
        return right
    if start is None:
        return unknown(right, "the first day of the right is not declared (zone 00090)")
    if here.born is None:
        return unknown(right, "the national number holds no birth date")
    nth = nth_of(here, right, start, row)
    hires = here.law[NAME].at("hires", start)
    right.rows.append(hires)
    if not hires.number("open"):
        return right.refuse(HIRES, f"{hires.start - DAY}", hires.cited)
    right.hold(HIRES, f"{hires.end or 'open'}", hires.cited)
    if not within(right, nth, int(row.number("quarters")), row.cited):
        return right
    end = end_of_quarter(start)
    age = age_on(here.born, end)
    right.steps.append(TraceStep("age at the end of the quarter of the hire", here.age(end), "years", row.cited))
    if age >= row.number("age"):
        return right.refuse(BELOW, f"{row.number('age')}", row.cited, "years")
    right.hold(BELOW, f"{row.number('age')}", row.cited, "years")
    name = "limit_1" if nth <= row.number("first") else "limit_2"
    if not right.limited(here, row, cents(row.number(name))):
        return right
    return right.give_whole(row)


RULE = target_group(NAME, frozenset({CODE}), entitle)
