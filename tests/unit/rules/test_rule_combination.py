"""Reductions side by side: together at most the contributions due, and the target group is cut first."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from rules.calculation.combination import chosen, combine
from rules.view.worker_line import Claim

amounts = some.integers(0, 10_000_000)


@pytest.mark.parametrize(
    ("contributions", "structural", "target", "kept"),
    [
        (150_000, 100_000, 50_000, (100_000, 50_000)),
        (150_000, 100_000, 50_001, (100_000, 50_000)),
        (149_999, 100_000, 50_000, (100_000, 49_999)),
        (100_000, 100_000, 1, (100_000, 0)),
        (99_999, 100_000, 1, (99_999, 0)),
        (0, 100_000, 1, (0, 0)),
    ],
)
def test_the_target_group_is_cut_first_and_then_the_structural_reduction(
    contributions: int, structural: int, target: int, kept: tuple[int, int]
) -> None:
    assert combine(contributions, structural, target) == kept


@given(amounts, amounts, amounts)
def test_together_they_never_exceed_the_contributions_and_nothing_is_cut_for_nothing(
    contributions: int, structural: int, target: int
) -> None:
    kept = combine(contributions, structural, target)
    assert kept.structural + kept.target == min(contributions, structural + target)
    assert kept.target == target or kept.structural + kept.target == contributions
    assert kept.structural == structural or kept.target == 0


def test_of_several_target_groups_the_one_that_is_taken_most_stays() -> None:
    codes = frozenset({"3324", "8320"})
    claims = [Claim("3000", 90_000), Claim("8320", 20_000), Claim("3324", 30_000), Claim("8320", 15_000)]
    assert chosen(claims, codes) == "8320"
    assert chosen(claims[:1], codes) is None
