"""How sure a finding may be is settled by the figures it rests on, whatever the rule says."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from rules.findings.finding import Certainty, Finding, Step
from rules.law.dated_figures import Quality, Row, citing

ROW = Row(date(2020, 1, 1), None, {"rate": Decimal("0.25")}, Quality.OFF, "Gazette", None, "x.yaml", "rate", {})


def finding(certainty: Certainty, *steps: Step) -> Finding:
    amount = Decimal("10.00")
    money = (amount, Decimal("0.00"), amount)
    return Finding("x", "employer", "0403019261", "85073003328", "2026Q3", None, "3000", *money, certainty, steps)


AT_MOST = {
    Quality.OFF: Certainty.CERTAIN,
    Quality.SEC: Certainty.CERTAIN,
    Quality.REPO: Certainty.LIKELY,
    Quality.DER: Certainty.TO_CHECK,
    Quality.MEM: Certainty.TO_CHECK,
}
WORDS = {
    Certainty.LIKELY: "figures from public code that quotes a source, not read there",
    Certainty.TO_CHECK: "figures derived, not read",
}


@pytest.mark.parametrize("quality", Quality)
@pytest.mark.parametrize("certainty", Certainty)
def test_a_finding_is_no_surer_than_the_label_of_its_figures_allows(certainty: Certainty, quality: Quality) -> None:
    row = replace(ROW, quality=quality)
    most = AT_MOST[quality]
    for source in (row.cited, citing("other words", ROW, row)):
        found = finding(certainty, Step("W", "1.00", "EUR", "zone"), Step("rate", "0.25", None, source))
        capped = most.rank > certainty.rank and certainty.states_an_amount
        assert found.certainty is (most if capped else certainty)
        told = [(step.value, step.source) for step in found.trace if step.step == "certainty"]
        assert told == ([(most.value, f"{WORDS[most]}: {row.cited}")] if capped else [])


def test_the_weakest_label_decides_and_each_that_weakens_is_named() -> None:
    rows = [replace(ROW, quality=quality) for quality in (Quality.REPO, Quality.OFF, Quality.MEM)]
    found = finding(Certainty.CERTAIN, *(Step("rate", "0.25", None, row.cited) for row in rows))
    assert found.certainty is Certainty.TO_CHECK
    assert [step.value for step in found.trace if step.step == "certainty"] == ["likely", "to check"]


def test_a_row_cited_twice_is_one_reason() -> None:
    row = replace(ROW, quality=Quality.MEM)
    found = finding(Certainty.CERTAIN, Step("a", "1", None, row.cited), Step("b", "2", None, row.cited))
    assert len([step for step in found.trace if step.step == "certainty"]) == 1
