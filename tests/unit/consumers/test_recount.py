"""What is due is worked out from what stood when: who was on file, on which basis, and what came later."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from consumers.deliberations import load
from consumers.deliberations.store import StoredDeliberation
from consumers.narrowing.event_codec import shape
from kruispunt.monitoring.recount import AcceptedEvent, Bases, DossierTimeline, DueCopies, derive
from schemas.codec import encode_body
from schemas.contracts import contract
from schemas.samples import sample

KIND = "declarations.working-time"
LOADED = datetime(2026, 1, 1, tzinfo=UTC)
JUDGED = datetime(2026, 10, 12, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
RVA = ("rva", "18/1", date(2000, 1, 1))


def bases(withdrawn: datetime | None = None) -> Bases:
    return Bases([StoredDeliberation(one, LOADED, withdrawn if one.recipient == "rva" else None) for one in load()])


def fact() -> AcceptedEvent:
    record: dict[str, Any] = sample(KIND)
    return AcceptedEvent(
        b"k" * 16, shape(contract(KIND)).open(encode_body(contract(KIND), record)), contract(KIND), JUDGED
    )


def due(file: DossierTimeline, *, withdrawn: datetime | None = None) -> DueCopies:
    found = derive(fact(), {RVA: file}, bases(withdrawn), JUDGED)
    return DueCopies(
        {one for one in found.certain if one[0] == "rva"}, {one for one in found.possible if one[0] == "rva"}
    )


def recipients(found: set[tuple[str, str]]) -> list[str]:
    return [recipient for recipient, _ in found]


def test_whoever_was_on_file_when_it_was_judged_is_due_a_copy() -> None:
    found = due(DossierTimeline([(JUDGED - HOUR, None)], [], None))
    assert found.certain == found.possible
    assert recipients(found.certain) == ["rva"]


def test_nothing_is_due_where_a_file_had_ended_or_the_basis_was_withdrawn() -> None:
    ended = DossierTimeline([(JUDGED - 2 * HOUR, None)], [JUDGED - HOUR], None)
    assert due(ended) == DueCopies(set(), set())
    assert due(DossierTimeline([(JUDGED - HOUR, None)], [], None), withdrawn=JUDGED - HOUR) == DueCopies(set(), set())


def test_what_came_before_the_file_is_due_as_a_replay_where_the_basis_says_so() -> None:
    later = due(DossierTimeline([(JUDGED + HOUR, None)], [], None))
    look_back = any(one.recipient == "rva" and one.look_back for one in load())
    assert bool(later.certain) == look_back
    assert later.certain == later.possible
    assert due(DossierTimeline([(JUDGED + HOUR, None)], [], None), withdrawn=JUDGED + HOUR / 2) == DueCopies(
        set(), set()
    )


def test_a_change_within_seconds_of_the_judgement_may_have_been_seen_or_not() -> None:
    found = due(DossierTimeline([(JUDGED - HOUR, None)], [JUDGED + timedelta(seconds=1)], None))
    assert (recipients(found.certain), recipients(found.possible)) == ([], ["rva"])


def test_a_period_that_was_shortened_later_leaves_both_outcomes_open() -> None:
    found = due(DossierTimeline([(JUDGED - HOUR, None)], [], date(2001, 1, 1)))
    assert (recipients(found.certain), recipients(found.possible)) == ([], ["rva"])
