"""The typed twin of `relay.positions`; derived from its contract, never edited."""

from typing import TypedDict


class Position(TypedDict):
    """How far the relay has published one outbox."""

    source: str
    tx: int
    id: int
    mark: int
    token: str
