"""Runs a process of Kruispunt on a host that can be lost: `lost_host.py relay`, and it is as `kruispunt relay`.

SIGUSR1 cuts it off, SIGUSR2 pauses it; either where it hurts most, between write and commit of its next transaction.

Cut off, every packet that comes in for it is dropped before its kernel acknowledges it, by a filter on each of its
connections, and the process stands still: whoever talks to it hears nothing any more, as from a host without power.
Nothing is closed or reset, as its kernel is kept from giving up by itself. Unlike rules of a firewall or a namespace
this needs no rights. SIGCONT gives it back.
"""

import ctypes
import os
import signal
import socket
import stat
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from confluent_kafka import Producer
from psycopg import Cursor

from backbone import positions, transactions
from backbone.positions import Positions
from kruispunt import cli

SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_DOMAIN = 26, 27, 39
DROP = struct.pack("HBBI", 0x06, 0, 0, 0)
"""One instruction of a packet filter: of every packet, nothing is let through."""
FLUSH_S = 10


def _connections() -> Iterator[socket.socket]:
    for path in Path("/proc/self/fd").iterdir():
        try:
            number = int(path.name)
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            found = socket.socket(fileno=os.dup(number))
        except OSError:
            continue
        with found:
            if found.getsockopt(socket.SOL_SOCKET, SO_DOMAIN) in {socket.AF_INET, socket.AF_INET6}:
                yield found


def _cut() -> None:
    instructions = ctypes.create_string_buffer(DROP)
    program = struct.pack("@HP", 1, ctypes.addressof(instructions))
    for one in _connections():
        one.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
        # Its kernel still runs: it would miss the answers, and tell the other side by a reset.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 0)


def _mend() -> None:
    for one in _connections():
        # One that was opened meanwhile has no filter.
        with suppress(FileNotFoundError):
            one.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)


class Host:
    """Takes the wish, and does it in the middle of a transaction."""

    def __init__(self) -> None:
        self.wanted: int | None = None
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(number, self._wish)

    def _wish(self, number: int, _frame: Any) -> None:
        self.wanted = number

    def stand_still(self) -> None:
        """Where a process is when it is lost; it goes on from here when it comes back."""
        wanted, self.wanted = self.wanted, None
        if wanted is None:
            return
        if wanted == signal.SIGUSR1:
            _cut()
        os.kill(os.getpid(), signal.SIGSTOP)
        if wanted == signal.SIGUSR1:
            _mend()


def main() -> None:
    """Run the command line with a halt in every transaction."""
    host = Host()
    real_transaction, real_store = transactions.transaction, positions.store

    @contextmanager
    def transaction(target: Producer) -> Iterator[None]:
        with real_transaction(target):
            yield
            if host.wanted is not None:
                target.flush(FLUSH_S)
            host.stand_still()

    def store(cursor: Cursor[Any], schema: str, since: Positions, positions: Mapping[tuple[str, int], int]) -> bool:
        kept = real_store(cursor, schema, since, positions)
        host.stand_still()
        return kept

    transactions.transaction, positions.store = transaction, store
    cli.main()


if __name__ == "__main__":
    main()
