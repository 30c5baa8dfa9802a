"""The typed twin of `rules.facts`; derived from its contract, never edited."""

from datetime import datetime
from typing import TypedDict


class Fact(TypedDict):
    """One narrowed event."""

    person: bytes
    contract: int
    body: bytes


class Bundle(TypedDict):
    """All narrowed facts of one partition in one transaction of the exchange, for the rules."""

    at: datetime
    facts: list[Fact]
