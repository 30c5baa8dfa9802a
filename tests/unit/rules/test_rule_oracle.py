"""The reckoning in exact integers against the formula of the law written out in decimals, on any input."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from rules.catalogue import structural_reduction, work_bonus
from tests.builders.law import LAW
from tests.builders.situations import situation_of

CENT = Decimal("0.01")
FIGURES = {
    "2022Q3": ("9975.37", "0.40", "6007.49"),
    "2024Q2": ("10797.67", "0.40", "6807.18"),
    "2025Q2": ("11233.89", "0.21", "8400.00"),
    "2025Q3": ("11233.89", "0.15", "9360.00"),
    "2026Q3": ("11687.74", "0.16", "9738.14"),
}
"""S0, gamma and S2 of category 1."""
wages = some.decimals(min_value=1, max_value=30_000, places=2)
JULY = ("2937.93", "127.54", "0.3196", "3336.98", "2300.62", "171.99", "0.2699")


def cent(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def reduction(quarter: str, wage: Decimal, worked: Decimal, week: Decimal) -> Decimal:
    """Ps of an only occupation at half time or more, category 1, before comparison with the base contributions."""
    low, gamma, lowest = (Decimal(figure) for figure in FIGURES[quarter])
    reference = cent(wage * cent(13 * week / worked))
    full = cent(Decimal("0.14") * max(low - reference, Decimal(0))) + cent(gamma * max(lowest - reference, Decimal(0)))
    share = cent(worked / (13 * week))
    if share >= Decimal("0.80"):
        beta = 1 / share
    elif share >= Decimal("0.55"):
        beta = Decimal("1.18") + (share - Decimal("0.55")) * Decimal("0.28")
    else:
        beta = Decimal("1.18")
    return min(cent(full * share * beta), full)


def bonus(wage: Decimal) -> Decimal:
    """A + B of a full July 2026 for a non-manual worker, at most the personal contribution."""
    a1, amax, a, a2, b1, bmax, b = (Decimal(figure) for figure in JULY)
    strong = amax if wage <= a1 else amax - cent(a * (wage - a1)) if wage <= a2 else Decimal(0)
    weak = bmax if wage <= b1 else bmax - cent(b * (wage - b1)) if wage <= a1 else Decimal(0)
    return min(max(strong, Decimal(0)) + max(weak, Decimal(0)), cent(wage * Decimal("0.1307")))


def stated(findings: list[Any]) -> Decimal:
    return findings[0].amount if findings else Decimal(0)


@given(some.sampled_from(sorted(FIGURES)), wages, some.integers(1, 140))
def test_a_full_time_worker_gets_what_the_formula_says(quarter: str, wage: Decimal, half_days: int) -> None:
    days = Decimal(half_days) / 2
    with localcontext() as context:
        context.prec = 60
        expected = min(reduction(quarter, wage, days, Decimal(5)), cent(wage * Decimal("0.25")))
    seen = situation_of({"quarter": quarter, "wage": {1: wage}, "days": {1: days}})
    found = stated(structural_reduction.RULE.decide(seen, date(2022, 1, 1), LAW))
    assert found == expected if expected > CENT else found in (0, expected)


@given(some.sampled_from(sorted(FIGURES)), wages, some.integers(1, 60_000))
def test_a_half_time_worker_gets_what_the_formula_says(quarter: str, wage: Decimal, hundredths: int) -> None:
    hours = Decimal(hundredths) / 100
    with localcontext() as context:
        context.prec = 60
        expected = min(reduction(quarter, wage, hours, Decimal(38)), cent(wage * Decimal("0.25")))
    case = {"quarter": quarter, "contract": (19, 38), "wage": {1: wage}, "hours": {1: hours}}
    found = stated(structural_reduction.RULE.decide(situation_of(case), date(2022, 1, 1), LAW))
    assert found == expected if expected > CENT else found in (0, expected)


@given(some.decimals(min_value=1, max_value=5_000, places=2))
def test_a_full_month_gets_the_bonus_the_formula_says(wage: Decimal) -> None:
    case = {
        "quarter": "2026Q3",
        "from": date(2026, 7, 1),
        "until": date(2026, 7, 31),
        "wage": {1: wage},
        "days": {1: 23},
    }
    expected = bonus(wage)
    found = stated(work_bonus.RULE.decide(situation_of(case), date(2026, 8, 15), LAW))
    assert found == expected if expected > CENT else found in (0, expected)


@given(wages, some.sampled_from(["1", "2", "4", "5", "12"]), some.sampled_from(["6", "7", "11", "13", "23"]))
def test_remuneration_that_does_not_count_changes_nothing(wage: Decimal, counted: str, other: str) -> None:
    case = {"quarter": "2025Q2", "days": {1: 65}}
    alone = structural_reduction.RULE.decide(situation_of({**case, "wage": {1: wage}}), date(2025, 7, 15), LAW)
    paid = {counted: wage, other: Decimal("500.00")}
    mixed = structural_reduction.RULE.decide(situation_of({**case, "wage": paid}), date(2025, 7, 15), LAW)
    assert stated(alone) == stated(mixed)
