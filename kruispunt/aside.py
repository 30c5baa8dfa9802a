"""Says of every dead letter whether somebody has decided about it: until then it is a difference in the ledger."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, TopicPartition
from psycopg import Connection

from backbone import kafka
from backbone.settings import Settings
from schemas.codec import Record, decode_body, split
from schemas.contracts import contract
from schemas.topics import DEAD_LETTERS

INSPECTOR = "inspector"
DROPPED = "dropped"
NOBODYS = "unknown"
"""The stage of a record among the dead letters that is none."""
CLOSINGS = "select letter, state from dead.closing"
NAME_DIGITS = 16


@dataclass(slots=True)
class Aside:
    """Dead letters by stage: how many there are, how many nobody has decided about, and what the dropped ones say."""

    letters: Counter[str] = field(default_factory=Counter)
    open: Counter[str] = field(default_factory=Counter)
    dropped: list[Record] = field(default_factory=list)


def _closed(connection: Connection[Any]) -> dict[str, str]:
    """What became of letters, by name; the first digits of the SHA-256 of a letter are its name."""
    row = connection.execute("select to_regclass('dead.closing')").fetchone()
    return dict(connection.execute(CLOSINGS).fetchall()) if row and row[0] else {}


def _letters(settings: Settings) -> Iterator[bytes]:
    places = [TopicPartition(DEAD_LETTERS, number, OFFSET_BEGINNING) for number in range(settings.partitions)]
    for message in kafka.read_to_end(settings, INSPECTOR, places):
        yield bytes(message.value() or b"")


def _said(value: bytes) -> Record:
    try:
        return decode_body(contract(DEAD_LETTERS), split(value)[1])
    except Exception:  # noqa: BLE001 - whatever bad bytes raise, they are counted
        return {"stage": NOBODYS}


def look(settings: Settings, connection: Connection[Any]) -> Aside:
    """Every dead letter, and what became of it.

    Raises Retry.
    """
    closed, seen, found = _closed(connection), set[str](), Aside()
    for value in _letters(settings):
        name = sha256(value).hexdigest()[:NAME_DIGITS]
        if name in seen:
            continue
        seen.add(name)
        record = _said(value)
        found.letters[record["stage"]] += 1
        if name not in closed:
            found.open[record["stage"]] += 1
        elif closed[name] == DROPPED:
            found.dropped.append(record)
    return found
