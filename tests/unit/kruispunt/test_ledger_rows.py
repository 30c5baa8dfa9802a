"""A dead letter is a difference until somebody has decided about it; what was dropped is missed no more."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

from backbone.tally import Tally, digest_of
from kruispunt.monitoring.books import ACKNOWLEDGEMENTS, NOTIFICATIONS, Books, Logged
from kruispunt.monitoring.dead_letter_counts import DeadLetterCounts
from kruispunt.monitoring.ledger import LedgerRow, _answered, _decided, _exchanged, _letters
from schemas.institutions import INSTITUTIONS

DAY = datetime(2026, 10, 12, tzinfo=UTC)
EVENTS = ("a", "b", "c")


def of(*events: str) -> Tally:
    return Tally(len(events), sum(map(digest_of, events)))


def books(
    read: Tally, dead_letters: DeadLetterCounts, *, decided: Tally | None = None, set_aside: Tally | None = None
) -> Books:
    log = {Logged("exchanged", "", "", 0, DAY): read, Logged("delivered", "rules", "26/001@1", 0, DAY): of(*EVENTS)}
    log |= {Logged("accounted", name, "", 0, DAY): read for name in INSTITUTIONS}
    tallies = {("received", "26/001@1", 0): of(*EVENTS), ("decided", "26/001@1", 0): decided or of(*EVENTS)}
    if set_aside:
        tallies["set aside", "26/001@1", 0] = set_aside
    published = {"register": {"declarations.wages": of("a"), "declarations.working-time": of("b", "c")}}
    answered = {kind: (of("s"), of("s")) for kind in (ACKNOWLEDGEMENTS, NOTIFICATIONS)}
    return Books(answered, of(*EVENTS), published, log, {}, tallies, {}, {}, Tally(), dead_letters, {})


def red(rows: list[LedgerRow]) -> dict[str, int]:
    return {row.effect: row.difference for row in rows if row.difference}


def every(found: Books) -> list[LedgerRow]:
    return [*_answered(found), *_exchanged(found), *_decided(found), *_letters(found)]


def test_all_that_was_published_and_decided_balances() -> None:
    assert red(every(books(of(*EVENTS), DeadLetterCounts()))) == {}


def test_an_event_nobody_could_read_is_missing_everywhere_until_it_is_replayed_or_dropped() -> None:
    left_open = DeadLetterCounts(Counter(exchange=1), Counter(exchange=1))
    found = red(every(books(of("a", "b"), left_open)))
    assert found == {
        "published events = exchanged events": -1,
        **{f"exchanged events = delivered or refused ({name})": -1 for name in INSTITUTIONS},
        "dead letters = replayed + dropped (exchange)": -1,
    }
    closed = DeadLetterCounts(Counter(exchange=1), Counter())
    assert red(every(books(of(*EVENTS), closed))) == {}
    dropped = books(of("a", "b"), closed)
    dropped.dropped["exchange",] = of("c")  # type: ignore[index]
    assert red(every(dropped)) == {}


def test_a_message_somebody_else_wrote_is_no_event_and_a_difference_only_as_a_letter() -> None:
    found = red(every(books(of(*EVENTS), DeadLetterCounts(Counter(exchange=1), Counter(exchange=1)))))
    assert found.pop("dead letters = replayed + dropped (exchange)") == -1
    assert set(found) == {f"exchanged events = delivered or refused ({name})" for name in INSTITUTIONS}


def test_a_person_set_aside_is_a_difference_and_nothing_is_lost() -> None:
    letters = DeadLetterCounts(Counter(rules=1), Counter(rules=1))
    found = books(of(*EVENTS), letters, decided=of("a"), set_aside=of("b", "c"))
    assert red(every(found)) == {
        "facts for the rules = facts decided": -2,
        "dead letters = replayed + dropped (rules)": -1,
    }
    lost = books(of(*EVENTS), letters, decided=of("a"), set_aside=of("b"))
    assert red(every(lost))["facts for the rules = facts decided + facts set aside"] == -1


def test_one_fact_lost_and_another_decided_twice_is_a_difference() -> None:
    assert red(every(books(of(*EVENTS), DeadLetterCounts(), decided=of("a", "b", "b")))) == {
        "facts for the rules = facts decided": -1,
        "facts for the rules = facts decided + facts set aside": -1,
    }


def test_a_submission_without_its_acknowledgement_is_a_difference_and_one_answered_twice_makes_up_for_none() -> None:
    found = books(of(*EVENTS), DeadLetterCounts())
    assert red(list(_answered(found))) == {}
    lost = replace(found, answered={**found.answered, ACKNOWLEDGEMENTS: (of("s", "t"), of("s"))})
    assert red(list(_answered(lost))) == {"submissions received = acknowledgements stored": -1}
    swapped = replace(found, answered={**found.answered, NOTIFICATIONS: (of("s", "t"), of("s", "s"))})
    assert red(list(_answered(swapped))) == {"declarations judged = notifications stored": -1}
