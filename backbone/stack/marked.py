"""Marks a process and all its descendants as a stack's own, in a way that none of them can lose.

A hard limit is inherited by every child and through every exec, and nobody can raise it again without privilege. The
kernel has had no use for the limit of file locks since Linux 2.4.25, so its value is free to name a stack. A process
keeps it that renames itself, writes over its environment, closes what it inherited, leaves its session, changes its
folder or loses its parent.
"""

import hashlib
import os
import resource
import sys
from contextlib import suppress

RLIMIT_LOCKS = 10
"""Its number on every architecture; Python has no name for it."""
BITS = 62
"""Far from "unlimited", and too many for two stacks to meet."""


def number(identity: str) -> int:
    """What the limit is in every process of a stack."""
    digest = hashlib.sha256(f"kruispunt stack {identity}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - BITS)


def mark(identity: str) -> None:
    """Mark this process. Where the kernel does not let it, the environment alone tells whose it is."""
    limit = number(identity)
    with suppress(OSError, ValueError):
        resource.setrlimit(RLIMIT_LOCKS, (limit, limit))


def main() -> None:
    """Become a command, marked: IDENTITY COMMAND…"""
    identity, *command = sys.argv[1:]
    mark(identity)
    os.execv(command[0], command)  # noqa: S606 - there is no shell in it


if __name__ == "__main__":
    main()
