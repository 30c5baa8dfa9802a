"""Finds rights that nobody claimed and that depend on one fact outside DmfA: "to check", with who has that fact."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from rules.calculation.combination import chosen
from rules.calculation.coverage import all_branches, perhaps_all_branches
from rules.calculation.structural.floor import Floor, factor
from rules.calculation.structural.measure import measure
from rules.calculation.structural.terms import general
from rules.calculation.target_groups.claims import all_codes
from rules.calculation.target_groups.times import RULE
from rules.findings.finding import UNKNOWN, Certainty, Doubt, Finding, TraceStep, doubt_steps
from rules.law.dated_figures import NoLaw
from rules.law.law import Law
from rules.view.situation import Situation
from rules.view.worker_line import DeclaredLine, DeclaredOccupation
from schemas.identifiers import quarter_days


class MissingFact(NamedTuple):
    """The fact that is missing, and who has it."""

    fact: str
    holder: str


def possible(
    rule: str,
    situation: Situation,
    line: DeclaredLine,
    occupation: DeclaredOccupation,
    steps: Iterable[TraceStep],
    missing: MissingFact,
    law: Law,
) -> Iterator[Finding]:
    """The finding, without an amount, which depends on the missing fact; none below the floor of mu_glob."""
    if not works_enough(situation, line, occupation, law):
        return
    doubts = [
        Doubt(Certainty.TO_CHECK, f"{missing.fact}: {missing.holder}"),
        *(
            Doubt(Certainty.TO_CHECK, reason, UNKNOWN)
            for reason in all_branches(line, situation.person, situation.quarter, law).doubts
        ),
    ]
    lacking = TraceStep("not in the declaration", missing.fact, None, missing.holder, UNKNOWN)
    yield Finding(
        rule,
        "employer",
        situation.employer,
        situation.person,
        situation.quarter,
        situation.label(line, occupation),
        None,
        None,
        Decimal("0.00"),
        None,
        Certainty.TO_CHECK,
        (*steps, lacking, *doubt_steps(doubts)),
        situation.causes,
    )


def hired(situation: Situation) -> bool:
    """Whether the person is new at the employer in the quarter: every occupation begins in it."""
    first, last = quarter_days(situation.quarter)
    starts = [one.start for line in situation.lines for one in line.occupations]
    return bool(starts) and all(start is not None and first <= start <= last for start in starts)


def unclaimed(situation: Situation, law: Law) -> Iterator[tuple[DeclaredLine, DeclaredOccupation]]:
    """The occupations under all branches, where nothing of a target group is claimed on the line."""
    every = all_codes(law)
    for line in situation.lines:
        if any(chosen(occupation.claims, every) for occupation in line.occupations):
            continue
        if perhaps_all_branches(line, situation.person, situation.quarter, law):
            yield from ((line, occupation) for occupation in line.occupations)


def works_enough(situation: Situation, line: DeclaredLine, occupation: DeclaredOccupation, law: Law) -> bool:
    """Whether the fraction of the quarter is known and passes the floor, and a wage counts."""
    first, _ = quarter_days(situation.quarter)
    try:
        known, row = general(law, first), law[RULE].at("beta", first)
    except NoLaw:
        return False
    if not known.excluding.isdisjoint(occupation.wages) or occupation.wage(known.wage_codes) <= 0:
        return False
    measured = measure(situation, line, occupation, known)
    if not measured.mu or not measured.mu_glob or not measured.factor:
        return False
    floor = Floor(row, known.exceptions)
    found, _ = factor(floor, situation, line, occupation, measured.mu_glob, sheltered=False)
    return found is not None and found.factor > 0
