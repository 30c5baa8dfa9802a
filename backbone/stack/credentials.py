"""Gives every user a random password of its own, kept in a file that only its owner can read."""

import secrets
from collections.abc import Iterable
from pathlib import Path

from backbone.stack.places import PRIVATE, Places, write_private

RANDOM_BYTES = 24
"""Becomes 32 characters that need no quoting anywhere."""


def ensure(places: Places, kind: str, users: Iterable[str]) -> None:
    """Make the password of each user that has none yet."""
    folder = places.secrets / kind
    folder.mkdir(mode=PRIVATE, exist_ok=True)
    for user in users:
        path = folder / user
        if not path.exists():
            write_private(path, secrets.token_urlsafe(RANDOM_BYTES))


def renew(path: Path) -> None:
    """Put another password into its file; whoever reads it sees the old one or the new one, never half of it."""
    write_private(path, secrets.token_urlsafe(RANDOM_BYTES))


def ensure_pepper(places: Places) -> None:
    """Make the secret behind the pseudonyms; it never changes as long as the home exists."""
    path = places.secrets / "pepper"
    if not path.exists():
        write_private(path, secrets.token_bytes(32))
