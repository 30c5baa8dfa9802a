"""Law that changes backwards: what it makes different is found again, replaced or withdrawn, and nothing else."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from rules.casebook.case_events import events
from rules.catalogue import decide_all
from rules.law.dated_figures import FigureRow, SourceQuality
from rules.law.knowledge import first_known, known_on, last_known, learned_since, rows, without
from rules.law.law import Law
from rules.stream.finding_changes import LawChange
from rules.stream.redecision import ChangedLaw, RedecisionOutcome
from rules.view.situation import situation
from tests.builders.facts import ANNE, BERT, UNCLAIMED, Facts, case_facts
from tests.builders.law import LAW
from tests.builders.rules_store import MemoryStore

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
LOW = UNCLAIMED
AFTER = corrected(LAW, DECREED, gamma="0.30")


def facts(key: bytes, case: dict[str, Any]) -> Facts:
    return case_facts(key, case, declaration=f"{case['quarter']}-{key.decode()}")


def again(store: MemoryStore, before: Law = BEFORE, after: Law = AFTER, since: date = DECREED) -> RedecisionOutcome:
    learned = learned_since(since, after)
    changed = ChangedLaw(before, after, "2026Q3", LawChange(since, tuple(row.version for row in learned)))
    return store.decide_again(changed, AGAIN)


def told(store: MemoryStore) -> list[tuple[str, int, str, int | None]]:
    records = [state.record() for _, state in store.published()]
    return sorted((one["rule"], one["version"], one["status"], one["missing"]) for one in records)


def reduction(store: MemoryStore) -> tuple[str, int, str, int | None]:
    (found,) = (one for one in told(store) if one[0] == "structural_reduction")
    return found


def test_a_finding_is_replaced_and_says_which_figures_became_known_and_since_when() -> None:
    store = MemoryStore(at=DECIDED)
    store.take(facts(ANNE, LOW))
    before = reduction(store)
    result = again(store)
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
    store = MemoryStore(at=DECIDED)
    store.take(facts(ANNE, {**LOW, "quarter": "2026Q4"}))
    for states in store.states.values():
        for name, state in states.items():
            states[name] = replace(state, essence="as an older release decided it")
    assert again(store).outcome.changes == []


def test_a_second_time_and_the_same_law_change_nothing() -> None:
    store = MemoryStore(at=DECIDED)
    store.take(facts(ANNE, LOW))
    assert again(store, AFTER, AFTER).outcome.changes == []
    assert len(again(store).outcome.changes) == 1
    assert again(store).outcome.changes == []


def test_a_correction_of_a_correction_is_told_as_one_more_version() -> None:
    store = MemoryStore(at=DECIDED)
    store.take(facts(ANNE, LOW))
    first = reduction(store)
    again(store)
    gamma = LAW["structural_reduction"].at(SERIES, date(2026, 7, 1)).number("gamma")
    back = corrected(AFTER, date(2027, 4, 1), gamma=f"{gamma}")
    again(store, AFTER, back, date(2027, 4, 1))
    assert reduction(store) == ("structural_reduction", 3, "replaced", first[3])


def test_a_finding_that_the_new_law_does_not_give_is_withdrawn_and_one_it_gives_is_found() -> None:
    nothing = corrected(LAW, DECREED, alpha="0", gamma="0")
    store = MemoryStore(at=DECIDED)
    store.take(facts(ANNE, LOW))
    ((_, change),) = again(store, BEFORE, nothing).outcome.changes
    assert (change.state.status, change.state.record()["law_change"]["known"]) == ("withdrawn", DECREED)
    once_more = corrected(nothing, date(2027, 4, 1), alpha="0.14", gamma="0.16")
    ((_, change),) = again(store, nothing, once_more, date(2027, 4, 1)).outcome.changes
    assert (change.state.status, change.state.version) == ("found", 3)


def test_a_declaration_that_comes_after_the_decree_and_before_the_command_is_told_once() -> None:
    store = MemoryStore(at=AGAIN, law=AFTER)
    store.take(facts(ANNE, LOW))
    assert again(store).outcome.changes == []


def test_somebody_whose_case_raises_stays_as_it_was_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore(at=DECIDED)
    for person in (ANNE, BERT):
        store.take(facts(person, LOW))

    def raises(seen: Any, day: date, law: Law) -> Any:
        if law is AFTER and any("aaaa" in event for events in seen.declared for event in events):
            raise ZeroDivisionError(seen.person)
        return decide_all(seen, day, law)

    monkeypatch.setattr("rules.stream.redecision.decide_all", raises)
    result = again(store)
    assert [slot.person for slot, _ in result.outcome.changes] == [BERT]
    assert list(result.problems) == [ANNE]
    assert result.problems[ANNE].startswith("ZeroDivisionError in test_rule_law_change.py")


def test_a_finding_is_reproduced_by_the_law_that_was_known_when_it_was_made() -> None:
    store = MemoryStore(at=DECIDED)
    store.take(facts(ANNE, LOW))
    assert store.again("structural_reduction", law=AFTER).same
    again(store)
    assert store.again("structural_reduction", law=AFTER).same
    assert not store.again("structural_reduction", law=BEFORE).same


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


def test_the_law_without_a_change_is_the_law_without_its_rows_and_no_others() -> None:
    learned = [row.version for row in learned_since(DECREED, AFTER)]
    before = without(learned, AFTER)
    day = date(2026, 8, 1)
    assert before["structural_reduction"].at(SERIES, day) == LAW["structural_reduction"].at(SERIES, day)
    assert {row.version for row in rows(AFTER)} - {row.version for row in rows(before)} == set(learned)
    nothing = without({row.version for row in rows(AFTER) if row.file == "work_bonus.yaml"}, AFTER)
    assert AFTER.parameters.keys() - nothing.parameters.keys() == {"work_bonus"}
