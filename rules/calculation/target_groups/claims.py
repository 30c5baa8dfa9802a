"""Finds the occupations on which a target group is claimed, with everything its conditions need."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from rules.calculation.combination import chosen
from rules.calculation.coverage import Subjection, all_branches
from rules.calculation.structural.base import contribution_rows
from rules.calculation.structural.category import Category, category
from rules.calculation.structural.measure import Measure, is_agency, measure
from rules.calculation.structural.terms import QuarterFigures, general
from rules.calculation.target_groups.times import RULE
from rules.findings.finding import Certainty, Doubt
from rules.law.dated_figures import FigureRow
from rules.law.law import Law
from rules.view.ages import ANY_AGE, Birth, birth
from rules.view.situation import Situation
from rules.view.worker_line import Claim, DeclaredLine, DeclaredOccupation
from schemas.identifiers import quarter_days

RAISE = 5, 4
"""W is raised by 25 % where a fund pays the year-end bonus."""


@dataclass(frozen=True, slots=True)
class ClaimContext:
    """One occupation in one quarter; `claim` is what it takes, or what another occupation of its line takes."""

    situation: Situation
    line: DeclaredLine
    occupation: DeclaredOccupation
    claim: Claim
    first: date
    last: date
    known: QuarterFigures
    measured: Measure
    law: Law
    category: Category
    worker: Subjection
    birth: Birth | None
    born: date | None
    """The birth date that is used: one of those in `birth`, None where not even the year is known."""

    def age(self, day: date) -> str:
        """The age on a day as a step states it."""
        return str(self.birth.ages(day) if self.birth else ANY_AGE)

    @property
    def bonus_quarter(self) -> bool:
        """Whether the year-end bonus falls in the quarter: the fourth, for temporary work the first."""
        agency = is_agency(self.line, self.occupation, self.known)
        return self.situation.quarter.endswith("Q1" if agency else "Q4")

    @property
    def rows(self) -> tuple[FigureRow, ...]:
        """The rows of figures every target group rests on: who is covered, category, wage, time, contributions."""
        known = self.known
        raised = (known.raised,) if self.situation.quarter.endswith(("Q1", "Q4")) else ()
        without = self.law[RULE].at("worker codes without", self.first)
        contributions = contribution_rows(self.line, self.occupation, self.category, known)
        shared = (without, known.wage, known.services, *contributions, *raised)
        return (*self.worker.why.rows, *self.category.rows, *shared)

    def below(self, limit: int, *, at_most: bool = False) -> tuple[bool, list[Doubt]]:
        """Whether S is below an amount in eurocents (or equal to it), and what is doubtful about that."""
        measured = self.measured
        readings = [measured.reference]
        if measured.raised:
            readings.append(measured.plain)
        if measured.third_party:
            readings.append(measured.reference * RAISE[0] // RAISE[1])
        answers = [wage < limit or (at_most and wage == limit) for wage in readings]
        if all(answers) or not any(answers):
            return answers[0], []
        reason = "S is below the limit or not, depending on how the year-end bonus is counted"
        return answers[0], [Doubt(Certainty.TO_CHECK, reason), *measured.third_party]


def place(
    situation: Situation, line: DeclaredLine, occupation: DeclaredOccupation, claim: Claim, law: Law
) -> ClaimContext:
    """An occupation as a target group sees it.

    Raises NoLaw.
    """
    first, last = quarter_days(situation.quarter)
    known, born = general(law, first), birth(situation.person)
    return ClaimContext(
        situation,
        line,
        occupation,
        claim,
        first,
        last,
        known,
        measure(situation, line, occupation, known),
        law,
        category(line, occupation, first, law),
        all_branches(line, situation.person, situation.quarter, law),
        born,
        born and born.earliest,
    )


def claims(
    situation: Situation, codes: frozenset[str], law: Law
) -> Iterator[tuple[DeclaredLine, DeclaredOccupation, Claim]]:
    """What is claimed under these codes, occupation by occupation, each code once with its whole amount.

    An occupation without a target group beside one that has it, on the same worker line, follows with nothing claimed.
    """
    for line in situation.lines:
        for occupation in line.occupations:
            seen: dict[str, Claim] = {}
            for claim in occupation.claims:
                if claim.code in codes:
                    before = seen.get(claim.code)
                    seen[claim.code] = replace(claim, amount=claim.amount + before.amount) if before else claim
            for claim in seen.values():
                yield line, occupation, claim
        if len(line.occupations) > 1:
            yield from _beside(line, codes, law)


def _beside(
    line: DeclaredLine, codes: frozenset[str], law: Law
) -> Iterator[tuple[DeclaredLine, DeclaredOccupation, Claim]]:
    every = all_codes(law)
    leading = next(
        (claim for occupation in line.occupations for claim in occupation.claims if claim.code in every), None
    )
    if leading is None or leading.code not in codes:
        return
    for occupation in line.occupations:
        if chosen(occupation.claims, every) is None:
            yield line, occupation, replace(leading, amount=0)


def all_codes(law: Law) -> frozenset[str]:
    """The deduction codes of target groups, of which an occupation has one."""
    return law[RULE].series["codes"].rows[-1].codes("codes")
