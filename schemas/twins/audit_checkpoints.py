"""The typed twin of `audit.checkpoints`; derived from its contract, never edited."""

from typing import TypedDict


class Checkpoint(TypedDict):
    """The heads of all chains of the disclosure log at one moment, signed."""

    number: int
    text: str
    signature: bytes
