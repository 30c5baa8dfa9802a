"""An outbox: a table in which a stage writes its messages in the transaction of its data, for the relay to publish.

The table is `SCHEMA.outbox`. Its rows are in the order in which their transactions can be seen: (tx, id).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from psycopg import sql

BY_KEY = -1
"""The partition of a message whose key decides."""


@dataclass(frozen=True, slots=True)
class OutboxSource:
    """An outbox as the relay needs to know it: whose it is, where its messages go, how long they are kept."""

    name: str
    """Its schema, and the key of its position."""
    number: int
    """Its number among the locks of outboxes; it never changes."""
    role: str
    """Who publishes it: the user of Kafka and PostgreSQL."""
    topics: tuple[str, ...]
    """Where its messages go."""
    digest: Callable[[str, bytes], int]
    """The number by which a message of a topic is added to the sums of what was published."""
    placed: bool = False
    """Whether each row names the partition of its message: a replayed message returns to where it came from."""
    keep: timedelta | None = None
    """How long a published row stays; None where the outbox is read for something else, and nothing is removed."""

    @property
    def table(self) -> str:
        """The table, as in `register.outbox`."""
        return f"{self.name}.outbox"

    @property
    def partition(self) -> sql.Composable:
        """What to select for the partition of a row."""
        return sql.Identifier("partition") if self.placed else sql.Literal(BY_KEY)


class OutboxRow(NamedTuple):
    """A message in an outbox."""

    tx: int
    id: int
    topic: str
    key: bytes | None
    value: bytes
    partition: int
    """-1: the key decides."""
