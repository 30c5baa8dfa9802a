"""How sure a finding may be is settled by the figures it rests on, whatever the rule says."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from rules.dated import Quality, Row, citing
from rules.finding import Certainty, Finding, Step

ROW = Row(date(2020, 1, 1), None, {"rate": Decimal("0.25")}, Quality.OFF, "Gazette", None, "x.yaml", "rate", {})


def finding(certainty: Certainty, *steps: Step) -> Finding:
    amount = Decimal("10.00")
    money = (amount, Decimal("0.00"), amount)
    return Finding("x", "employer", "0403019261", "85073003328", "2026Q3", None, "3000", *money, certainty, steps)


@pytest.mark.parametrize("quality", Quality)
@pytest.mark.parametrize("certainty", Certainty)
def test_a_finding_on_a_figure_nobody_read_is_to_check_at_most(certainty: Certainty, quality: Quality) -> None:
    row = replace(ROW, quality=quality)
    for source in (row.cited, citing("other words", ROW, row)):
        found = finding(certainty, Step("W", "1.00", "EUR", "zone"), Step("rate", "0.25", None, source))
        capped = quality in (Quality.DER, Quality.MEM) and certainty in (Certainty.CERTAIN, Certainty.LIKELY)
        assert found.certainty is (Certainty.TO_CHECK if capped else certainty)
        told = [step.source for step in found.trace if step.step == "certainty"]
        assert told == ([f"figures derived, not read: {row.cited}"] if capped else [])


def test_a_row_cited_twice_is_one_reason() -> None:
    row = replace(ROW, quality=Quality.MEM)
    found = finding(Certainty.CERTAIN, Step("a", "1", None, row.cited), Step("b", "2", None, row.cited))
    assert len([step for step in found.trace if step.step == "certainty"]) == 1
