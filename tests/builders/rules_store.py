"""What PostgreSQL holds for the rules between bundles, in memory; a contract test holds it to the real one."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from rules.catalogue import decide_all
from rules.law.law import Law
from rules.questions.reproduce import Reproduction, reproduce
from rules.stream.arrival import Arrived, arrive
from rules.stream.bundle import BundleOutcome, decide_bundle
from rules.stream.evidence import FactReader
from rules.stream.finding_changes import FindingState
from rules.stream.held_facts import FactKey, HeldFact, Slot
from rules.stream.person import Decide
from rules.stream.redecision import ChangedLaw, RedecisionOutcome, redecide
from tests.builders.facts import AT, Facts, narrow_book
from tests.builders.law import LAW


class MemoryStore:
    """Takes bundles as the rules do, and reads no more than the queries of `rules/sql` read."""

    def __init__(self, *, at: datetime = AT, decide: Decide = decide_all, law: Law = LAW) -> None:
        self._at = at
        self._law = law
        self._decide = decide
        self.reader = FactReader(narrow_book())
        self.facts: dict[FactKey, HeldFact] = {}
        self.earlier: list[HeldFact] = []
        self.states: dict[Slot, dict[str, FindingState]] = {}
        self.histories: dict[bytes, bytes] = {}
        self.read: list[int] = []
        """How many facts were read for each bundle."""

    def held_for(self, arrived: Arrived) -> list[HeldFact]:
        """As `held.sql`."""
        persons, quarters, decided = arrived.persons(), arrived.quarters(), arrived.with_decisions()
        return [
            fact
            for key, fact in self.facts.items()
            if key.person in persons
            and (key.quarter in quarters or key.person in decided or key.person not in self.histories)
        ]

    def states_for(self, arrived: Arrived) -> dict[Slot, dict[str, FindingState]]:
        """As `states.sql`."""
        persons, quarters, decided = arrived.persons(), arrived.quarters(), arrived.with_decisions()
        return {
            slot: dict(states)
            for slot, states in self.states.items()
            if slot.person in persons and (slot.quarter in quarters or slot.person in decided or not slot.employer)
        }

    def histories_for(self, arrived: Arrived) -> dict[bytes, bytes]:
        """As `histories.sql`."""
        return {person: packed for person, packed in self.histories.items() if person in arrived.persons()}

    def keep(self, outcome: BundleOutcome) -> None:
        """As the queries that write."""
        for fact in outcome.facts:
            kept = self.facts.get(fact.key)
            if kept is None or kept.version < fact.version:
                self.facts[fact.key] = fact
        self.earlier += outcome.earlier
        self.histories |= outcome.histories
        for slot, change in outcome.changes:
            self._publish(slot, change.state)

    def _publish(self, slot: Slot, state: FindingState) -> None:
        before = self.states.setdefault(slot, {}).get(state.finding)
        stood = before is not None and before.status != "withdrawn"
        assert state.version == (before.version if before else 0) + 1
        assert state.status in (("replaced", "withdrawn") if stood else ("found",))
        self.states[slot][state.finding] = state

    def arrived(self, *some: Facts) -> Arrived:
        """A bundle of these facts."""
        return arrive({"at": self._at, "facts": list(chain(*some))}, self.reader)

    def outcome(self, *some: Facts, decide: Decide | None = None) -> BundleOutcome:
        """What a bundle led to, also where persons failed; it is kept."""
        arrived = self.arrived(*some)
        held = self.held_for(arrived)
        self.read.append(len(held))
        outcome = decide_bundle(
            arrived, held, self.states_for(arrived), self.reader, self._law,
            decide=decide or self._decide, histories=self.histories_for(arrived),
        )  # fmt: skip
        self.keep(outcome)
        return outcome

    def take(self, *some: Facts) -> list[FindingState]:
        """The findings that a bundle published; nobody fails, and no finding changes twice."""
        outcome = self.outcome(*some)
        assert outcome.failures == []
        published = [change.state for _, change in outcome.changes]
        assert len({state.finding for state in published}) == len(published)
        return published

    def decide_again(self, law: ChangedLaw, at: datetime) -> RedecisionOutcome:
        """What a change of the law led to for everybody; it is kept."""
        persons = sorted({key.person for key in self.facts})
        held = [fact for fact in self.facts.values() if fact.key.quarter >= law.quarter or not fact.key.quarter]
        result = redecide(persons, held, self.states, self.histories, self.reader, law, at)
        self.keep(result.outcome)
        return result

    def everything(self) -> list[HeldFact]:
        """The facts that are held and those they replaced."""
        return [*self.facts.values(), *self.earlier]

    def published(self) -> Iterator[tuple[Slot, FindingState]]:
        """Every finding as it was published last."""
        for slot, states in self.states.items():
            for state in states.values():
                yield slot, state

    def finding_of(self, rule: str) -> tuple[Slot, FindingState]:
        """The one finding of a rule."""
        (found,) = ((slot, state) for slot, state in self.published() if state.record()["rule"] == rule)
        return found

    def again(self, rule: str, facts: list[HeldFact] | None = None, law: Law = LAW) -> Reproduction:
        """The finding of a rule, decided again."""
        slot, state = self.finding_of(rule)
        return reproduce(slot, state, self.everything() if facts is None else facts, self.reader, law)

    def standing(self) -> dict[str, str]:
        """What makes each finding that stands what it is."""
        return {state.finding: state.essence for _, state in self.published() if state.status != "withdrawn"}
