"""Unpacks what others have packed, up to a size and no further: a megabyte may hold gigabytes of nothing."""

from collections.abc import Callable
from typing import Any

import cramjam

SNAPPY = 2
STREAMS: dict[int, Callable[[Any, Any], int]] = {
    1: cramjam.gzip.decompress_into,
    3: cramjam.lz4.decompress_into,
    4: cramjam.zstd.decompress_into,
}
"""By the number of the codec in a batch of Kafka's; each ends with an error when there is no room left."""
BLOCKS = b"\x82SNAPPY\x00"
"""How Java's snappy begins: blocks follow, each with its length. Without it, all is one block."""
BLOCKS_HEADER = 16
LENGTH = 4


class Unpackable(ValueError):
    """Broken, of an unknown codec, or larger than the limit."""


class Unpacker:
    """Unpacks into the same room again and again."""

    def __init__(self, largest: int) -> None:
        self.largest = largest
        self._room = bytearray(largest)

    def unpack(self, codec: int, packed: bytes) -> bytes:
        """What was packed; codec 0 is none.

        Raises Unpackable.
        """
        if codec == 0:
            return packed
        try:
            size = self._snappy(packed) if codec == SNAPPY else STREAMS[codec](packed, self._room)
        except (KeyError, ValueError, cramjam.DecompressionError) as error:
            raise Unpackable(str(error)) from error
        with memoryview(self._room) as room:
            return bytes(room[:size])

    def _snappy(self, packed: bytes) -> int:
        if not packed.startswith(BLOCKS):
            return self._block(packed, 0)
        place, size = BLOCKS_HEADER, 0
        while place < len(packed):
            begin = place + LENGTH
            place = begin + int.from_bytes(packed[begin - LENGTH : begin], "big")
            size += self._block(packed[begin:place], size)
        return size

    def _block(self, packed: bytes, at: int) -> int:
        """Unpack one block to where the one before ended; what it says of its size is looked at first."""
        size = cramjam.snappy.decompress_raw_len(packed)
        if size > self.largest - at:
            raise Unpackable("There is no room left.")
        self._room[at : at + size] = bytes(cramjam.snappy.decompress_raw(packed))
        return size
