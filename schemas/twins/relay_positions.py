"""The typed twin of `relay.positions`; derived from its contract, never edited."""

from typing import TypedDict


class Published(TypedDict):
    """What was published on one topic, summed up."""

    topic: str
    number: int
    digest: str


class Position(TypedDict):
    """How far the relay has published one outbox."""

    source: str
    tx: int
    id: int
    mark: int
    token: str
    published: list[Published] | None
