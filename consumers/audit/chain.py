"""Chains segments by their hashes, so that a segment that is changed, moved or taken out no longer fits."""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from psycopg import Connection

BEGINNING = bytes(32)
"""What stands before the first segment of a partition."""


class Link(NamedTuple):
    """The last segment of a chain: its number and its hash."""

    number: int
    hash: bytes


def chained(previous: Link, partition: int, contract: int, body: bytes) -> Link:
    """The link that follows when a body is added."""
    number = previous.number + 1
    head = f"{partition}:{number}:{contract}:".encode()
    return Link(number, hashlib.sha256(previous.hash + head + body).digest())


def broken(connection: Connection[Any]) -> Iterator[tuple[int, int]]:
    """Every place (partition, number) where a chain does not fit; a chain that is whole gives nothing.

    Streamed; the connection is not in autocommit.
    """
    last: dict[int, Link] = {}
    with connection.cursor(name="chain", binary=True) as cursor:
        cursor.execute(
            "select partition, number, contract, body, previous, hash from audit.segment order by partition, number"
        )
        for partition, number, contract, body, previous, kept in cursor:
            before = last.get(partition, Link(0, BEGINNING))
            expected = chained(before, partition, contract, body)
            if (number, previous, kept) != (expected.number, before.hash, expected.hash):
                yield partition, number
            last[partition] = Link(number, kept)
