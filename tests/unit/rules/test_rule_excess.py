"""A declaration that takes too much is an anomaly, not a finding."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from rules.catalogue import decide_all, excesses, structural_reduction
from rules.law.variants import with_figures
from tests.builders.law import LAW
from tests.builders.situations import situation_of

CASE: dict[str, Any] = {"quarter": "2026Q3", "wage": {1: 9000.00}, "days": {1: 66}}
DUE = {"claimed": {3000: 876.45}, "claimed on the line": {1: 325.94}}


def test_a_reduction_and_a_bonus_that_are_too_high_are_told_with_their_place() -> None:
    seen = situation_of({**CASE, "claimed": {9999: 1, 3000: 1500.00}, "claimed on the line": {1: 500.00}})
    reduction, bonus = excesses(seen, LAW)
    assert (reduction.code, reduction.line, reduction.occupation, reduction.deduction) == ("00089-044", 0, 0, 1)
    assert (reduction.declaration, reduction.rule) == (seen.lines[0].declaration, "structural_reduction")
    assert (bonus.code, bonus.line, bonus.occupation, bonus.deduction) == ("00089-044", 0, None, 0)
    assert (bonus.claimed, bonus.due) == (Decimal("500.00"), Decimal("325.94"))
    assert decide_all(seen, date(2026, 10, 15), LAW) == []


def test_what_is_due_is_neither_too_much_nor_missed() -> None:
    findings = decide_all(situation_of(CASE), date(2026, 10, 15), LAW)
    exact = {finding.rule: finding.amount for finding in findings}
    claimed = {"claimed": {3000: exact["structural_reduction"]}, "claimed on the line": {1: exact["work_bonus"]}}
    seen = situation_of({**CASE, **claimed})
    assert excesses(seen, LAW) == []
    assert decide_all(seen, date(2026, 10, 15), LAW) == []


@pytest.mark.parametrize(
    "change",
    [{"joint committee": "330"}, {"worker code": "046"}, {"quarter": "2022Q4", "days": {1: 65}}],
    ids=["no law on that day", "worker code in no list", "figures derived"],
)
def test_nobody_is_told_of_too_much_where_the_reckoning_is_not_sure(change: dict[str, Any]) -> None:
    seen = situation_of({**CASE, "claimed": {3000: 5000.00}, **change})
    assert excesses(seen, LAW) == []


def test_a_reduction_for_somebody_who_is_not_covered_is_too_much() -> None:
    (excess,) = excesses(situation_of({**CASE, "worker code": "450", "claimed": {3000: 100.00}}), LAW)
    assert excess.due == 0


def test_a_situation_that_was_reckoned_is_reckoned_anew_by_other_figures() -> None:
    seen, day = situation_of(CASE), date(2026, 10, 15)
    (before,) = structural_reduction.RULE.decide(seen, day, LAW)
    higher = with_figures(LAW, ["structural_reduction.category 1.alpha=0.15"])
    (other,) = structural_reduction.RULE.decide(seen, day, higher)
    (after,) = structural_reduction.RULE.decide(seen, day, LAW)
    assert other.amount is not None
    assert before.amount is not None
    assert other.amount > before.amount
    assert after == before
