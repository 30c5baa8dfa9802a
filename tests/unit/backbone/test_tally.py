"""Two places that hold the same sum up to the same, in any order; what is lost and what is doubled shows."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from backbone.progress import Progress, record
from backbone.progress import published as reached
from backbone.progress import summed as sums
from backbone.tally import NONE, Compared, Sums, Tally, compare, digest_of, leading, merged, total, versioned
from kruispunt.declared_outboxes import digest
from kruispunt.monitoring.ledger import UNTOLD, as_far_as_known, by_day
from schemas.codec import encode
from schemas.contracts import contract, contracts
from schemas.samples import sample
from schemas.topics import DECLARATIONS, FINDINGS

ROOT = Path(__file__).parents[3]

EVENTS = st.lists(st.text("0123456789abcdef", min_size=32, max_size=32), min_size=2, max_size=30, unique=True)


def summed(events: list[str]) -> Tally:
    sums: Sums[str] = Sums()
    for event in events:
        sums.add("here", digest_of(event))
    return sums.tallies().get("here", NONE)


@given(EVENTS, st.randoms())
def test_a_sum_does_not_depend_on_the_order(events: list[str], random: object) -> None:
    assert summed(events) == summed(sorted(events)) == total(summed([event]) for event in reversed(events))


@given(EVENTS)
def test_one_lost_and_another_doubled_is_one_lost(events: list[str]) -> None:
    first, second, *others = events
    expected = {"place": summed(events)}
    assert compare(expected, {"place": summed([second, second, *others])}) == (len(events), len(events) - 1)
    assert compare(expected, {"place": summed(events[1:])}) == (len(events), len(events) - 1)
    assert compare(expected, {"place": summed([first, *events])}) == (len(events), len(events) + 1)
    assert compare(expected, {"place": summed(events[::-1])}) == (len(events), len(events))


def test_what_is_lost_in_one_place_is_not_made_up_for_in_another() -> None:
    one, other = summed(["a", "b"]), summed(["c", "d"])
    assert compare({1: one, 2: other}, {1: summed(["a"]), 2: summed(["c", "d", "d"])}) == Compared(4, 3)
    assert compare({1: one}, {1: one, 2: summed(["c"])}) == Compared(2, 3)
    assert compare({1: one, 2: other}, {1: one}) == Compared(4, 2)


def test_what_was_counted_before_there_were_digests_is_held_against_the_number() -> None:
    old = {("x", 1): Tally(2, None)}
    assert compare(old, {("x", 1): summed(["a", "b"])}) == (2, 2)
    assert compare(old, {("x", 1): summed(["a"])}) == (2, 1)
    expected, found = as_far_as_known(
        {("x", 1): summed(["a", "b"])}, {("", -1): Tally(1, None), ("x", 1): summed(["b"])}
    )
    assert compare(expected, found) == (2, 2)
    expected, found = as_far_as_known({("x", 1): summed(["a"])}, {("x", 2): summed(["a"])})
    assert compare(expected, found) == (1, 0)


def test_what_was_counted_without_days_is_held_against_all_days() -> None:
    day = datetime(2026, 7, 1, tzinfo=UTC)
    expected = {("d", 0, UNTOLD): summed(["a"]), ("d", 0, day): summed(["b"]), ("d", 1, day): summed(["c"])}
    found = {("d", 0, day): summed(["a", "b"]), ("d", 1, day): summed(["c"])}
    assert compare(*by_day(expected, found)) == (3, 3)
    assert compare(*by_day(expected, found | {("d", 1, day): summed(["e"])})) == (3, 2)


def test_tallies_are_merged_under_fewer_keys() -> None:
    assert merged({("a", 1): summed(["x"]), ("a", 2): summed(["y"])}, lambda key: key[0]) == {"a": summed(["x", "y"])}


@pytest.mark.parametrize("topic", DECLARATIONS)
def test_an_event_is_marked_by_its_id_without_reading_it(topic: str) -> None:
    value = encode(contract(topic), sample(topic))
    assert leading(value) == sample(topic)["event"].encode()
    assert digest(topic, value) == digest_of(sample(topic)["event"])


@pytest.mark.parametrize("version", [1, 2, 63, 64, 5_000, 2**31 - 1])
def test_a_finding_is_marked_by_its_id_and_version(version: int) -> None:
    record = sample(FINDINGS) | {"version": version}
    value = encode(contract(FINDINGS), record)
    assert versioned(value) == f"{record['finding']}@{version}".encode()
    assert digest(FINDINGS, value) == digest_of(f"{record['finding']}@{version}")


@given(st.binary(max_size=80))
def test_what_nobody_can_read_is_counted_as_well(value: bytes) -> None:
    for topic in (*DECLARATIONS, FINDINGS, "notices.status"):
        assert -(2**63) <= digest(topic, value) < 2**63


def message(key: bytes, value: bytes) -> Message:
    return Message(key=key, value=value)


def test_a_position_says_what_was_published_and_one_of_an_earlier_version_does_not() -> None:
    first, second = (one for one in contracts() if one.name == "relay.positions")
    old = message(b"register", encode(first, {"source": "register", "tx": 7, "id": 8}))
    published = {"declarations.wages": summed(["a", "b"]), FINDINGS: Tally()}
    new = message(*record("register", Progress(9, 10), tallies=published))
    replay = message(*record("replay", Progress(1, 2)))
    assert second.id == contract("relay.positions").id
    found = [old, replay]
    both = [*found, new]
    assert (reached(found)["register"], sums(found)) == (Progress(7, 8), {})
    assert (reached(both)["register"], sums(both)) == (Progress(9, 10), {"register": published})


def test_every_database_marks_a_member_of_a_set_in_the_same_way() -> None:
    files = sorted(path for path in ROOT.glob("*/sql/*/*tally.sql") if ".mark(identifier" in path.read_text("utf-8"))
    assert {path.parent.name for path in files} == {"audit", "notifier", "register", "rules", "store"}
    functions = {
        path.parent.name: path.read_text("utf-8").partition(f"function {path.parent.name}.mark(")[2].partition(";")[0]
        for path in files
    }
    assert len(set(functions.values())) == 1, functions
