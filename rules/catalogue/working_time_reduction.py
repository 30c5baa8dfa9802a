"""Collective reduction of working time and four-day week (DmfA deductions 3500, 3510, 3520), for some quarters.

Counted from the quarter after the introduction, which is declared in block 90250 or, less exactly, in zone 00090. Its
scope (all staff or a category) follows from the code; without a claim there is no finding.
"""

from rules.calculation.target_groups.claims import ClaimContext
from rules.calculation.target_groups.grant import Entitled, in_category, target_group
from rules.calculation.target_groups.times import RULE as TARGET_GROUPS
from rules.calculation.target_groups.times import nth_quarter
from rules.findings.finding import HELD, UNKNOWN, Certainty, TraceStep
from rules.law.dated_figures import FigureRow
from rules.law.rounding import plain, scaled

NAME = "working_time_reduction"
HOURS, WEEK, BOTH = "3500", "3510", "3520"
CODES = frozenset({HOURS, WEEK, BOTH})
STEPS = (1, 2, 3)
LEAST_HOURS = "least weekly hours"
X100 = 100
"""Hours and days are kept x 100."""


def entitle(here: ClaimContext) -> Entitled:
    """G by hours, four-day week and quarter.

    Raises NoLaw.
    """
    right, code = Entitled(), here.claim.code
    if not in_category(here, right, here.law[TARGET_GROUPS].at("category", here.first)):
        return right
    amounts, row = (here.law[NAME].at(name, here.first) for name in ("amounts", "quarters"))
    right.rows.append(row)
    if not _part_time(here, right):
        return right
    quarters = _quarters_by_hours(here, right, row) if code != WEEK else 0
    if code != HOURS and here.occupation.days_per_week > scaled(row.number("days"), X100):
        reason = "a four-day week may be spread over three full days and two half ones, which is not declared"
        right.unseen(Certainty.LIKELY, reason)
    nths = _nths(here, right)
    readings = {_name(code, nth, quarters, int(row.number("week"))) for nth in nths}
    if len(readings) > 1:
        reason = "by the first day of the right alone its last quarter is not certain (block 90250 is not there)"
        right.unseen(Certainty.TO_CHECK, reason)
    name = _name(code, nths[0], quarters, int(row.number("week")))
    most = str(max(quarters, int(row.number("week"))))
    if name is None:
        return right.refuse("quarters of the right", most, row.cited)
    unsure = len(readings) > 1 or nths[0] is None
    right.hold("quarters of the right", most, row.cited, outcome=UNKNOWN if unsure else HELD)
    return right.give(amounts, name)


def _name(code: str, nth: int | None, quarters: int, week: int) -> str | None:
    """`one`, `both` or None: which amount holds in the quarter `nth` (None: not known, and taken to be one of them)."""
    shorter = code != WEEK and (nth is None or 1 <= nth <= quarters) and quarters > 0
    four_days = code != HOURS and (nth is None or 1 <= nth <= week)
    if shorter and four_days:
        return "both"
    return "one" if shorter or four_days else None


def _quarters_by_hours(here: ClaimContext, right: Entitled, row: FigureRow) -> int:
    """The number of quarters that the weekly hours afterwards give."""
    change = here.claim.shortening
    after = change.after if change and change.after is not None else here.occupation.reference_hours
    if after is None:
        right.unseen(Certainty.LIKELY, "the weekly hours afterwards are not declared (zones 00049, 00148)")
        return int(row.number("quarters_1"))
    right.steps.append(TraceStep("weekly hours afterwards", plain(after), "hours", row.cited))
    if change and change.before is not None and change.before - after < scaled(row.number("least"), X100):
        right.doubt(Certainty.TO_CHECK, f"working time was reduced by less than an hour: {row.cited}")
        return 0
    for step in STEPS:
        if after <= scaled(row.number(f"hours_{step}"), X100):
            return int(row.number(f"quarters_{step}"))
    return 0


def _nths(here: ClaimContext, right: Entitled) -> list[int | None]:
    """Which quarter after the introduction this is; two readings where only the first day of the right is declared."""
    change, start = here.claim.shortening, here.claim.start
    if change and change.on:
        nth = nth_quarter(change.on, here.situation.quarter) - 1
        right.steps.append(TraceStep("introduced on", change.on.isoformat(), None, "DmfA zone 00143"))
        right.steps.append(TraceStep("quarter of the right", str(nth), None, "counted from the quarter after"))
        return [nth]
    if start:
        nth = nth_quarter(start, here.situation.quarter)
        right.steps.append(TraceStep("right since", start.isoformat(), None, "DmfA zone 00090"))
        right.steps.append(TraceStep("quarter of the right", str(nth), None, here.law[NAME].statute))
        return [nth, nth - 1]
    right.unseen(Certainty.LIKELY, "the day of the introduction is not declared (zones 00090, 00143)")
    return [None]


def _part_time(here: ClaimContext, right: Entitled) -> bool:
    """Whether a part-timer has hours enough; introduced before the rule, everybody has."""
    row = here.law[NAME].series["part-timers"].rows[0]
    hours = here.occupation.mean_hours
    if not here.occupation.part_time:
        return True
    least = f"{row.number('hours')}"
    if hours is not None and hours >= scaled(row.number("hours"), X100):
        right.hold(LEAST_HOURS, least, row.cited, "hours")
        return True
    change = here.claim.shortening
    on = change.on if change and change.on else here.claim.start
    if on is not None and on < row.start:
        return True
    if on is None or hours is None:
        right.hold(LEAST_HOURS, least, row.cited, "hours", UNKNOWN)
        right.unseen(Certainty.TO_CHECK, f"part-timers need {least} hours: {row.cited}")
        return True
    right.refuse(LEAST_HOURS, least, row.cited, "hours")
    return False


RULE = target_group(NAME, CODES, entitle)
