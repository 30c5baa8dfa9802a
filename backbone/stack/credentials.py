"""Gives every user a random password of its own, kept in a file that only its owner can read; and the log its key."""

import secrets
from collections.abc import Iterable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from backbone.errors import Stop
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
    """Put another password into its file; a reader sees the old one or the new one, never half of it."""
    write_private(path, secrets.token_urlsafe(RANDOM_BYTES))


def ensure_pepper(places: Places) -> None:
    """Make the secret behind the pseudonyms; it never changes as long as the home exists."""
    path = places.secrets / "pepper"
    if not path.exists():
        write_private(path, secrets.token_bytes(32))


def ensure_signing_key(places: Places) -> None:
    """Make the key that signs, where there is none, and add its public half to those that were given away before."""
    path, known = places.secrets / "signing-key", places.public_keys
    if not path.exists():
        fresh = Ed25519PrivateKey.generate()
        write_private(path, fresh.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except ValueError as error:
        raise Stop(f"{path} is not a private key.", "Put the key back that signed the log until now.") from error
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    before = known.read_bytes() if known.exists() else b""
    if public not in before:
        write_private(known, before + public)
    known.chmod(0o644)
