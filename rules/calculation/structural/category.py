"""Finds the category of the structural reduction from joint committee, employer class and worker code."""

from dataclasses import dataclass
from datetime import date

from rules.findings.finding import UNKNOWN, Certainty, Doubt
from rules.law.dated_figures import Citation, FigureRow
from rules.law.law import Law, per_law
from rules.view.worker_line import DeclaredLine, DeclaredOccupation

NAME = "structural_reduction"


@dataclass(frozen=True, slots=True)
class Category:
    """1, 2, 3 or 3bis, and what is doubtful about it."""

    name: str
    source: Citation
    doubts: tuple[Doubt, ...] = ()

    @property
    def rows(self) -> tuple[FigureRow, ...]:
        """The rows of figures it rests on."""
        return self.source.rows

    @property
    def sheltered(self) -> bool:
        """Whether it is sheltered or tailored work."""
        return self.name.startswith("3")


def category(line: DeclaredLine, occupation: DeclaredOccupation, day: date, law: Law) -> Category:
    """The category of an occupation on a day."""
    return _category(law, line.employer_class, line.worker_code, occupation.joint_committee, day)


@per_law
def _category(law: Law, employer_class: str, worker_code: str, number: str, day: date) -> Category:
    row, committee = law[NAME].at("joint committees", day), number.split(".", maxsplit=1)[0]
    if committee in row.codes("sheltered") or employer_class in row.codes("sheltered_classes"):
        return _sheltered(employer_class, worker_code, row)
    if number in row.codes_if_any("maribel_not"):
        reason = f"that joint committee {number} is the part of {committee} outside the Social Maribel is from memory"
        return Category("1", row.cited, (Doubt(Certainty.TO_CHECK, reason),))
    if committee in row.codes("maribel"):
        return Category("2", row.cited, (Doubt(Certainty.LIKELY, f"category 2 rests on a partial list: {row.cited}"),))
    if committee in row.codes("recalled"):
        reason = f"joint committee {committee} is under the Social Maribel from memory only"
        return Category("2", row.cited, (Doubt(Certainty.TO_CHECK, reason),))
    if committee in row.codes("unsettled"):
        reason = f"not settled whether joint committee {committee} is under the Social Maribel"
        return Category("1", row.cited, (Doubt(Certainty.TO_CHECK, reason, UNKNOWN),))
    if employer_class in row.codes_if_any("maribel_classes") and committee not in row.codes_if_any("maribel_1"):
        reason = f"not settled whether employer class {employer_class} is under the Social Maribel with {committee}"
        return Category("1", row.cited, (Doubt(Certainty.TO_CHECK, reason, UNKNOWN),))
    return Category("1", row.cited)


def _sheltered(employer_class: str, worker_code: str, row: FigureRow) -> Category:
    if worker_code in row.codes("target_workers"):
        reason = "no source settles the base contributions of workers without wage moderation"
        doubts = [Doubt(Certainty.LIKELY, reason)]
        if employer_class in row.codes_if_any("without_target_workers"):
            reason = f"employer class {employer_class} had no target workers before 2023: {row.cited}"
            doubts.append(Doubt(Certainty.TO_CHECK, reason))
        return Category("3bis", row.cited, tuple(doubts))
    return Category("3", row.cited, (Doubt(Certainty.LIKELY, f"category 3 rests on the joint committee: {row.cited}"),))
