"""Counts dead letters by stage; one that nobody has decided about is a difference in the ledger."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, TopicPartition
from psycopg import Connection

from backbone import kafka
from backbone.settings import Settings
from kruispunt.dead_letters import letters
from kruispunt.dead_letters.closings import DROPPED, closings
from schemas.roles import Role
from schemas.topics import DEAD_LETTERS
from schemas.twins.dead_letters import DeadLetter as DeadLetterRecord


@dataclass(slots=True)
class DeadLetterCounts:
    """Dead letters by stage: how many there are and how many are open; and the content of the dropped ones."""

    letters: Counter[str] = field(default_factory=Counter)
    open: Counter[str] = field(default_factory=Counter)
    dropped: list[DeadLetterRecord] = field(default_factory=list)


def look(settings: Settings, connection: Connection[Any]) -> DeadLetterCounts:
    """Every dead letter, and what became of it.

    Raises Retry.
    """
    closed, seen, counts = closings(connection), set[str](), DeadLetterCounts()
    beginnings = [TopicPartition(DEAD_LETTERS, number, OFFSET_BEGINNING) for number in range(settings.partitions)]
    for message in kafka.read_to_end(settings, Role.INSPECTOR, beginnings):
        letter = letters.of_record(message)
        if letter.name in seen:
            continue
        seen.add(letter.name)
        counts.letters[letter.stage] += 1
        if letter.name not in closed:
            counts.open[letter.stage] += 1
        elif closed[letter.name].state == DROPPED and letter.code != letters.UNREADABLE_LETTER:
            counts.dropped.append(letters.said(bytes(message.value() or b"")))
    return counts
