"""Holds the encoded events of a file as rows ready for COPY, in memory or in an unnamed temporary file."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import NamedTuple, Self

from backbone.trouble import no_room, temporary

IN_MEMORY = 1 << 23
CHUNK = 1 << 20
HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
TRAILER = struct.pack("!h", -1)
FIELDS = struct.pack("!h", 3)
LENGTH = struct.Struct("!i")


class SpooledRow(NamedTuple):
    """A row for the outbox."""

    topic: str
    key: bytes
    value: bytes


class Spool:
    """Rows (topic, key, value) in the binary format of COPY. The temporary file has no name and mode 0600."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # closed by `close`
        self._file.write(HEADER)
        self._topics: dict[str, bytes] = {}
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Discard everything."""
        # What a full folder did not take is no longer needed.
        with suppress(OSError):
            self._file.close()

    def write(self, topic: str, key: bytes, value: bytes) -> None:
        """Add a row.

        Raises Retry when the folder for temporary files is full.
        """
        start = self._topics.get(topic)
        if start is None:
            name = topic.encode()
            start = self._topics[topic] = FIELDS + LENGTH.pack(len(name)) + name
        try:
            self._file.write(b"".join((start, LENGTH.pack(len(key)), key, LENGTH.pack(len(value)), value)))
        except OSError as error:
            raise no_room(error) from error
        self.rows += 1

    def chunks(self) -> Iterator[bytes]:
        """All bytes, as COPY … FROM STDIN (FORMAT binary) takes them.

        Raises Retry when the last of them do not fit into the folder for temporary files.
        """
        with temporary():
            self._file.seek(0)
        while chunk := self._read(CHUNK):
            yield chunk
        yield TRAILER

    def __iter__(self) -> Iterator[SpooledRow]:
        """The rows, in the order they were written."""
        with temporary():
            self._file.seek(len(HEADER))
        for _ in range(self.rows):
            self._read(len(FIELDS))
            topic, key, value = (self._read(*LENGTH.unpack(self._read(LENGTH.size))) for _ in range(3))
            yield SpooledRow(topic.decode(), key, value)

    def _read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            raise no_room(error) from error
