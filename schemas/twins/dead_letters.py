"""The typed twin of `dead-letters`; derived from its contract, never edited."""

from datetime import datetime
from typing import TypedDict


class DeadLetter(TypedDict):
    """A message that could not be handled, kept whole so that it can be replayed."""

    topic: str
    partition: int
    offset: int
    stage: str
    code: str
    reason: str
    key: bytes | None
    value: bytes | None
    at: datetime
