"""Limits of wage move by the step the decree names: each row is some steps after the one before it."""

from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

import pytest

from tests.builders.law import LAW

STEP = LAW["structural_reduction"].series["index step"].rows[0].number("factor")
CENT = Decimal("0.01")
MOST = 3
"""Steps between two rows at most: two fall in one quarter, and a row may be read after a gap of one."""


def steps(before: Decimal, after: Decimal, tolerance: Decimal) -> int | None:
    """How many steps lead from one amount to the other, None where none do."""
    for number in range(MOST + 1):
        reached = (before * STEP**number).quantize(CENT, ROUND_HALF_UP)
        if abs(reached - after) <= tolerance:
            return number
    return None


@pytest.mark.parametrize(
    ("rule", "series", "figure", "moves"),
    [
        ("structural_reduction", "category 1", "S0", 8),
        ("structural_reduction", "category 3", "S0", 8),
        ("structural_reduction", "category 3bis", "S0", 8),
        ("older_workers", "Wallonia limit", "limit", 7),
        ("restructuring_card", "limits", "S0", 7),
        ("restructuring_card", "limits", "S1", 7),
    ],
)
def test_each_limit_is_whole_steps_after_the_one_before(rule: str, series: str, figure: str, moves: int) -> None:
    known = [
        row.number(figure) for row in LAW[rule].series[series].rows if figure in row.figures and row.start.year >= 2022
    ]
    found = [steps(before, after, 2 * CENT) for before, after in pairwise(known)]
    assert None not in found
    assert sum(1 for number in found if number) == moves
