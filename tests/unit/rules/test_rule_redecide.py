"""A finding keeps what it rests on, and is decided again from that to the same bytes."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

from rules.law.dated_figures import SourceQuality
from rules.law.knowledge import first_known, known_on
from rules.law.load import catalogue, law_in_texts
from rules.questions.reproduce import Reproduction, reproduce
from rules.stream.finding_changes import FindingState
from rules.stream.held_facts import PARTS
from schemas.codec import decode_body, encode_body
from schemas.contracts import contract, contracts
from tests.builders.facts import ANNE, UNCLAIMED, Facts, case_facts, event_name
from tests.builders.law import LAW
from tests.builders.rules_store import MemoryStore

RULE = "structural_reduction"


def facts(case: dict[str, Any], version: int = 1) -> Facts:
    return case_facts(ANNE, case, version=version)


def event_names(version: int) -> list[str]:
    return [event_name(kind, "d1", version) for kind in PARTS]


def test_a_finding_names_every_event_it_rests_on_with_the_digest_of_what_was_read() -> None:
    store, sent = MemoryStore(), facts(UNCLAIMED)
    store.take(sent)
    record = store.finding_of(RULE)[1].record()
    assert record["evidence"] == sorted(
        (
            {"event": name, "sha256": sha256(one["body"]).hexdigest()}
            for name, one in zip(event_names(1), sent, strict=True)
        ),
        key=lambda one: one["event"],
    )
    assert {one["event"] for one in record["evidence"]} == set(record["causes"])


def test_every_figure_of_the_law_in_a_trace_leads_to_its_version() -> None:
    store = MemoryStore()
    store.take(facts(UNCLAIMED))
    record = store.finding_of(RULE)[1].record()
    figures = {
        step["step"]: [record["parameters"][number] for number in step["parameters"]] for step in record["trace"]
    }
    row = LAW["structural_reduction"].series["category 1"].rows[-2]
    assert figures["S0"] == figures["alpha"] == [row.version]
    assert row.version.startswith("structural_reduction.yaml | category 1 | 2026-07-01 | 2026-11-23 | REPO | ")
    assert len(figures["worker code"]) > 1
    assert figures["S"] == []


def test_the_same_events_and_the_same_law_give_the_same_bytes() -> None:
    store = MemoryStore()
    store.take(facts(UNCLAIMED))
    assert store.again(RULE) == Reproduction(store.finding_of(RULE)[1].body, True)


def test_a_finding_whose_facts_were_corrected_without_changing_it_is_still_decided_again() -> None:
    store = MemoryStore()
    store.take(facts(UNCLAIMED))
    store.take(facts(UNCLAIMED, version=2))
    assert store.finding_of(RULE)[1].version == 1
    assert len(store.earlier) == len(PARTS)
    assert store.again(RULE).same


def test_a_replaced_finding_rests_on_the_correction() -> None:
    store = MemoryStore()
    store.take(facts(UNCLAIMED))
    store.take(facts({**UNCLAIMED, "claimed": {3000: 1000.00}}, version=2))
    record = store.finding_of(RULE)[1].record()
    assert {one["event"] for one in record["evidence"]} == set(event_names(2))
    assert store.again(RULE).same


def test_a_withdrawn_finding_rests_on_what_took_it_back() -> None:
    store = MemoryStore()
    store.take(facts(UNCLAIMED))
    store.take(facts({**UNCLAIMED, "claimed": {3000: 1203.71}}, version=2))
    slot, state = store.finding_of(RULE)
    assert (state.status, {one["event"][-2:] for one in state.record()["evidence"]}) == ("withdrawn", {"@2"})
    assert store.again(RULE).same
    blind = reproduce(slot, state, store.facts.values(), store.reader, LAW, decide=lambda *_: [])
    assert blind.same, "nothing found is what a withdrawal says"


def test_another_law_gives_other_bytes_and_the_difference_is_shown() -> None:
    store = MemoryStore()
    store.take(facts(UNCLAIMED))
    text = _catalogue("structural_reduction").replace(
        "S0: 11687.74, gamma: 0.16, S2: 9738.14, delta: 0, S1: 0, quality: REPO",
        "S0: 11688.74, gamma: 0.16, S2: 9738.14, delta: 0, S1: 0, quality: REPO",
    )
    again = store.again(RULE, law=law_in_texts({"structural_reduction": text}, LAW))
    differences = {one.field: (one.published, one.now) for one in again.differences}
    assert not again.same
    assert differences["amount"] == ("120371", "120385")
    assert any(field.startswith("parameters") for field in differences)
    assert store.again(RULE).same


def _catalogue(name: str) -> str:
    return (catalogue() / f"{name}.yaml").read_text("utf-8")


def test_an_event_that_is_not_held_or_not_the_same_is_named() -> None:
    store = MemoryStore()
    store.take(facts(UNCLAIMED))
    slot, state = store.finding_of(RULE)
    wages, *others = store.facts.values()
    gone = reproduce(slot, state, others, store.reader, LAW)
    assert gone.problem == "1 events it rests on are not held any more: declarations.wages-d1@1"
    (body,) = (one["body"] for one in facts({**UNCLAIMED, "wage": {1: 6770.00}}) if one["contract"] == wages.contract)
    forged = reproduce(slot, state, [replace(wages, body=body), *others], store.reader, LAW)
    assert "declarations.wages-d1@1" in forged.problem


def test_a_rule_that_finds_nothing_now_is_a_difference() -> None:
    store = MemoryStore()
    store.take(facts(UNCLAIMED))
    slot, state = store.finding_of(RULE)
    (difference,) = reproduce(slot, state, store.facts.values(), store.reader, LAW, decide=lambda *_: []).differences
    assert (difference.field, difference.now) == ("finding", "nothing")


def test_a_finding_told_in_the_first_contract_is_still_read_and_withdrawn() -> None:
    first = next(one for one in contracts() if one.name == "findings")
    store = MemoryStore()
    store.take(facts(UNCLAIMED))
    slot, state = store.finding_of(RULE)
    record = state.record()
    old = replace(state, contract=first.id, body=encode_body(first, record))
    assert decode_body(first, old.body).keys().isdisjoint({"evidence", "parameters"})
    store.states[slot][old.finding] = old
    assert store.again(RULE).problem == "it was made before the events behind it were kept"
    store.take(facts({**UNCLAIMED, "claimed": {3000: 1203.71}}, version=2))
    assert (store.finding_of(RULE)[1].status, store.again(RULE).same) == ("withdrawn", True)


def test_no_label_of_a_row_is_left_out_of_its_version() -> None:
    row = LAW["structural_reduction"].series["category 1"].rows[0]
    assert len({replace(row, quality=quality).version for quality in SourceQuality}) == len(SourceQuality)


def older(state: FindingState) -> FindingState:
    """The same finding as it was told in the second contract, which had no outcomes."""
    _, before, *_, newest = [one for one in contracts() if one.name == "findings"]
    assert newest is contract("findings")
    record = decode_body(newest, state.body)
    steps = [{name: value for name, value in step.items() if name != "outcome"} for step in record["trace"]]
    return replace(state, contract=before.id, body=encode_body(before, {**record, "trace": steps}))


def test_a_finding_told_in_an_older_contract_is_read_as_told_and_its_replay_says_what_is_otherwise() -> None:
    # When it was told, no more was known than what was read first.
    store = MemoryStore(law=known_on(first_known(LAW), LAW))
    store.take(facts(UNCLAIMED))
    slot, state = store.finding_of(RULE)
    told = older(state)
    assert {step["outcome"] for step in told.record()["trace"]} == {None}
    again = reproduce(slot, told, store.everything(), store.reader, LAW)
    assert (again.same, again.problem) == (False, "")
    first, *rest = again.differences
    assert (first.field, first.published != first.now) == ("contract", True)
    outcomes = [step["outcome"] for step in state.record()["trace"]]
    changed = [f"trace {number}" for number, outcome in enumerate(outcomes, start=1) if outcome]
    assert changed
    assert [one.field for one in rest] == changed
    assert rest[0].now == f"{rest[0].published} {outcomes[0]}"


def test_a_finding_told_in_an_older_contract_is_not_told_again_when_nothing_else_changed() -> None:
    store = MemoryStore()
    store.take(facts(UNCLAIMED))
    for states in store.states.values():
        states |= {name: older(state) for name, state in states.items()}
    before = {name: state for states in store.states.values() for name, state in states.items()}
    store.take(facts(UNCLAIMED, version=2))
    assert {name: state for states in store.states.values() for name, state in states.items()} == before


def test_an_older_finding_is_withdrawn_in_the_newest_contract() -> None:
    store = MemoryStore()
    store.take(facts(UNCLAIMED))
    slot, state = store.finding_of(RULE)
    store.states[slot][state.finding] = older(state)
    store.take(facts({**UNCLAIMED, "claimed": {3000: 1203.71}}, version=2))
    withdrawn = store.finding_of(RULE)[1]
    assert (withdrawn.status, withdrawn.contract) == ("withdrawn", contract("findings").id)
    assert {step["outcome"] for step in withdrawn.record()["trace"]} == {None}
