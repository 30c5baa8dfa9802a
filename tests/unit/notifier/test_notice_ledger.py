"""Where a notice may go from where it is."""

import re

import pytest

from notifier.backoff import LONGEST_WAIT_S, backoff
from notifier.ledger import FOLLOWS, NoticeState, name_notice
from notifier.mail.hand_over import ATTEMPTS

FINAL = frozenset(state for state, following in FOLLOWS.items() if not following)


def reachable(start: NoticeState) -> set[NoticeState]:
    found, open_states = {start}, [start]
    while open_states:
        for following in FOLLOWS[open_states.pop()] - found:
            found.add(following)
            open_states.append(following)
    return found


def test_every_state_is_reached_from_the_beginning_or_is_one() -> None:
    assert reachable(NoticeState.SETTLED) | {NoticeState.SUPPRESSED} == set(NoticeState)


@pytest.mark.parametrize("state", sorted(NoticeState))
def test_every_state_can_still_end(state: NoticeState) -> None:
    assert reachable(state) & FINAL


def test_what_was_handed_over_suppressed_or_cannot_be_told_stays_so() -> None:
    assert {NoticeState.HANDED_OVER, NoticeState.SUPPRESSED, NoticeState.CANNOT_BE_TOLD} == FINAL


def test_what_is_in_doubt_is_never_handed_over_again_as_it_is() -> None:
    assert NoticeState.HANDING_OVER not in FOLLOWS[NoticeState.IN_DOUBT]
    assert NoticeState.POSTPONED not in FOLLOWS[NoticeState.IN_DOUBT]


def test_nothing_is_handed_over_without_having_been_on_its_way() -> None:
    before = {state for state, following in FOLLOWS.items() if NoticeState.HANDED_OVER in following}
    assert before == {NoticeState.HANDING_OVER, NoticeState.IN_DOUBT}


def test_waits_grow_up_to_an_hour() -> None:
    waits = [backoff(attempts) for attempts in range(1, ATTEMPTS + 1)]
    assert waits == sorted(waits)
    assert waits[0] == 30
    assert waits[-1] == LONGEST_WAIT_S


def test_the_reference_of_a_notice_never_looks_like_the_number_of_a_person_or_an_employer() -> None:
    names = [name_notice("citizen", f"{number:032x}", "2026Q3", 1) for number in range(2_000)]
    assert len(set(names)) == 2_000
    assert not [name for name in names if re.search(r"\d{6}", name)]


def test_a_follow_up_has_a_reference_of_its_own() -> None:
    assert name_notice("citizen", "a", "2026Q3", 1) != name_notice("citizen", "a", "2026Q3", 2)
