"""What cannot be true as it was declared: a finding to check or a dead letter that names the events, never a guess."""

from datetime import date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import rules.stream.person
from backbone.tally import Tally, digest_of
from kruispunt.dead_letters.letters import events as events_in
from kruispunt.dead_letters.letters import letter
from rules.casebook.case_events import PERSON
from rules.catalogue import RULES, decide_all, decide_history
from rules.findings.finding import Certainty, Finding
from rules.law.law import Law
from rules.stream.arrival import FailedPerson, arrive
from rules.stream.bundle import BundleOutcome, decide_bundle
from rules.stream.evidence import FactReader
from rules.stream.held_facts import PARTS
from rules.stream.store import dead
from rules.view.history import history_of
from rules.view.situation import Situation
from schemas.codec import decode_body
from schemas.contracts import contract
from schemas.identifiers import inss
from tests.builders.facts import ANNE, AT, BERT, UNCLAIMED, Facts, case_facts, decided, event_name, narrow_book
from tests.builders.law import LAW
from tests.builders.situations import situation_of

DAY = AT.date()
BOOK = narrow_book()
OTHER = inss(850101007, after_2000=False)
IMPOSSIBLE: dict[str, dict[str, Any]] = {
    "ends before it begins": {"from": date(2026, 8, 3), "until": date(2026, 7, 1)},
    "lies outside 2026Q3": {"from": date(2020, 1, 1), "until": date(2021, 1, 1)},
    "begins after 2026Q3": {"from": date(2026, 11, 1)},
    "more days than 2026Q3": {"days": {1: 66, 30: 40}},
    "working time is negative": {"days": {1: 66, 30: -5}},
    "a wage is negative": {"wage": {1: 6771.00, 2: -100.00}},
}
IDLE = {"kind": "unemployment_benefit", "nature": "01", "from": date(2025, 1, 1), "until": date(2026, 6, 30)}
PART_TIME = {
    "quarter": "2026Q3", "from": date(2026, 7, 1), "contract": (19, 38), "wage": {1: 3900.00}, "hours": {1: 247},
}  # fmt: skip


def found(case: dict[str, Any]) -> list[Finding]:
    return decide_all(situation_of(case), DAY, LAW)


def reasons(finding: Finding) -> str:
    return "; ".join(step.source for step in finding.trace if step.step == "certainty")


def test_a_sound_declaration_is_doubted_by_nobody() -> None:
    (finding,) = found(UNCLAIMED)
    assert finding.certainty is Certainty.LIKELY
    assert "cannot be" not in reasons(finding)


@pytest.mark.parametrize("wrong", IMPOSSIBLE)
def test_whatever_rests_on_an_impossible_declaration_is_to_check_at_most(wrong: str) -> None:
    findings = found({**UNCLAIMED, **IMPOSSIBLE[wrong]})
    assert {one.rule for one in findings} == {"structural_reduction"}
    for finding in findings:
        assert finding.certainty.rank >= Certainty.TO_CHECK.rank
        assert "it cannot be as declared" in reasons(finding)


@pytest.mark.parametrize(
    "wrong", ["ends before it begins", "more days than 2026Q3", "working time is negative", "a wage is negative"]
)
def test_an_impossible_declaration_says_what_is_wrong_with_it(wrong: str) -> None:
    findings = found({**UNCLAIMED, **IMPOSSIBLE[wrong]})
    assert findings
    assert all(wrong.removeprefix("an occupation ") in reasons(finding) for finding in findings)


def test_decisions_of_two_natures_on_the_same_days_make_the_right_to_check_and_are_named() -> None:
    (sure,) = [one for one in found({**PART_TIME, "decisions": [IDLE]}) if one.rule == "income_guarantee"]
    assert "cannot be as declared" not in reasons(sure)
    overlapping = {**IDLE, "nature": "02", "from": date(2026, 1, 1)}
    (finding,) = [one for one in found({**PART_TIME, "decisions": [IDLE, overlapping]}) if one.rule == sure.rule]
    assert finding.certainty is Certainty.TO_CHECK
    assert "cannot be as declared" in reasons(finding)
    assert "decision-0" in reasons(finding)
    assert "decision-1" in reasons(finding)


def test_a_decision_that_ends_before_it_begins_opens_nothing_for_sure() -> None:
    case = {**PART_TIME, "decisions": [IDLE, {**IDLE, "kind": "pension", "until": date(2024, 1, 1)}]}
    (finding,) = (one for one in found(case) if one.rule == "income_guarantee")
    assert finding.certainty.rank >= Certainty.TO_CHECK.rank


def test_a_history_rests_on_the_contradiction_only_where_it_is_among_its_causes() -> None:
    status = {"kind": "disability_allowance", "from": date(2025, 1, 1)}
    wrong = {**IDLE, "until": date(2020, 1, 1)}
    seen = history_of(situation_of({**UNCLAIMED, "from": date(2026, 9, 1), "decisions": [status, wrong]}))
    (finding,) = [one for one in decide_history(seen, DAY, LAW) if one.rule == "increased_reimbursement"]
    assert finding.certainty is Certainty.LIKELY
    twice = {**status, "nature": "other", "from": date(2025, 2, 1)}
    seen = history_of(situation_of({**UNCLAIMED, "decisions": [status, twice]}))
    (finding,) = [one for one in decide_history(seen, DAY, LAW) if one.rule == "increased_reimbursement"]
    assert finding.certainty is Certainty.TO_CHECK


def facts(key: bytes, numbers: tuple[str, str, str] = (PERSON,) * 3, case: dict[str, Any] = UNCLAIMED) -> Facts:
    """Events that may name several people."""
    return [
        case_facts(key, case, declaration=key.decode(), person=number)[place] for place, number in enumerate(numbers)
    ]


def event_names(key: bytes) -> tuple[str, ...]:
    return tuple(event_name(kind, key.decode(), 1) for kind in PARTS)


def outcome(some: Facts, decide: Any = decide_all) -> BundleOutcome:
    reader = FactReader(BOOK)
    return decide_bundle(arrive({"at": AT, "facts": some}, reader), [], {}, reader, LAW, decide=decide)


def both() -> Facts:
    return facts(ANNE) + facts(BERT)


def test_a_person_with_two_numbers_is_set_aside_and_the_reason_names_the_events_and_no_number() -> None:
    (failure,) = outcome(facts(ANNE, (PERSON, OTHER, PERSON))).failures
    assert failure.code == "contradictory-facts"
    assert [name for name in event_names(ANNE) if name not in failure.reason] == []
    assert PERSON not in failure.reason
    assert OTHER not in failure.reason


def test_two_numbers_in_two_bundles_are_no_less_a_contradiction() -> None:
    reader = FactReader(BOOK)
    parts = facts(ANNE, (PERSON, PERSON, OTHER))
    first = decide_bundle(arrive({"at": AT, "facts": parts[:2]}, reader), [], {}, reader, LAW)
    assert (first.failures, first.changes) == ([], [])
    second = decide_bundle(arrive({"at": AT, "facts": parts[2:]}, reader), first.facts, {}, reader, LAW)
    assert [one.code for one in second.failures] == ["contradictory-facts"]
    assert second.changes == []


def test_a_decision_about_another_number_is_a_contradiction_too() -> None:
    decision = decided(OTHER, "d2", IDLE, key=ANNE)
    (failure,) = outcome([*facts(ANNE), *decision]).failures
    assert failure.code == "contradictory-facts"
    assert "d2@1" in failure.reason
    assert OTHER not in failure.reason


def broken(*_: Any) -> list[Finding]:
    raise ZeroDivisionError(PERSON)


def _set_aside(result: BundleOutcome) -> FailedPerson:
    (failure,) = result.failures
    assert (failure.person, failure.code, len(failure.facts)) == (ANNE, "undecidable-person", 3)
    assert failure.reason.startswith("ZeroDivisionError in test_rule_contradiction.py")
    assert PERSON not in failure.reason
    assert {slot.person for slot, _ in result.changes} == {BERT}
    assert {one.key.person for one in result.facts} == set(result.histories) == {BERT}
    return failure


def test_a_slot_rule_that_raises_sets_the_person_aside_and_the_others_go_on() -> None:
    first: list[Situation] = []

    def fragile(seen: Situation, day: date, law: Law) -> list[Finding]:
        first.append(seen)
        return broken() if len(first) == 1 else decide_all(seen, day, law)

    _set_aside(outcome(both(), fragile))


def test_a_history_rule_that_raises_sets_the_person_aside_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first: list[Any] = []

    def fragile(seen: Any, day: date, law: Law) -> list[Finding]:
        first.append(seen)
        return broken() if len(first) == 1 else decide_history(seen, day, law)

    monkeypatch.setattr(rules.stream.person, "decide_history", fragile)
    failure = _set_aside(outcome(both()))
    shown = letter(dead(failure, AT, 1, 7), BOOK)
    assert shown.events == event_names(ANNE)
    assert (shown.stage, shown.code, shown.partition, shown.offset) == ("rules", "undecidable-person", 1, 7)


def test_a_fact_that_cannot_be_read_is_named_unreadable_in_the_letter_and_the_others_by_their_ids() -> None:
    some = facts(ANNE)
    some[1]["body"] = b"\xff"
    (failure,) = outcome(some).failures
    shown = letter(dead(failure, AT, 0, 1), BOOK)
    wages, _, contributions = event_names(ANNE)
    assert shown.events == (wages, "unreadable", contributions)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("wrong", IMPOSSIBLE)
def test_no_rule_raises_on_an_impossible_declaration(rule: str, wrong: str) -> None:
    case = {**UNCLAIMED, **IMPOSSIBLE[wrong], "claimed": {3000: 10.00}, "decisions": [IDLE]}
    assert isinstance(RULES[rule].decide(situation_of(case), DAY, LAW), list)


def test_the_reason_of_a_finding_is_told_with_it() -> None:
    case = {**UNCLAIMED, **IMPOSSIBLE["a wage is negative"]}
    (change,) = [one for _, one in outcome(facts(ANNE, case=case)).changes]
    record = decode_body(contract("findings"), change.state.body)
    assert record["certainty"] == "to_check"
    assert any("a wage is negative" in step["source"] for step in record["trace"])


@given(st.binary(max_size=60))
@example(b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01")
def test_a_dead_letter_of_any_bytes_is_listed(body: bytes) -> None:
    assert set(events_in(contract("rules.facts").prefix + body, BOOK)) <= {"unreadable"}


def test_what_came_is_summed_up_as_decided_or_set_aside() -> None:
    made = outcome(facts(ANNE) + facts(BERT, (PERSON, OTHER, PERSON)))
    of = {who: Tally(3, sum(map(digest_of, event_names(who)))) for who in (ANNE, BERT)}
    basis = "24/100@1"
    assert made.tallies["received", basis] == of[ANNE].plus(of[BERT])
    assert made.tallies["decided", basis] == of[ANNE]
    assert made.tallies["set aside", basis] == of[BERT]
    told = [f"{change.state.finding}@{change.state.version}" for _, change in made.changes]
    assert made.tallies.get(("told", ""), Tally()) == Tally(len(told), sum(map(digest_of, told)))
