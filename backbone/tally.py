"""Sums up a set, so that two stores can be compared without showing what is in them: a count and an order-free digest.

The digest is the sum of a number that stands for each member: the first 64 bits of the SHA-256 of its identifier. One
member that is lost and another that comes twice leave the number as it was, and change the digest. PostgreSQL computes
the same (the function `mark` in each schema that keeps tallies), so whole tables are summed up where they are.
"""

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple, TypeVar

BYTES = 8
Key = TypeVar("Key")
Other = TypeVar("Other")


class Tally(NamedTuple):
    """How many, and the sum of their digests; None where a part was counted before there were digests."""

    number: int = 0
    digest: int | None = 0

    def plus(self, other: "Tally") -> "Tally":
        """Both together."""
        known = self.digest is not None and other.digest is not None
        return Tally(self.number + other.number, (self.digest or 0) + (other.digest or 0) if known else None)

    def agrees(self, other: "Tally") -> bool:
        """Whether both hold the same, as far as it is known."""
        return self.number == other.number and (None in {self.digest, other.digest} or self.digest == other.digest)


NONE = Tally()


def digest_of(identifier: str | bytes) -> int:
    """The number that stands for a member."""
    octets = identifier.encode() if isinstance(identifier, str) else identifier
    return int.from_bytes(sha256(octets).digest()[:BYTES], "big", signed=True)


def leading(value: bytes) -> bytes:
    """The identifier that a framed record begins with; all of it where it cannot be one.

    Never fails: unreadable records are counted as well.
    """
    # Byte 0, the schema id, the length as a zigzag number: identifiers are shorter than 64 bytes.
    return value[6 : 6 + (value[5] >> 1)] if len(value) > 5 else value


def versioned(value: bytes) -> bytes:
    """Identifier@version of a framed record that begins with these two; all of it where they cannot be read."""
    name = leading(value)
    number = shift = 0
    for octet in value[6 + len(name) : 16 + len(name)]:
        number |= (octet & 0x7F) << shift
        shift += 7
        if octet < 0x80:
            return name + b"@" + str((number >> 1) ^ -(number & 1)).encode()
    return value


class Sums(dict[Key, list[int]]):
    """Counts members one by one, by what they are counted under."""

    def __missing__(self, key: Key) -> list[int]:
        fresh = self[key] = [0, 0]
        return fresh

    def add(self, key: Key, digest: int) -> None:
        """Count a member."""
        kept = self[key]
        kept[0] += 1
        kept[1] += digest

    def tallies(self) -> dict[Key, Tally]:
        """What was counted so far."""
        return {key: Tally(number, digest) for key, (number, digest) in self.items()}


def total(tallies: Iterable[Tally]) -> Tally:
    """All of them together."""
    found = NONE
    for one in tallies:
        found = found.plus(one)
    return found


class Compared(NamedTuple):
    """How many members one store has, and how many another: fewer when any is lost, else more when any is doubled."""

    expected: int
    found: int


def compare(expected: Mapping[Key, Tally], found: Mapping[Key, Tally]) -> Compared:
    """Compare two stores, key by key.

    Equal counts with different digests mean that at least one member is lost and another is there twice. A lost member
    is never offset by a doubled one, under this key or another.
    """
    keys = {**expected, **found}
    lost = doubled = 0
    for key in keys:
        left, right = expected.get(key, NONE), found.get(key, NONE)
        if right.number != left.number:
            lost += max(0, left.number - right.number)
            doubled += max(0, right.number - left.number)
        elif not left.agrees(right):
            lost += 1
    number = total(expected.values()).number
    return Compared(number, number - lost if lost else number + doubled)


def merged(tallies: Mapping[Key, Tally], by: Callable[[Key], Other]) -> dict[Other, Tally]:
    """The same under fewer keys."""
    found: dict[Other, Tally] = {}
    for key, tally in tallies.items():
        found[by(key)] = found.get(by(key), NONE).plus(tally)
    return found
