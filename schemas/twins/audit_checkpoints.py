"""The typed twin of `audit.checkpoints`; derived from its contract, never edited."""

from datetime import datetime
from typing import TypedDict


class Head(TypedDict):
    """The last link of a chain."""

    chain: str
    number: int
    hash: bytes


class Checkpoint(TypedDict):
    """The heads of all chains of the disclosure log at one moment, signed."""

    number: int
    at: datetime
    heads: list[Head]
    previous: bytes
    key: str
    signature: bytes
