"""A target group taken too high, twice, or where there is no right is an anomaly on its own deduction."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from rules.case import events
from rules.catalogue import decide_all, excesses
from rules.finding import Excess
from rules.situation import situation

SINCE = date(2018, 2, 1)
CASE: dict[str, Any] = {"quarter": "2026Q3", "wage": {1: 18000.00}, "days": {1: 65}}


def _excesses(claimed: dict[int, Any], **change: Any) -> list[Excess]:
    return excesses(situation(*events({**CASE, "claimed": claimed, **change})))


def test_a_first_hire_taken_at_the_amount_of_before_the_reform_is_too_much_on_its_own_place() -> None:
    (excess,) = _excesses({9999: 1, 3315: {"amount": 3100.00, "since": SINCE}})
    assert (excess.rule, excess.code, excess.deduction_code) == ("first_hirings", "00089-044", "3315")
    assert (excess.line, excess.occupation, excess.deduction) == (0, 0, 1)
    assert (excess.claimed, excess.due) == (Decimal("3100.00"), Decimal("2000.00"))


def test_one_cent_too_much_is_rounding_and_two_are_told() -> None:
    assert _excesses({3315: {"amount": 2000.01, "since": SINCE}}) == []
    (excess,) = _excesses({3315: {"amount": 2000.02, "since": SINCE}})
    assert excess.due == Decimal("2000.00")


def test_together_with_the_structural_reduction_the_target_group_is_what_is_too_much() -> None:
    claimed = {3000: 1394.38, 3315: {"amount": 2000.00, "since": SINCE}}
    (excess,) = _excesses(claimed, wage={1: 6000.00})
    assert (excess.deduction_code, excess.due) == ("3315", Decimal("105.62"))


def test_a_right_whose_window_is_over_gives_nothing() -> None:
    (excess,) = _excesses({3326: {"amount": 450.00, "since": date(2021, 3, 31)}}, quarter="2026Q1")
    assert excess.due == 0


def test_of_two_target_groups_on_one_occupation_the_lower_is_too_much() -> None:
    (excess,) = _excesses({3315: {"amount": 2000.00, "since": SINCE}, 3324: {"amount": 1000.00, "since": SINCE}})
    assert (excess.deduction_code, excess.due) == ("3324", Decimal(0))


@pytest.mark.parametrize(
    "change",
    [
        {"worker code": "046"},
        {"worker code": "841"},
        {"joint committee": "330"},
        {"claimed": {3315: 9000.00}},
        {"claimed": {3352: {"amount": 9000.00, "since": date(2026, 6, 30)}}},
    ],
    ids=["worker code in no list", "limited subjection", "no law for category 2", "no start", "law not found"],
)
def test_nobody_is_told_of_too_much_where_the_reckoning_is_not_sure(change: dict[str, Any]) -> None:
    claimed = change.pop("claimed", {3315: {"amount": 9000.00, "since": SINCE}})
    assert _excesses(claimed, **change) == []


def test_what_is_due_is_neither_too_much_nor_missed() -> None:
    case = {**CASE, "claimed": {3315: {"amount": 2000.00, "since": SINCE}}}
    seen = situation(*events(case))
    assert excesses(seen) == []
    assert [one for one in decide_all(seen, date(2026, 10, 15)) if one.rule == "first_hirings"] == []
