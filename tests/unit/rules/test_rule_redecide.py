"""A finding keeps what it rests on, and is decided again from that to the same bytes."""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import chain
from typing import Any

from rules.casebook.case_events import events
from rules.law.dated_figures import SourceQuality
from rules.law.law import Law
from rules.law.load import catalogue, law_in_texts
from rules.questions.reproduce import Reproduction, reproduce
from rules.stream.arrival import arrive
from rules.stream.bundle import decide_bundle
from rules.stream.evidence import FactReader
from rules.stream.finding_changes import FindingState
from rules.stream.held_facts import HeldFact, Slot
from schemas.codec import decode_body, encode_body
from schemas.contracts import Contract, contract, contracts, make
from schemas.registry import SchemaBook
from schemas.twins.rules_facts import Fact
from tests.builders.law import LAW

KINDS = ("declarations.wages", "declarations.working-time", "declarations.contributions")
CASE: dict[str, Any] = {"quarter": "2026Q3", "wage": {1: 6771.00}, "days": {1: 66}, "claimed on the line": {1: 900.00}}
AT = datetime(2026, 10, 20, tzinfo=UTC)
ANNE = b"a" * 16


def narrow(kind: str) -> Contract:
    from rules.view.required_fields import NEEDS
    from schemas.fields import narrower

    return make(kind, narrower(contract(kind).schema, NEEDS[kind]))


BOOK = SchemaBook()
for _kind in KINDS:
    BOOK.add(narrow(_kind))


def facts(case: dict[str, Any], version: int = 1) -> list[Fact]:
    envelope = {
        "declaration": "d1", "version": version, "status": "original", "occurred_at": AT, "trace_parent": "",
        "deliberation": "24/100@1", "replay": False,
    }  # fmt: skip
    return [
        {
            "person": ANNE,
            "contract": narrow(kind).id,
            "body": encode_body(narrow(kind), {**event, **envelope, "event": f"{kind}@{version}"}),
        }
        for kind, event in zip(KINDS, events(case), strict=True)
    ]


class Store:
    """What PostgreSQL would hold: facts, those they replaced, and what was told."""

    def __init__(self) -> None:
        self.facts: dict[Any, HeldFact] = {}
        self.earlier: list[HeldFact] = []
        self.states: dict[Slot, dict[str, FindingState]] = {}
        self.reader = FactReader(BOOK)

    def take(self, some: list[Fact]) -> None:
        arrived = arrive({"at": AT, "facts": some}, self.reader)
        outcome = decide_bundle(arrived, list(self.facts.values()), self.states, self.reader, LAW)
        assert outcome.failures == []
        self.facts |= {one.key: one for one in outcome.facts}
        self.earlier += outcome.earlier
        for slot, change in outcome.changes:
            self.states.setdefault(slot, {})[change.state.finding] = change.state

    def told(self, rule: str = "structural_reduction") -> tuple[Slot, FindingState]:
        (found,) = (
            (slot, state)
            for slot, states in self.states.items()
            for state in states.values()
            if state.record()["rule"] == rule
        )
        return found

    def again(self, law: Law = LAW) -> Reproduction:
        slot, state = self.told()
        return reproduce(slot, state, list(chain(self.facts.values(), self.earlier)), self.reader, law)


def test_a_finding_names_every_event_it_rests_on_with_the_digest_of_what_was_read() -> None:
    store, sent = Store(), facts(CASE)
    store.take(sent)
    record = store.told()[1].record()
    assert record["evidence"] == sorted(
        (
            {"event": f"{kind}@1", "sha256": sha256(one["body"]).hexdigest()}
            for kind, one in zip(KINDS, sent, strict=True)
        ),
        key=lambda one: one["event"],
    )
    assert {one["event"] for one in record["evidence"]} == set(record["causes"])


def test_every_figure_of_the_law_in_a_trace_leads_to_its_version() -> None:
    store = Store()
    store.take(facts(CASE))
    record = store.told()[1].record()
    figures = {
        step["step"]: [record["parameters"][number] for number in step["parameters"]] for step in record["trace"]
    }
    row = LAW["structural_reduction"].series["category 1"].rows[-2]
    assert figures["S0"] == figures["alpha"] == [row.version]
    assert row.version.startswith("structural_reduction.yaml | category 1 | 2026-07-01 | 2026-11-23 | REPO | ")
    assert len(figures["worker code"]) > 1
    assert figures["S"] == []


def test_the_same_events_and_the_same_law_give_the_same_bytes() -> None:
    store = Store()
    store.take(facts(CASE))
    assert store.again() == Reproduction(store.told()[1].body, True)


def test_a_finding_whose_facts_were_corrected_without_changing_it_is_still_decided_again() -> None:
    store = Store()
    store.take(facts(CASE))
    store.take(facts(CASE, version=2))
    assert store.told()[1].version == 1
    assert len(store.earlier) == len(KINDS)
    assert store.again().same


def test_a_replaced_finding_rests_on_the_correction() -> None:
    store = Store()
    store.take(facts(CASE))
    store.take(facts({**CASE, "claimed": {3000: 1000.00}}, version=2))
    record = store.told()[1].record()
    assert {one["event"] for one in record["evidence"]} == {f"{kind}@2" for kind in KINDS}
    assert store.again().same


def test_a_withdrawn_finding_rests_on_what_took_it_back() -> None:
    store = Store()
    store.take(facts(CASE))
    store.take(facts({**CASE, "claimed": {3000: 1203.71}}, version=2))
    slot, state = store.told()
    assert (state.status, {one["event"][-2:] for one in state.record()["evidence"]}) == ("withdrawn", {"@2"})
    assert store.again().same
    blind = reproduce(slot, state, store.facts.values(), store.reader, LAW, decide=lambda *_: [])
    assert blind.same, "nothing found is what a withdrawal says"


def test_another_law_gives_other_bytes_and_the_difference_is_shown() -> None:
    store = Store()
    store.take(facts(CASE))
    text = _catalogue("structural_reduction").replace(
        "S0: 11687.74, gamma: 0.16, S2: 9738.14, delta: 0, S1: 0, quality: REPO",
        "S0: 11688.74, gamma: 0.16, S2: 9738.14, delta: 0, S1: 0, quality: REPO",
    )
    again = store.again(law_in_texts({"structural_reduction": text}, LAW))
    differences = {one.field: (one.published, one.now) for one in again.differences}
    assert not again.same
    assert differences["amount"] == ("120371", "120385")
    assert any(field.startswith("parameters") for field in differences)
    assert store.again().same


def _catalogue(name: str) -> str:
    return (catalogue() / f"{name}.yaml").read_text("utf-8")


def test_an_event_that_is_not_held_or_not_the_same_is_named() -> None:
    store = Store()
    store.take(facts(CASE))
    slot, state = store.told()
    wages, *others = store.facts.values()
    gone = reproduce(slot, state, others, store.reader, LAW)
    assert gone.problem == "1 events it rests on are not held any more: declarations.wages@1"
    (body,) = (one["body"] for one in facts({**CASE, "wage": {1: 6770.00}}) if one["contract"] == wages.contract)
    forged = reproduce(slot, state, [replace(wages, body=body), *others], store.reader, LAW)
    assert "declarations.wages@1" in forged.problem


def test_a_rule_that_finds_nothing_now_is_a_difference() -> None:
    store = Store()
    store.take(facts(CASE))
    slot, state = store.told()
    (difference,) = reproduce(slot, state, store.facts.values(), store.reader, LAW, decide=lambda *_: []).differences
    assert (difference.field, difference.now) == ("finding", "nothing")


def test_a_finding_told_in_the_first_contract_is_still_read_and_withdrawn() -> None:
    first = next(one for one in contracts() if one.name == "findings")
    store = Store()
    store.take(facts(CASE))
    slot, state = store.told()
    record = state.record()
    old = replace(state, contract=first.id, body=encode_body(first, record))
    assert decode_body(first, old.body).keys().isdisjoint({"evidence", "parameters"})
    store.states[slot][old.finding] = old
    assert store.again().problem == "it was made before the events behind it were kept"
    store.take(facts({**CASE, "claimed": {3000: 1203.71}}, version=2))
    assert (store.told()[1].status, store.again().same) == ("withdrawn", True)


def test_no_label_of_a_row_is_left_out_of_its_version() -> None:
    row = LAW["structural_reduction"].series["category 1"].rows[0]
    assert len({replace(row, quality=quality).version for quality in SourceQuality}) == len(SourceQuality)


def older(state: FindingState) -> FindingState:
    """The same finding as it was told in the contract before the newest, which had no outcomes."""
    before, newest = [one for one in contracts() if one.name == "findings"][-2:]
    assert newest is contract("findings")
    record = decode_body(newest, state.body)
    steps = [{name: value for name, value in step.items() if name != "outcome"} for step in record["trace"]]
    return replace(state, contract=before.id, body=encode_body(before, {**record, "trace": steps}))


def test_a_finding_told_in_an_older_contract_is_read_as_told_and_its_replay_says_what_is_otherwise() -> None:
    store = Store()
    store.take(facts(CASE))
    slot, state = store.told()
    told = older(state)
    assert {step["outcome"] for step in told.record()["trace"]} == {None}
    again = reproduce(slot, told, list(chain(store.facts.values(), store.earlier)), store.reader, LAW)
    assert (again.same, again.problem) == (False, "")
    first, *rest = again.differences
    assert (first.field, first.published != first.now) == ("contract", True)
    outcomes = [step["outcome"] for step in state.record()["trace"]]
    changed = [f"trace {number}" for number, outcome in enumerate(outcomes, start=1) if outcome]
    assert changed
    assert [one.field for one in rest] == changed
    assert rest[0].now == f"{rest[0].published} {outcomes[0]}"


def test_a_finding_told_in_an_older_contract_is_not_told_again_when_nothing_else_changed() -> None:
    store = Store()
    store.take(facts(CASE))
    for states in store.states.values():
        states |= {name: older(state) for name, state in states.items()}
    before = {name: state for states in store.states.values() for name, state in states.items()}
    store.take(facts(CASE, version=2))
    assert {name: state for states in store.states.values() for name, state in states.items()} == before


def test_an_older_finding_is_withdrawn_in_the_newest_contract() -> None:
    store = Store()
    store.take(facts(CASE))
    slot, state = store.told()
    store.states[slot][state.finding] = older(state)
    store.take(facts({**CASE, "claimed": {3000: 1203.71}}, version=2))
    withdrawn = store.told()[1]
    assert (withdrawn.status, withdrawn.contract) == ("withdrawn", contract("findings").id)
    assert {step["outcome"] for step in withdrawn.record()["trace"]} == {None}
