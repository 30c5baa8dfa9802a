"""Chains segments by their hashes: a segment that is changed, moved or removed breaks the chain."""

import hashlib
from typing import NamedTuple

BEGINNING = bytes(32)
"""The hash before the first link of a chain."""


class Link(NamedTuple):
    """The last segment of a chain: its number and its hash."""

    number: int
    hash: bytes


def chained(previous: Link, partition: int, contract: int, body: bytes) -> Link:
    """The link that follows when a body is added."""
    number = previous.number + 1
    head = f"{partition}:{number}:{contract}:".encode()
    return Link(number, hashlib.sha256(previous.hash + head + body).digest())
