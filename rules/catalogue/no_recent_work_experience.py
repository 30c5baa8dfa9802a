"""No recent sustained work experience, Flanders (DmfA deduction 6340): 1,000 in the quarter of the hire and three more.

VDAB attests that somebody was a job seeker without work for two years (Ecaro). It is taken from the claimed code;
without a claim that and the region are missing, and there is no finding.
"""

from datetime import date

from rules.calculation.target_groups.claims import ClaimContext
from rules.calculation.target_groups.grant import Entitled, in_category, nth_of, target_group, unknown, within
from rules.calculation.target_groups.times import RULE as TARGET_GROUPS
from rules.calculation.target_groups.times import end_of_quarter, pension
from rules.findings.finding import Certainty, TraceStep
from rules.law.dated_figures import FigureRow
from rules.law.rounding import cents
from rules.view.ages import age_on

NAME = "no_recent_work_experience"
CODE = "6340"
HIRES, PENSION_AGE = "hires from", "pension age reached on"


def entitle(here: ClaimContext) -> Entitled:
    """G in the four quarters of the right.

    Raises NoLaw.
    """
    right, start = Entitled(), here.claim.start or here.occupation.start
    if not in_category(here, right, here.law[TARGET_GROUPS].at("category", here.first)):
        return right
    if start is None:
        return unknown(right, "the day of the hire is not declared (zones 00044, 00090)")
    if here.born is None:
        return unknown(right, "the national number holds no birth date")
    row = here.law[NAME].series["right"].rows[0]
    nth = nth_of(here, right, start, row)
    if start < row.start:
        return right.refuse(HIRES, row.start.isoformat(), row.cited)
    right.hold(HIRES, row.start.isoformat(), row.cited)
    if not within(right, nth, int(row.number("quarters")), row.cited):
        return right
    if here.claim.start is None:
        reason = "who comes back within four quarters goes on counting, and the first day of the right is not declared"
        right.unseen(Certainty.LIKELY, reason)
    if not _of_age(here, right, here.born, start):
        return right
    if not right.limited(here, row, cents(row.number("limit"))):
        return right
    return right.give(row, "amount")


def _of_age(here: ClaimContext, right: Entitled, born: date, start: date) -> bool:
    row, end = here.law[NAME].at("ages", start), end_of_quarter(start)
    age = age_on(born, end)
    right.steps.append(TraceStep("age at the end of the quarter of the hire", here.age(end), "years", row.cited))
    if "school" in row.figures:
        return _after_school(here, right, age, start) and _before_pension(here, right, born, end, row)
    value = f"{row.number('age')}-{row.number('below') - 1}"
    if row.number("age") <= age < row.number("below"):
        right.hold("ages", value, row.cited, "years")
        return True
    right.refuse("ages", value, row.cited, "years")
    return False


def _after_school(here: ClaimContext, right: Entitled, age: int, start: date) -> bool:
    row = here.law[NAME].at("compulsory school", start)
    least = f"{row.number('age') + 1}"
    if age > row.number("age"):
        right.hold("least age", least, row.cited, "years")
        right.rows.append(row)
        return True
    right.refuse("least age", least, row.cited, "years")
    right.rest_on(row)
    return False


def _before_pension(here: ClaimContext, right: Entitled, born: date, end: date, row: FigureRow) -> bool:
    reached = pension(here.law, born)[0]
    if reached > end:
        right.hold(PENSION_AGE, f"{reached}", row.cited)
        return True
    right.refuse(PENSION_AGE, f"{reached}", row.cited)
    return False


RULE = target_group(NAME, frozenset({CODE}), entitle)
