"""Chooses free ports once and keeps them, below the range from which the system hands out ports by itself."""

import random
import socket
from collections.abc import Iterable

from backbone.errors import Stop

LOOPBACK = "127.0.0.1"
CHOICE = range(20_000, 32_000)
ATTEMPTS = 500


def free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose(taken: Iterable[int]) -> int:
    """A port that is free and not among `taken`.

    Raises Stop.
    """
    avoid = set(taken)
    generator = random.SystemRandom()
    for _ in range(ATTEMPTS):
        port = generator.choice(CHOICE)
        if port not in avoid and free(port):
            return port
    raise Stop(f"No free port between {CHOICE.start} and {CHOICE.stop}.", "Stop something that listens there.")


def reachable(port: int) -> bool:
    """Whether a program listens on the port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True
