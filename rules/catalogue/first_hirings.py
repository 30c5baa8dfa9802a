"""First hirings (DmfA deductions 3315 to 3361): less is due for the first workers, by rank and quarter.

Pg = G x mu x beta_g. Rank, period and first day of the right are read from the code and its start date. Which hire
opens a right is known to the NSSO: a hire at a small employer is reported once, "to check".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from rules.calculation.target_groups.claims import ClaimContext
from rules.calculation.target_groups.grant import Entitled, assess_claims, nth_of, unknown, within
from rules.calculation.target_groups.possible import MissingFact, hired, possible, unclaimed
from rules.calculation.target_groups.times import RULE as TARGET_GROUPS
from rules.findings.deduction import Assessment
from rules.findings.finding import HELD, Certainty, Finding, TraceStep
from rules.findings.rule import QuarterRule
from rules.law.dated_figures import Citation, FigureRow, NoLaw
from rules.law.law import Law, per_law
from rules.view.situation import Situation
from schemas.identifiers import quarter_days

NAME = "first_hirings"
RANKS = range(1, 7)
PERIODS = range(1, 4)
CLOSED = "fourth and fifth hired from 2024 to June 2026"
MISSING = MissingFact(
    "rank of the hire",
    "NSSO: the workers of the twelve months before, and whether the employer is part of a technical business unit",
)


@per_law
def codes(law: Law) -> frozenset[str]:
    """The deduction codes of this rule."""
    row = law[NAME].series["codes"].rows[-1]
    return frozenset().union(*(row.codes(f"rank {rank}") for rank in RANKS))


def assess(situation: Situation, law: Law) -> Iterator[Assessment]:
    """What is due and what is taken, where a first hire is claimed."""
    return assess_claims(situation, law, codes=codes(law), entitle=entitle)


@dataclass(frozen=True, slots=True)
class HiringCode:
    """What a deduction code stands for."""

    rank: int
    period: int
    source: Citation


def read_code(code: str, law: Law) -> HiringCode:
    """Rank and period of a code."""
    row = law[NAME].series["codes"].rows[-1]
    rank = next(rank for rank in RANKS if code in row.codes(f"rank {rank}"))
    period = next((period for period in (2, 3) if code in row.codes(f"period {period}")), 1)
    return HiringCode(rank, period, row.cited)


def entitle(here: ClaimContext) -> Entitled:
    """G by rank, period and quarter of the right.

    Raises NoLaw.
    """
    right, law, start = Entitled(), here.law, here.claim.start
    code = read_code(here.claim.code, law)
    right.steps.append(TraceStep("rank of the hire", str(code.rank), None, code.source))
    if start is None:
        return unknown(right, "the first day of the right is not declared (zone 00090)")
    row = law[NAME].at(f"rank {code.rank}", here.first if code.rank == 1 else start)
    nth = nth_of(here, right, start, row)
    if code.rank == 1 and nth < 1:
        return right.refuse("quarters of the right", "not begun", row.cited)
    if code.rank == 1:
        _known(start, law)
        right.hold("quarters of the right", "without limit", row.cited)
        return right.give(row, "amount")
    if not row.number("window") and code.rank < RANKS[-1]:
        law[NAME].at(CLOSED, here.first)
    if not within(right, nth, int(row.number("window")), row.cited):
        return right
    return right.give(row, f"amount_{_period(right, row, code, nth)}")


def _known(start: date, law: Law) -> None:
    """Code 3315 is for hires from 2016.

    Raises NoLaw.
    """
    law[NAME].at("codes", start)


def _period(right: Entitled, row: FigureRow, code: HiringCode, nth: int) -> int:
    """The period whose amount is due: that of the code, unless it cannot have been reached yet."""
    known = [period for period in PERIODS if f"quarters_{period}" in row.figures]
    claimed = min(code.period, known[-1])
    used = 0
    for period in known:
        before, used = used, used + int(row.number(f"quarters_{period}"))
        if period == claimed and nth > before:
            if nth > used:
                reason = "by the code claimed fewer quarters were used than have gone by, which is not seen here"
                right.unseen(Certainty.LIKELY, reason)
            return period
        if nth <= used:
            right.doubt(Certainty.LIKELY, f"the period of the code claimed cannot begin before quarter {used + 1}")
            return period
    return claimed


def find_hires(situation: Situation, _day: date, law: Law) -> Iterator[Finding]:
    """The hire of the quarter that may open a right: at an employer that is not one of the larger ones."""
    if not hired(situation):
        return
    first, _ = quarter_days(situation.quarter)
    try:
        large, row = law[TARGET_GROUPS].at("larger employers", first), law[NAME].at("rank 1", first)
    except NoLaw:
        return
    owed: frozenset[str] = frozenset().union(*(line.contributions for line in situation.lines))
    found = next(unclaimed(situation, law), None)
    if not owed or owed & large.codes("codes") or found is None:
        return
    line, occupation = found
    steps = (
        TraceStep("hired on", f"{occupation.start}", None, "DmfA zone 00044", HELD),
        TraceStep("contribution of larger employers", "not owed", None, large.cited, HELD),
        TraceStep("highest G", f"{row.number('amount'):.2f}", "EUR", row.cited),
    )
    yield from possible(NAME, situation, line, occupation, steps, MISSING, law)


RULE = QuarterRule(NAME, "employer", assess, find_hires)
