"""Counts a batch of the exchange three times, independently: events read, events judged, copies written.

Pure. The sums travel with the disclosures, in the transaction of the copies.
"""

from datetime import datetime
from typing import TypedDict

from backbone.tally import Sums, digest_of
from consumers.exchange.batch import EventBatch
from consumers.narrowing.narrow import Narrowed
from consumers.narrowing.projection import Projection
from schemas.institutions import INSTITUTIONS
from schemas.twins.audit_disclosures import Accounted, Delivered


class AccountSums(TypedDict):
    """What a record of disclosures says of a partition's sums."""

    read: int
    digest: str
    accounted: list[Accounted]
    delivered: list[Delivered]


class Account:
    """The sums of one batch, by partition."""

    def __init__(self, batch: EventBatch, narrowed: Narrowed) -> None:
        self._batch = batch
        self._narrowed = narrowed
        self._digests: dict[str, int] = {}
        self._read: Sums[int] = Sums()
        self._accounted: dict[int, Sums[str]] = {}
        self._delivered: dict[int, Sums[tuple[str, str, datetime]]] = {}

    def _digest_of(self, event: str) -> int:
        digest = self._digests.get(event)
        if digest is None:
            digest = self._digests[event] = digest_of(event)
        return digest

    def leaves(self, partition: int, event: str, day: datetime, projection: Projection) -> None:
        """Count a copy that is written."""
        key = projection.recipient, projection.deliberation, day
        self._delivered.setdefault(partition, Sums()).add(key, self._digest_of(event))

    def settle(self) -> None:
        """Sum up what was read, and what became of each event for each institution."""
        sources = self._batch.sources
        silent: Sums[tuple[int, tuple[str, ...]]] = Sums()
        for source, event, unconcerned in self._narrowed.read:
            partition, digest = sources[source].partition, self._digest_of(event)
            self._read.add(partition, digest)
            silent.add((partition, unconcerned), digest)
        for (partition, unconcerned), (number, digest) in silent.items():
            sums = self._accounted.setdefault(partition, Sums())
            for name in unconcerned:
                kept = sums[name]
                kept[0] += number
                kept[1] += digest
        # An event of which a recipient gets several copies is delivered to it once.
        reached = {(copy.source, copy.event, copy.projection.recipient) for copy in self._narrowed.copies}
        for source, event, recipient in reached:
            if recipient in INSTITUTIONS:
                self._accounted.setdefault(sources[source].partition, Sums()).add(recipient, self._digest_of(event))
        for source, event, recipient, _ in self._narrowed.refusals:
            self._accounted.setdefault(sources[source].partition, Sums()).add(recipient, self._digest_of(event))

    def sums(self, partition: int) -> AccountSums:
        """The sums of a partition, for its first record of disclosures; its later records have empty sums."""
        read, digest = self._read.pop(partition, [0, 0])
        return {
            "read": read,
            "digest": str(digest),
            "accounted": [
                {"recipient": name, "number": number, "digest": str(digest)}
                for name, (number, digest) in self._accounted.pop(partition, Sums()).items()
            ],
            "delivered": [
                {"recipient": name, "deliberation": basis, "day": day, "number": number, "digest": str(digest)}
                for (name, basis, day), (number, digest) in self._delivered.pop(partition, Sums()).items()
            ],
        }
