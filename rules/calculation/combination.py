"""Combines the structural and the target-group reduction of one occupation, in the order of the law."""

from collections.abc import Iterable
from typing import NamedTuple

from rules.view.worker_line import Claim


class Granted(NamedTuple):
    """What is left of two reductions, in eurocents."""

    structural: int
    target: int


def combine(contributions: int, structural: int, target: int) -> Granted:
    """Both together are at most the contributions due: the target group is cut first, then the structural reduction."""
    kept = min(structural, contributions)
    return Granted(kept, min(target, contributions - kept))


def chosen(claims: Iterable[Claim], codes: frozenset[str]) -> str | None:
    """The target group of an occupation; of several that are claimed, the one with the largest amount."""
    taken: dict[str, int] = {}
    for claim in claims:
        if claim.code in codes:
            taken[claim.code] = taken.get(claim.code, 0) + claim.amount
    return max(taken, key=taken.__getitem__) if taken else None
