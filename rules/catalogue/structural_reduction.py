"""Structural reduction of employer contributions (DmfA deduction 3000): due for every worker under all branches.

R  = F + alpha x (S0 - S) + gamma x (S2 - S) + delta x (W - S1), each difference at least 0, each product to the cent
Ps = R x mu x beta_s, to the cent; at most R, and at most the base contributions of the occupation
"""

from collections.abc import Iterator
from datetime import date
from functools import partial

from rules.calculation.coverage import Cover, Subjection, all_branches
from rules.calculation.structural.category import NAME
from rules.calculation.structural.reduction import calculate_reduction
from rules.calculation.structural.steps import trace, without_wage
from rules.calculation.structural.terms import QuarterFigures, general
from rules.findings.deduction import Assessment, undetermined
from rules.findings.finding import Certainty, Doubt
from rules.findings.rule import QuarterRule
from rules.law.dated_figures import NoLaw
from rules.law.law import Law
from rules.view.situation import Situation
from rules.view.worker_line import DeclaredLine, DeclaredOccupation
from schemas.identifiers import quarter_days

CODE = "3000"


def assess(situation: Situation, law: Law) -> Iterator[Assessment]:
    """What is due and what is taken, occupation by occupation."""
    first, _ = quarter_days(situation.quarter)
    for line in situation.lines:
        if not line.occupations:
            continue
        worker = all_branches(line, situation.person, situation.quarter, law)
        for occupation in line.occupations:
            try:
                yield _assess(situation, line, occupation, worker, first, law)
            except NoLaw as error:
                label, claimed = situation.label(line, occupation), occupation.claimed(CODE)
                doubt = Doubt(Certainty.UNDETERMINED, str(error))
                yield Assessment(CODE, line, occupation, label, None, claimed, (doubt,), partial(undetermined, error))


def _assess(
    situation: Situation, line: DeclaredLine, occupation: DeclaredOccupation, worker: Subjection, first: date, law: Law
) -> Assessment:
    label, claimed = situation.label(line, occupation), occupation.claimed(CODE)
    if worker.cover is Cover.NOT_COVERED:
        return Assessment(CODE, line, occupation, label, 0, claimed, (), partial(iter, (worker.why,)))
    known = general(law, first)
    if not _counts(occupation, known):
        why = partial(without_wage, worker, occupation, known)
        return Assessment(CODE, line, occupation, label, 0, claimed, (), why)
    result = calculate_reduction(situation, line, occupation, worker, first, law)
    return Assessment(CODE, line, occupation, label, result.due, claimed, tuple(result.doubts), partial(trace, result))


def _counts(occupation: DeclaredOccupation, known: QuarterFigures) -> bool:
    """Whether the occupation has a wage that counts, and none of the remunerations that exclude it."""
    return known.excluding.isdisjoint(occupation.wages) and occupation.wage(known.wage_codes) > 0


RULE = QuarterRule(NAME, "employer", assess)
