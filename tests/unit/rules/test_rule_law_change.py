"""Law that changes backwards: what it makes different is found again, replaced or withdrawn, and nothing else."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain
from typing import Any

import pytest

from rules.casebook.case_events import events
from rules.catalogue import decide_all
from rules.law.dated_figures import FigureRow, SourceQuality
from rules.law.knowledge import first_known, known_on, last_known, learned_since
from rules.law.law import Law
from rules.questions.reproduce import reproduce
from rules.stream.arrival import arrive
from rules.stream.bundle import decide_bundle
from rules.stream.evidence import FactReader
from rules.stream.finding_changes import FindingState, LawChange
from rules.stream.held_facts import HeldFact, Slot
from rules.stream.redecision import ChangedLaw, RedecisionOutcome, redecide
from rules.view.required_fields import NEEDS
from rules.view.situation import situation
from schemas.codec import encode_body
from schemas.contracts import Contract, contract, make
from schemas.fields import narrower
from schemas.registry import SchemaBook
from schemas.twins.rules_facts import Fact
from tests.builders.law import LAW

KINDS = ("declarations.wages", "declarations.working-time", "declarations.contributions")
NARROW: dict[str, Contract] = {kind: make(kind, narrower(contract(kind).schema, NEEDS[kind])) for kind in KINDS}
BOOK = SchemaBook()
for _narrow in NARROW.values():
    BOOK.add(_narrow)
ANNE, BART = b"a" * 16, b"b" * 16
DECREED = date(2027, 3, 1)
DECIDED, AGAIN = datetime(2026, 12, 20, tzinfo=UTC), datetime(2027, 3, 2, tzinfo=UTC)
SERIES = "category 1"


def corrected(law: Law, known: date, **figures: str) -> Law:
    """The law after a decree that changes the third quarter of 2026 for the structural reduction backwards."""
    rule = law["structural_reduction"]
    series = rule.series[SERIES]
    old = series.at(date(2026, 7, 1))
    row = replace(
        old,
        start=date(2026, 7, 1),
        end=date(2026, 9, 30),
        figures={**old.figures, **{name: Decimal(value) for name, value in figures.items()}},
        quality=SourceQuality.REPO,
        source="A decree that reaches back",
        known=known,
    )
    changed = replace(rule, series={**rule.series, SERIES: replace(series, written=(*series.written, row))})
    return Law({**law.parameters, "structural_reduction": changed})


BEFORE = LAW
AFTER = corrected(LAW, DECREED, gamma="0.30")


def facts(person: bytes, case: dict[str, Any]) -> list[Fact]:
    envelope = {
        "declaration": f"{case['quarter']}-{person!r}", "version": 1, "status": "original", "occurred_at": DECIDED,
        "trace_parent": "", "deliberation": "24/100@1", "replay": False,
    }  # fmt: skip
    return [
        {
            "person": person,
            "contract": NARROW[kind].id,
            "body": encode_body(NARROW[kind], {**event, **envelope, "event": f"{kind}-{case['quarter']}-{person!r}"}),
        }
        for kind, event in zip(KINDS, events(case), strict=True)
    ]


LOW: dict[str, Any] = {"quarter": "2026Q3", "wage": {1: 6771.00}, "days": {1: 66}, "claimed on the line": {1: 900.00}}


class Held:
    """What the stream holds of some persons."""

    def __init__(self) -> None:
        self.facts: dict[Any, HeldFact] = {}
        self.states: dict[Slot, dict[str, FindingState]] = {}
        self.reader = FactReader(BOOK)

    def take(self, some: list[Fact], law: Law = BEFORE, at: datetime = DECIDED) -> None:
        arrived = arrive({"at": at, "facts": some}, self.reader)
        outcome = decide_bundle(arrived, list(self.facts.values()), self.states, self.reader, law)
        assert outcome.failures == []
        self.facts |= {one.key: one for one in outcome.facts}
        self._keep(outcome.changes)

    def again(self, before: Law = BEFORE, after: Law = AFTER, since: date = DECREED) -> RedecisionOutcome:
        persons = sorted({fact.key.person for fact in self.facts.values()})
        learned = learned_since(since, after)
        law = ChangedLaw(before, after, "2026Q3", LawChange(since, tuple(row.version for row in learned)))
        result = redecide(persons, self.facts.values(), self.states, {}, self.reader, law, AGAIN)
        self._keep(result.outcome.changes)
        return result

    def _keep(self, changes: list[Any]) -> None:
        for slot, change in changes:
            self.states.setdefault(slot, {})[change.state.finding] = change.state

    def told(self) -> list[tuple[str, int, str, int | None]]:
        records = [state.record() for states in self.states.values() for state in states.values()]
        return sorted((one["rule"], one["version"], one["status"], one["missing"]) for one in records)


def test_a_finding_is_replaced_and_says_which_figures_became_known_and_since_when() -> None:
    held = Held()
    held.take(facts(ANNE, LOW))
    (before,) = [one for one in held.told() if one[0] == "structural_reduction"]
    result = held.again()
    ((slot, change),) = result.outcome.changes
    record = change.state.record()
    assert (slot.person, record["version"], record["status"]) == (ANNE, 2, "replaced")
    assert record["missing"] > (before[3] or 0)
    learned = learned_since(DECREED, AFTER)
    assert record["law_change"] == {"known": DECREED, "parameters": [row.version for row in learned]}
    assert {row.version for row in learned} <= set(record["parameters"])
    assert f" | {DECREED} | " in learned[0].version
    assert list(result.outcome.tallies) == [("told", "")]


def test_who_is_not_touched_is_told_nothing_also_where_the_rules_would_find_otherwise_today() -> None:
    held = Held()
    held.take(facts(ANNE, {**LOW, "quarter": "2026Q4"}))
    stale = {
        slot: {name: replace(state, essence="as an older release decided it") for name, state in states.items()}
        for slot, states in held.states.items()
    }
    held.states = stale
    assert held.again().outcome.changes == []


def test_a_second_time_and_the_same_law_change_nothing() -> None:
    held = Held()
    held.take(facts(ANNE, LOW))
    assert held.again(AFTER, AFTER).outcome.changes == []
    assert len(held.again().outcome.changes) == 1
    assert held.again().outcome.changes == []


def test_a_correction_of_a_correction_is_told_as_one_more_version() -> None:
    held = Held()
    held.take(facts(ANNE, LOW))
    first = held.told()
    held.again()
    back = corrected(
        AFTER, date(2027, 4, 1), gamma=f"{LAW['structural_reduction'].at(SERIES, date(2026, 7, 1)).number('gamma')}"
    )
    held.again(AFTER, back, date(2027, 4, 1))
    (now,) = [one for one in held.told() if one[0] == "structural_reduction"]
    (then,) = [one for one in first if one[0] == "structural_reduction"]
    assert now == ("structural_reduction", 3, "replaced", then[3])


def test_a_finding_that_the_new_law_does_not_give_is_withdrawn_and_one_it_gives_is_found() -> None:
    nothing = corrected(LAW, DECREED, alpha="0", gamma="0")
    held = Held()
    held.take(facts(ANNE, LOW))
    ((_, change),) = held.again(BEFORE, nothing).outcome.changes
    assert (change.state.status, change.state.record()["law_change"]["known"]) == ("withdrawn", DECREED)
    again = corrected(nothing, date(2027, 4, 1), alpha="0.14", gamma="0.16")
    ((_, change),) = held.again(nothing, again, date(2027, 4, 1)).outcome.changes
    assert (change.state.status, change.state.version) == ("found", 3)


def test_a_declaration_that_comes_after_the_decree_and_before_the_command_is_told_once() -> None:
    held = Held()
    held.take(facts(ANNE, LOW), AFTER, AGAIN)
    assert held.again().outcome.changes == []


def test_somebody_whose_case_raises_stays_as_it_was_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held()
    for person in (ANNE, BART):
        held.take(facts(person, LOW))

    def raises(seen: Any, day: date, law: Law) -> Any:
        if law is AFTER and any("b'aaaa" in event for events in seen.declared for event in events):
            raise ZeroDivisionError(seen.person)
        return decide_all(seen, day, law)

    monkeypatch.setattr("rules.stream.redecision.decide_all", raises)
    result = held.again()
    assert [slot.person for slot, _ in result.outcome.changes] == [BART]
    assert list(result.problems) == [ANNE]
    assert result.problems[ANNE].startswith("ZeroDivisionError in test_rule_law_change.py")


def test_a_finding_is_reproduced_by_the_law_that_was_known_when_it_was_made() -> None:
    held = Held()
    held.take(facts(ANNE, LOW))
    ((slot, states),) = [(slot, some) for slot, some in held.states.items() if slot.employer]
    (state,) = states.values()
    evidence = list(held.facts.values())
    assert reproduce(slot, state, evidence, held.reader, AFTER).same
    held.again()
    (state,) = held.states[slot].values()
    assert reproduce(slot, state, evidence, held.reader, AFTER).same
    assert not reproduce(slot, state, evidence, held.reader, BEFORE).same


def test_the_law_as_it_was_known_on_a_day_is_without_what_was_read_later() -> None:
    day = date(2026, 8, 1)
    then = known_on(date(2027, 2, 28), AFTER)
    assert then["structural_reduction"].at(SERIES, day) == LAW["structural_reduction"].at(SERIES, day)
    assert known_on(DECREED, AFTER)["structural_reduction"].at(SERIES, day).number("gamma") == Decimal("0.30")
    assert last_known(AFTER) == DECREED
    assert first_known(AFTER) == first_known(LAW)
    assert [row.series for row in learned_since(DECREED, AFTER)] == [SERIES]
    assert learned_since(DECREED, AFTER, "work_bonus") == ()


def test_a_rule_whose_figures_were_all_read_later_says_nothing_before() -> None:
    day = date(2026, 8, 1)
    wages, time, contributions = events(LOW)
    seen = situation(wages, time, contributions)
    rule = LAW["structural_reduction"]

    def later(row: FigureRow) -> FigureRow:
        return replace(row, known=DECREED)

    series = {name: replace(one, written=tuple(map(later, one.written))) for name, one in rule.series.items()}
    law = Law({**LAW.parameters, "structural_reduction": replace(rule, series=series)})
    rules = [{one.rule for one in decide_all(seen, day, known_on(known, law))} for known in (DECREED, date(2027, 2, 1))]
    assert "structural_reduction" in rules[0]
    assert "structural_reduction" not in rules[1]


@pytest.mark.parametrize("known", sorted({row.known for row in learned_since(date.min, LAW)}))
def test_every_case_is_decided_by_the_law_as_it_was_known_on_any_day_it_changed(known: date) -> None:
    from rules.casebook.case_file import shipped_cases
    from rules.casebook.trial import attempt, read
    from rules.catalogue import HISTORY_RULES, RULES

    then = known_on(known, LAW)
    cases = list(shipped_cases({*RULES, *HISTORY_RULES}))
    outcomes = [attempt(read(one), then) for one in cases if one.rule in then.parameters]
    assert len(outcomes) > 100
    assert list(chain.from_iterable(outcome.findings for outcome in outcomes))
