"""Finds the multiplication factor of an occupation, and what is doubtful below the floor of 0.275."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rules.calculation.fraction import Beta, below_floor, contract_share, half_time, multiplication_factor
from rules.findings.finding import HELD, Certainty, Doubt, TraceStep, whether
from rules.law.dated_figures import Citation, FigureRow, citing
from rules.law.rounding import decimals, plain
from rules.view.situation import Situation
from rules.view.worker_line import DeclaredLine, DeclaredOccupation


@dataclass(frozen=True, slots=True)
class Floor:
    """The parameters of beta, those of the structural reduction or of the target groups, and who is excepted.

    `exceptions` is None where the list of exceptions is not known: then contracts of at least half time alone are.
    """

    beta: FigureRow
    exceptions: FigureRow | None

    @property
    def half_time(self) -> FigureRow:
        """The row that says which contracts are at least half time."""
        return self.exceptions or self.beta

    def excepts(self, line: DeclaredLine, occupation: DeclaredOccupation) -> str | None:
        """The joint committee or worker code that is excepted by name, None where neither is."""
        if self.exceptions is None:
            return None
        committee = occupation.joint_committee.split(".")[0]
        if committee in self.exceptions.codes("committees"):
            return committee
        return line.worker_code if line.worker_code in self.exceptions.codes("artists") else None

    def exempt(self, line: DeclaredLine, occupation: DeclaredOccupation) -> bool | None:
        """Whether the occupation is excepted; None when the hours of its contract would tell and are not known."""
        return True if self.excepts(line, occupation) else half_time(occupation, self.half_time)


def factor(
    floor: Floor,
    situation: Situation,
    line: DeclaredLine,
    occupation: DeclaredOccupation,
    total: int,
    *,
    sheltered: bool,
) -> tuple[Beta | None, list[Doubt]]:
    """The factor for mu_glob x 100; None when the exception below its floor cannot be judged."""
    exempt = floor.exempt(line, occupation)
    found = multiplication_factor(floor.beta, total, bool(exempt) or sheltered)
    if not found.below_floor:
        return found, []
    if exempt:
        if not all(floor.exempt(other, one) for other in situation.lines for one in other.occupations):
            reason = f"mu_glob is below the floor and not every occupation is excepted: {floor.half_time.cited}"
            return found, [Doubt(Certainty.TO_CHECK, reason)]
        if floor.exceptions is None:
            reason = f"mu_glob is below the floor and the contract at least half time: {floor.beta.cited}"
            return found, [Doubt(Certainty.LIKELY, reason)]
        return found, []
    if sheltered:
        reason = "mu_glob is below the floor; that the employer class excepts sheltered work is from memory"
        return found, [Doubt(Certainty.TO_CHECK, reason)]
    if exempt is None:
        reason = "mu_glob is below the floor and the hours of the contract are not declared"
        return None, [Doubt(Certainty.UNDETERMINED, reason)]
    return found, []


def floor_steps(floor: Floor, line: DeclaredLine, occupation: DeclaredOccupation, total: int) -> Iterator[TraceStep]:
    """mu_glob x 100 as a condition, and below the floor what may except it: a name, or the share of the contract."""
    above = not below_floor(floor.beta, total)
    yield TraceStep("mu_glob", plain(total), None, _at_least(floor.beta, "floor"), whether(above))
    if above:
        return
    if named := floor.excepts(line, occupation):
        yield TraceStep("exception to the floor", named, None, floor.half_time.cited, HELD)
        return
    share = contract_share(occupation)
    value = "unknown" if share is None else decimals(share)
    outcome = whether(half_time(occupation, floor.half_time))
    yield TraceStep("Q / S", value, None, _at_least(floor.half_time, "half_time"), outcome)


@lru_cache(maxsize=256)
def _at_least(row: FigureRow, figure: str) -> Citation:
    return citing(f"at least {row.number(figure)}: {row.cited}", row)
