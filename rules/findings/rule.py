"""The one shape of a rule: a name, and how it decides what it sees on a day by a law."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from rules.findings.deduction import Assessment, excesses, missed
from rules.findings.finding import Excess, Finding, Side, no_surer_than_its_figures
from rules.law.law import Law
from rules.view.history import PersonHistory
from rules.view.situation import Situation


@dataclass(frozen=True, slots=True)
class QuarterRule:
    """A rule over one quarter at one employer: it compares deductions with what is due, finds rights, or does both.

    `side` is whose money the deductions are. A rule with `only_with` has nothing to say where none of these deduction
    codes is taken: it is not asked.
    """

    name: str
    side: Side = "citizen"
    assess: Callable[[Situation, Law], Iterable[Assessment]] | None = None
    find: Callable[[Situation, date, Law], Iterable[Finding]] | None = None
    only_with: frozenset[str] = frozenset()

    def decide(self, situation: Situation, day: date, law: Law) -> list[Finding]:
        """What was missed, as seen on `day`."""
        return self.findings(situation, self.assessments(situation, law), day, law)

    def excesses(self, situation: Situation, law: Law) -> list[Excess]:
        """What was taken beyond what is due."""
        return list(excesses(self.name, self.assessments(situation, law)))

    def assessments(self, situation: Situation, law: Law) -> Sequence[Assessment]:
        """What is due and what is taken, deduction by deduction."""
        if self.assess is None or (self.only_with and self.only_with.isdisjoint(situation.taken)):
            return ()
        return list(self.assess(situation, law))

    def findings(self, situation: Situation, assessed: Sequence[Assessment], day: date, law: Law) -> list[Finding]:
        """What was missed in a situation that is assessed already, as seen on `day`."""
        found = list(missed(self.name, self.side, situation, assessed, day, law)) if assessed else []
        if self.find is not None:
            found += self.find(situation, day, law)
        return [no_surer_than_its_figures(one) for one in found]


@dataclass(frozen=True, slots=True)
class HistoryRule:
    """A rule over the history of a person: what it finds belongs to no employer."""

    name: str
    find: Callable[[PersonHistory, date, Law], Iterable[Finding]]

    def decide(self, history: PersonHistory, day: date, law: Law) -> list[Finding]:
        """What was missed, as known on `day`."""
        return [no_surer_than_its_figures(one) for one in self.find(history, day, law)]
