"""Corrections come in pairs: what is told is what is left when they have come to rest."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.settle import FindingVersion, Occasion, WaitingOccasion, ripe, settle, worth_a_notice

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OCCASION = Occasion("citizen", "85073003328", "2026Q3")
FOUND = FindingVersion("f", 1, "found", "certain", 30_000, 10_000)


def waiting(first: float, latest: float) -> list[WaitingOccasion]:
    return [WaitingOccasion(OCCASION, NOW - timedelta(seconds=first), NOW - timedelta(seconds=latest))]


def test_an_occasion_is_told_when_nothing_changed_for_the_quiet_period() -> None:
    assert ripe(waiting(100, 60), NOW, 60) == [OCCASION]
    assert ripe(waiting(100, 59), NOW, 60) == []


def test_without_a_quiet_period_everything_is_told_at_once() -> None:
    assert ripe(waiting(0, 0), NOW, 0) == [OCCASION]


def test_an_occasion_that_never_comes_to_rest_is_told_all_the_same() -> None:
    assert ripe(waiting(599, 1), NOW, 60) == []
    assert ripe(waiting(600, 1), NOW, 60) == [OCCASION]


def test_what_went_away_before_it_was_told_is_not_told() -> None:
    tellings = settle([FOUND, replace(FOUND, version=2, status="withdrawn")], {})
    assert [(telling.version, telling.tells) for telling in tellings] == [(2, "nothing")]
    assert not worth_a_notice(tellings)


def test_only_the_last_of_several_versions_is_told() -> None:
    third = replace(FOUND, version=3, status="replaced", missing=7_000)
    second = replace(FOUND, version=2, status="withdrawn")
    assert [telling[1:] for telling in settle([third, FOUND, second], {})] == [(3, "found")]


def test_a_withdrawal_is_told_to_whoever_was_told_the_finding() -> None:
    tellings = settle([replace(FOUND, version=2, status="withdrawn")], {"f": FOUND})
    assert [telling.tells for telling in tellings] == ["withdrawn"]


def test_another_amount_is_told_as_a_change() -> None:
    tellings = settle([replace(FOUND, version=2, status="replaced", missing=11_000)], {"f": FOUND})
    assert [telling.tells for telling in tellings] == ["changed"]


def test_a_correction_that_comes_back_to_what_was_told_is_not_told_again() -> None:
    away, back = replace(FOUND, version=2, status="withdrawn"), replace(FOUND, version=3, status="replaced")
    assert not worth_a_notice(settle([away, back], {"f": FOUND}))


def test_a_right_that_comes_back_after_its_withdrawal_was_told_is_found_anew() -> None:
    withdrawn = replace(FOUND, version=2, status="withdrawn")
    assert [t.tells for t in settle([replace(FOUND, version=3)], {"f": withdrawn})] == ["found"]


def test_what_no_rule_could_decide_is_not_told() -> None:
    assert not worth_a_notice(settle([replace(FOUND, certainty="undetermined")], {}))


def test_what_was_told_and_cannot_be_decided_any_more_is_told_as_a_withdrawal() -> None:
    tellings = settle([replace(FOUND, version=2, certainty="undetermined")], {"f": FOUND})
    assert [telling.tells for telling in tellings] == ["withdrawn"]


def test_an_old_version_that_comes_late_does_not_undo_a_newer_one() -> None:
    newer = replace(FOUND, version=5, missing=1)
    assert not worth_a_notice(settle([FOUND], {"f": newer}))


@given(st.permutations([FOUND, *(replace(FOUND, version=n, missing=n) for n in range(2, 6))]))
def test_the_order_in_which_versions_arrive_does_not_matter(versions: list[FindingVersion]) -> None:
    assert settle(versions, {}) == [("f", 5, "found")]


@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from(["found", "withdrawn"])), min_size=1))
def test_every_finding_settles_on_exactly_one_version(steps: list[tuple[int, str]]) -> None:
    versions = [replace(FOUND, finding=f"f{n % 3}", version=n, status=status) for n, status in steps]
    tellings = settle(versions, {})
    assert {telling.finding for telling in tellings} == {version.finding for version in versions}
    assert len(tellings) == len({telling.finding for telling in tellings})


BY_LAW = replace(FOUND, version=2, status="replaced", by_law=True)
LEAST = 100


@pytest.mark.parametrize(
    ("now", "before", "tells"),
    [
        (replace(BY_LAW, missing=10_099), FOUND, "nothing"),
        (replace(BY_LAW, missing=10_100), FOUND, "changed"),
        (replace(BY_LAW, missing=9_901), FOUND, "nothing"),
        (replace(BY_LAW, missing=9_900), FOUND, "changed"),
        (replace(BY_LAW, missing=10_099, by_law=False), FOUND, "changed"),
        (replace(BY_LAW, missing=10_001, certainty="to_check"), FOUND, "changed"),
        (replace(BY_LAW, certainty="likely"), FOUND, "nothing"),
        (replace(BY_LAW, missing=20_000, certainty="likely"), FOUND, "changed"),
        (replace(BY_LAW, status="found", missing=99), None, "nothing"),
        (replace(BY_LAW, status="found", missing=100), None, "found"),
        (replace(BY_LAW, status="found", amount=None, missing=None), None, "found"),
        (replace(BY_LAW, status="withdrawn"), replace(FOUND, missing=99), "nothing"),
        (replace(BY_LAW, status="withdrawn"), replace(FOUND, missing=100), "withdrawn"),
        (replace(BY_LAW, status="withdrawn"), replace(FOUND, amount=None, missing=None), "withdrawn"),
        (replace(BY_LAW, certainty="undetermined"), FOUND, "withdrawn"),
    ],
)
def test_what_changed_law_moves_by_less_than_the_least_is_not_told(
    now: FindingVersion, before: FindingVersion | None, tells: str
) -> None:
    told = {} if before is None else {"f": before}
    assert [telling.tells for telling in settle([now], told, LEAST)] == [tells]


def test_small_changes_of_the_law_are_measured_against_what_was_told_last() -> None:
    steps = [replace(BY_LAW, version=number, missing=10_000 + 60 * number) for number in (1, 2)]
    assert [settle([one], {"f": FOUND}, LEAST)[0].tells for one in steps] == ["nothing", "changed"]
