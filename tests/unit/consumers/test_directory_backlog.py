"""What an institution wrote is unpacked up to a size, taken in pieces, and answered once where it cannot be read."""

import time
import tracemalloc

import pytest

from backbone.batches import HEADER, Fetched, RecordBatch, split
from backbone.unpacking import Unpackable, Unpacker
from consumers.directory import backlog as module
from consumers.directory.backlog import (
    LARGEST_UNPACKED,
    NOT_A_CHANGE,
    NOT_UNPACKED,
    Allowance,
    Backlog,
)
from consumers.directory.change_batch import UnreadableRecords
from consumers.directory.change_decision import DossierChange, DossierKey
from schemas.legal_day import legal_today
from tests.builders.change_topics import CODECS, batch, stored

MIB = 1024 * 1024
BOMB = {"gzip": 24 * MIB, "snappy": 9 * MIB, "lz4": 24 * MIB, "zstd": 24 * MIB}
"""Beyond what is unpacked, and still less than a megabyte with each codec."""
KEY = DossierKey("", "rva", "18/1")


def read(institution: str, value: bytes) -> DossierChange | None:
    if not value.startswith(b"change"):
        return None
    return DossierChange(value.decode(), "integrate", KEY._replace(institution=institution), legal_today(), None, 1)


@pytest.fixture(autouse=True)
def all_the_time_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn does not end because the machine is busy; a test of that says how long one is."""
    monkeypatch.setattr(module, "TURN_S", 60.0)


def backlog(*batches: RecordBatch, begin: int = 0, end: int | None = None) -> Backlog:
    one = Backlog("rva", begin, Unpacker(LARGEST_UNPACKED), read, Allowance(60, time.monotonic()))
    one.put(Fetched(list(batches), batches[-1].following if end is None else end))
    return one


def said(one: Backlog, most: int = 100) -> tuple[list[str | tuple[int, int, str]], int] | None:
    """A piece in short: ids of changes, and runs."""
    piece = one.take(most)
    if piece is None:
        return None
    return [told.id if isinstance(told, DossierChange) else told[1:] for told in piece.arrived], piece.following


@pytest.mark.parametrize("codec", CODECS)
def test_whatever_a_client_packs_with_is_read(codec: str) -> None:
    values = [b"change %d" % number for number in range(2_000)]
    assert list(batch(values, 70, codec).records(Unpacker(MIB))) == list(enumerate(values, 70))


def test_a_block_of_snappy_without_the_header_of_java_is_read() -> None:
    import cramjam

    assert Unpacker(MIB).unpack(CODECS["snappy"], bytes(cramjam.snappy.compress_raw(b"x" * 1000))) == b"x" * 1000


@pytest.mark.parametrize("codec", BOMB)
def test_a_bomb_is_unpacked_no_further_than_there_is_room(codec: str) -> None:
    one = batch([bytes(BOMB[codec])], codec=codec)
    assert len(one.stored) < 1.2 * MIB
    tracemalloc.start()
    try:
        with pytest.raises(Unpackable):
            list(one.records(Unpacker(LARGEST_UNPACKED)))
        assert tracemalloc.get_traced_memory()[1] < 4 * LARGEST_UNPACKED
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
@pytest.mark.parametrize("place", [HEADER.size, HEADER.size + 20, -1])
def test_what_is_broken_is_told_and_is_no_fault_of_ours(codec: str, place: int) -> None:
    whole = bytearray(stored([b"change 1" * 100, bytes(range(256))], codec=codec))
    whole[place] ^= 0xFF
    [one] = split(bytes(whole))
    try:
        found = list(one.records(Unpacker(MIB)))
    except Unpackable:
        return
    assert [offset for offset, _ in found] == [0, 1]


def test_an_answer_that_was_cut_short_holds_the_whole_batches_only() -> None:
    one, two = stored([b"a", b"b"], 5), stored([b"c"], 7)
    assert [(found.first, found.following) for found in split(one + two[:-1])] == [(5, 7)]
    assert [(found.first, found.following) for found in split(one + two)] == [(5, 7), (7, 8)]
    assert not list(split(one[:40]))


def test_changes_come_in_order_and_the_position_follows_what_was_taken() -> None:
    one = backlog(batch([b"change 0", b"change 1"]), batch([b"change 2", b"change 3"], 2, "zstd"))
    assert said(one, 3) == (["change 0", "change 1", "change 2"], 3)
    assert said(one, 3) == (["change 3"], 4)
    assert (said(one, 3), one.empty) == (None, True)


def test_who_begins_in_the_middle_of_a_batch_takes_the_rest_of_it() -> None:
    assert said(backlog(batch([b"change 0", b"x", b"change 2"], codec="lz4"), begin=1)) == (
        [(1, 2, NOT_A_CHANGE), "change 2"],
        3,
    )


def test_a_bomb_is_answered_with_its_offsets_and_what_follows_is_taken_in() -> None:
    bomb = batch([bytes(BOMB["gzip"])], 1, "gzip")
    one = backlog(batch([b"change 0"]), bomb, bomb._replace(first=2, following=3), batch([b"change 3"], 3))
    assert said(one) == (["change 0", (1, 3, NOT_UNPACKED), "change 3"], 4)


def test_a_run_of_unreadable_records_is_one_answer_over_batches_turns_and_fetches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "TURN_S", 0.001)
    one = backlog(batch([b"change 0", *[b"x"] * 30_000], codec="zstd"), end=70_002)
    assert said(one) == (["change 0"], 1)
    taken, turns = None, 0
    while taken is None:
        taken, turns = said(one), turns + 1
        if one.empty and one.reached == 30_001:
            one.put(Fetched([batch([*[b"x"] * 40_000, b"change"], 30_001)], 70_002))
    assert taken[0][0] == (1, 70_001, NOT_A_CHANGE)
    assert turns > 3


def test_a_run_that_does_not_end_is_answered_when_it_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_RUN", 10)
    assert said(backlog(batch([b"x"] * 12), end=1_000)) == ([(0, 12, NOT_A_CHANGE)], 12)


def test_a_run_is_answered_where_nothing_more_can_be_seen() -> None:
    one = backlog(batch([b"x"]), end=9)
    assert said(one) is None
    one.put(Fetched([], 9))
    assert said(one) == ([(0, 1, NOT_A_CHANGE)], 1)


def test_an_institution_may_say_a_minutes_worth_at_once_and_then_its_rate() -> None:
    allowance = Allowance(600, 0.0)
    assert allowance.left(0.0) == 600
    allowance.spend(600)
    assert (allowance.left(0.05), allowance.left(1.0)) == (0, 10)
    assert allowance.left(1_000.0) == 600


def test_records_that_cannot_be_read_cost_an_institution_one_answer_of_its_rate() -> None:
    piece = backlog(batch([b"x"] * 5_000)).take(10)
    assert piece is not None
    assert piece.arrived == [UnreadableRecords("rva", 0, 5_000, NOT_A_CHANGE)]
