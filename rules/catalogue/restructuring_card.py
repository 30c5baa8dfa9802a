"""Restructuring card (DmfA deduction 0601): less personal contribution in the first quarters of a new job.

The amount was not found, so only the quarters are judged. The National Employment Office knows who has a card; without
a claim there is no finding. It is the worker's own money.
"""

from collections.abc import Iterator
from functools import partial

from rules.calculation.target_groups.times import nth_quarter
from rules.findings.deduction import Assessment, undetermined
from rules.findings.finding import UNKNOWN, Certainty, ConditionOutcome, Doubt, TraceStep, whether
from rules.findings.rule import QuarterRule
from rules.law.dated_figures import FigureRow, NoLaw
from rules.law.law import Law
from rules.view.situation import Situation
from rules.view.worker_line import Claim, DeclaredLine
from schemas.identifiers import quarter_days

NAME = "restructuring_card"
CODE = "0601"


def assess(situation: Situation, law: Law) -> Iterator[Assessment]:
    """Worker lines that name the deduction."""
    for line in situation.lines:
        claim = next((claim for claim in line.claims if claim.code == CODE), None)
        if claim and line.occupations:
            yield _assess(situation, line, claim, law)


def _assess(situation: Situation, line: DeclaredLine, claim: Claim, law: Law) -> Assessment:
    label, claimed = situation.line_label(line), line.claimed(CODE)
    first, _ = quarter_days(situation.quarter)
    row = law[NAME].at("quarters", first)
    steps: tuple[TraceStep, ...] = (_quarters(row, UNKNOWN),)
    if claim.start is not None:
        nth = nth_quarter(claim.start, situation.quarter)
        inside = 1 <= nth <= row.number("quarters")
        steps = (
            TraceStep("right since", claim.start.isoformat(), None, "DmfA zone 00090"),
            TraceStep("quarter of the right", str(nth), None, row.cited),
            _quarters(row, whether(inside)),
        )
        if not inside:
            doubt = Doubt(Certainty.LIKELY, "counted from the first day of the right as declared")
            return Assessment(CODE, line, None, label, 0, claimed, (doubt,), partial(iter, steps))
    amount = law[NAME].series["amount"].rows[-1]
    error = NoLaw("amount", first, amount.unknown or "", amount.sourced)
    doubt = Doubt(Certainty.UNDETERMINED, str(error))
    why = partial(iter, (*steps, *undetermined(error)))
    return Assessment(CODE, line, None, label, None, claimed, (doubt,), why)


def _quarters(row: FigureRow, outcome: ConditionOutcome) -> TraceStep:
    return TraceStep("quarters of the right", f"{row.number('quarters')}", None, row.cited, outcome)


RULE = QuarterRule(NAME, "citizen", assess, only_with=frozenset({CODE}))
