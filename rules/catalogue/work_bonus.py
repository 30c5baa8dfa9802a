"""Work bonus (DmfA deduction 0001): a low wage owes less of the worker's own contribution of 13.07 %.

Each month R = A + B at the reference wage S, times the fraction performed, at most the personal contribution due.
The employer applies it; what is missing was paid by the worker.
"""

from collections.abc import Iterator
from functools import partial

from rules.calculation.bonus.formula import NAME
from rules.calculation.bonus.monthly import BonusCalculation, calculate_bonus
from rules.calculation.bonus.steps import trace
from rules.calculation.coverage import Cover, Subjection, personal_contributions
from rules.findings.deduction import Assessment, undetermined
from rules.findings.finding import UNKNOWN, Certainty, Doubt
from rules.findings.rule import QuarterRule
from rules.law.dated_figures import NoLaw
from rules.law.law import Law
from rules.view.situation import Situation
from rules.view.worker_line import DeclaredLine

CODE = "0001"


def assess(situation: Situation, law: Law) -> Iterator[Assessment]:
    """What is due and what is taken, worker line by worker line: the deduction is declared there."""
    for line in situation.lines:
        if line.occupations:
            yield _assess(situation, line, law)


def _assess(situation: Situation, line: DeclaredLine, law: Law) -> Assessment:
    worker = personal_contributions(line, situation.person, situation.quarter, law)
    claimed, label = line.claimed(CODE), situation.line_label(line)
    if worker.cover is Cover.NOT_COVERED:
        return Assessment(CODE, line, None, label, 0, claimed, (), partial(iter, (worker.why,)))
    try:
        found = [
            calculate_bonus(occupation, situation.quarter, law, manual=worker.manual) for occupation in line.occupations
        ]
    except NoLaw as error:
        doubt = Doubt(Certainty.UNDETERMINED, str(error))
        return Assessment(CODE, line, None, label, None, claimed, (doubt,), partial(undetermined, error))
    due = None if any(one.due is None for one in found) else sum(one.due or 0 for one in found)
    return Assessment(
        CODE,
        line,
        None,
        label,
        due,
        claimed,
        tuple(_doubts(worker, found)),
        partial(trace, worker, found, law[NAME].statute),
    )


def _doubts(worker: Subjection, found: list[BonusCalculation]) -> Iterator[Doubt]:
    for reason in worker.doubts:
        yield Doubt(Certainty.TO_CHECK, reason, UNKNOWN)
    if len(found) > 1:
        yield Doubt(Certainty.LIKELY, "the line has several occupations, and the bonus is reckoned for each on its own")
    for one in found:
        yield from one.doubts


RULE = QuarterRule(NAME, "citizen", assess)
