"""How sure a finding may be is settled by the figures it rests on, whatever the rule says."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from rules.findings.finding import Certainty, Finding, TraceStep
from rules.findings.rule import HistoryRule, QuarterRule
from rules.law.dated_figures import FigureRow, SourceQuality, citing
from rules.law.law import Law
from rules.view.history import PersonHistory
from rules.view.situation import Situation

ROW = FigureRow(
    date(2020, 1, 1), None, {"rate": Decimal("0.25")}, SourceQuality.OFF, "Gazette", None, "x.yaml", "rate", {}
)


def finding(certainty: Certainty, *steps: TraceStep) -> Finding:
    """What comes out of either shape of rule that finds this."""
    amount = Decimal("10.00")
    money = (amount, Decimal("0.00"), amount)
    said = Finding("x", "employer", "0403019261", "85073003328", "2026Q3", None, "3000", *money, certainty, steps)
    situation, history = Situation(said.person, said.employer, said.quarter, ()), PersonHistory(said.person, ())
    (found,) = QuarterRule("x", find=lambda *_: [said]).decide(situation, date(2026, 10, 15), Law({}))
    assert HistoryRule("x", lambda *_: [said]).decide(history, date(2026, 10, 15), Law({})) == [found]
    return found


AT_MOST = {
    SourceQuality.OFF: Certainty.CERTAIN,
    SourceQuality.SEC: Certainty.CERTAIN,
    SourceQuality.REPO: Certainty.LIKELY,
    SourceQuality.DER: Certainty.TO_CHECK,
    SourceQuality.MEM: Certainty.TO_CHECK,
}
WORDS = {
    Certainty.LIKELY: "figures from public code that quotes a source, not read there",
    Certainty.TO_CHECK: "figures derived, not read",
}


@pytest.mark.parametrize("quality", SourceQuality)
@pytest.mark.parametrize("certainty", Certainty)
def test_a_finding_is_no_surer_than_the_label_of_its_figures_allows(
    certainty: Certainty, quality: SourceQuality
) -> None:
    row = replace(ROW, quality=quality)
    most = AT_MOST[quality]
    for source in (row.cited, citing("other words", ROW, row)):
        found = finding(certainty, TraceStep("W", "1.00", "EUR", "zone"), TraceStep("rate", "0.25", None, source))
        capped = most.rank > certainty.rank and certainty.states_an_amount
        assert found.certainty is (most if capped else certainty)
        told = [(step.value, step.source) for step in found.trace if step.step == "certainty"]
        assert told == ([(most.value, f"{WORDS[most]}: {row.cited}")] if capped else [])


def test_the_weakest_label_decides_and_each_that_weakens_is_named() -> None:
    rows = [replace(ROW, quality=quality) for quality in (SourceQuality.REPO, SourceQuality.OFF, SourceQuality.MEM)]
    found = finding(Certainty.CERTAIN, *(TraceStep("rate", "0.25", None, row.cited) for row in rows))
    assert found.certainty is Certainty.TO_CHECK
    assert [step.value for step in found.trace if step.step == "certainty"] == ["likely", "to check"]


def test_a_row_cited_twice_is_one_reason() -> None:
    row = replace(ROW, quality=SourceQuality.MEM)
    found = finding(Certainty.CERTAIN, TraceStep("a", "1", None, row.cited), TraceStep("b", "2", None, row.cited))
    assert len([step for step in found.trace if step.step == "certainty"]) == 1
