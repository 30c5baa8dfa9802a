"""Reads a file as `receive` does, but sends and stores nothing: what is wrong, and what it says of every person."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from producers.intake.anomalies import Anomaly
from producers.intake.event_encoder import EventEncoder
from producers.intake.file_validation import judge
from producers.intake.receipts import ReceiptEntry
from producers.intake.spool import Spool, SpooledRow
from schemas.codec import decode_body, split
from schemas.contracts import contract

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds."""

    file: str
    accepted: bool
    anomalies: tuple[Anomaly, ...]
    declarations: tuple[ReceiptEntry, ...]
    sent_on: Mapping[str, date]
    """The day of sending by declaration: as asked, else the day the form was made."""
    _spool: Spool

    def persons(self) -> Iterator[dict[str, Event]]:
        """By contract name the three events of each person, or the one event of each decision; none when refused."""
        if self.accepted:
            for _, events in groupby(
                map(_decoded, self._spool), lambda pair: (pair[1]["declaration"], pair[1]["person"])
            ):
                yield dict(events)


def _decoded(row: SpooledRow) -> tuple[str, Event]:
    return row.topic, decode_body(contract(row.topic), split(row.value)[1])


@contextmanager
def read(path: Path, on: date | None = None) -> Iterator[Reading]:
    """Read a file. `on` is the day of sending, by default the day the form was made.

    Raises Reject when it cannot be opened.
    """
    with Spool() as spool:
        found = judge(path, EventEncoder(spool.write, trace=""), on=on)
        days = {
            entry.declared.declaration: on or entry.content["form"]["created_on"]
            for entry in found.entries
            if entry.kind == "dmfa"
        }
        yield Reading(str(path), found.accepted, tuple(found.anomalies.entries), found.declared, days, spool)
