"""The changes of an institution that wait to be processed, in order, in pieces that take a bounded time.

An institution can only delay itself: no piece unpacks more than one batch beyond its time, unpacked bytes have a limit,
and each institution has its own rate.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from backbone.batches import Fetched, RecordBatch
from backbone.unpacking import Unpackable, Unpacker
from consumers.directory.change_batch import UnreadableRecords
from consumers.directory.change_decision import DossierChange
from schemas.topics import LARGEST_CHANGES, changes

LARGEST_UNPACKED = 8 * LARGEST_CHANGES
"""Bytes of a batch when it is unpacked; a stock client packs 1,000,000."""
TURN_S = 0.25
"""How long a turn lasts before its piece is written; the current batch may be unpacked beyond that."""
LONGEST_RUN = 1_000_000
"""A run of unreadable records is answered at this length, even if more of them follow."""
NOT_A_CHANGE = "not a change written by the contract"
NOT_UNPACKED = f"broken, or larger than {LARGEST_UNPACKED >> 20} MiB when unpacked"
MINUTE_S = 60.0

ReadChange = Callable[[str, bytes], DossierChange | None]


class Allowance:
    """A rate limit: how many answers an institution may still cause, at most a minute's worth at once."""

    def __init__(self, per_minute: int, now: float) -> None:
        self._most = float(per_minute)
        self._left = self._most
        self._at = now

    def left(self, now: float) -> int:
        """How many there are now."""
        self._left = min(self._most, self._left + (now - self._at) * self._most / MINUTE_S)
        self._at = now
        return int(self._left)

    def spend(self, answers: int) -> None:
        """Use some of them."""
        self._left -= answers


class Piece(NamedTuple):
    """Changes and unreadable records in order, and the offset that follows them."""

    arrived: list[DossierChange | UnreadableRecords]
    following: int


class Backlog:
    """The records of one institution from an offset on."""

    def __init__(
        self, institution: str, begin: int, unpacker: Unpacker, read: ReadChange, allowance: Allowance
    ) -> None:
        self.institution = institution
        self.topic = changes(institution)
        self.allowance = allowance
        self.reached = begin
        """The offset after the last record that was read."""
        self._unpacker = unpacker
        self._read = read
        self._end = begin
        self._batches: deque[RecordBatch] = deque()
        self._records: Iterator[UnreadableRecords | bytes] | None = None
        self._run: UnreadableRecords | None = None

    @property
    def begin(self) -> int:
        """The offset of the first record that has not been taken yet."""
        return self._run.first if self._run else self.reached

    @property
    def empty(self) -> bool:
        """Whether more must be fetched before there is anything to take."""
        return self._records is None

    def put(self, fetched: Fetched) -> None:
        """Add the batches fetched from `reached` on."""
        # Without batches nothing more is visible now, whatever the broker holds.
        self._end = fetched.end if fetched.batches else self.reached
        self._batches.extend(fetched.batches)
        if self._batches:
            self._records = self._looked_at()

    def _looked_at(self) -> Iterator[UnreadableRecords | bytes]:
        """Each record, or the rest of a batch that cannot be unpacked; `reached` follows the last one yielded."""
        while self._batches:
            batch = self._batches.popleft()
            begin = max(batch.first, self.reached)
            try:
                for offset, value in batch.records(self._unpacker):
                    if offset >= begin:
                        begin = self.reached = offset + 1
                        yield value
            except Unpackable:
                self.reached = batch.following
                if begin < batch.following:
                    yield UnreadableRecords(self.institution, begin, batch.following, NOT_UNPACKED)
            self.reached = batch.following

    def take(self, most: int) -> Piece | None:
        """The next changes, up to `most` answers; None where there is nothing to answer yet.

        Consecutive unreadable records get one answer, so such a run waits for its end if more records follow.
        """
        arrived: list[DossierChange | UnreadableRecords] = [self._run] if self._run else []
        self._run = None
        until = time.monotonic() + TURN_S
        while self._records is not None and len(arrived) < most and time.monotonic() < until:
            record = next(self._records, None)
            if record is None:
                self._records = None
            else:
                self._add(arrived, record)
        following = self.reached
        last = arrived[-1] if arrived else None
        if isinstance(last, UnreadableRecords) and last.records < LONGEST_RUN and self.reached < self._end:
            arrived.pop()
            self._run, following = last, last.first
        return Piece(arrived, following) if arrived else None

    def _add(self, arrived: list[DossierChange | UnreadableRecords], record: UnreadableRecords | bytes) -> None:
        if isinstance(record, bytes):
            change = self._read(self.institution, record)
            if change is not None:
                arrived.append(change)
                return
            record = UnreadableRecords(self.institution, self.reached - 1, self.reached, NOT_A_CHANGE)
        last = arrived[-1] if arrived else None
        if isinstance(last, UnreadableRecords) and (last.following, last.why) == (record.first, record.why):
            arrived[-1] = last._replace(following=record.following)
        else:
            arrived.append(record)
