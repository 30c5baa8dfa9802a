"""Knows where the files of one embedded stack lie, and remembers what was chosen once: its identity and its ports."""

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

SOCKET_PATH_LIMIT = 90
"""A UNIX socket path holds 107 bytes; the supervisor adds a dot and its pid while it opens it."""
SHORT = Path("/tmp")  # noqa: S108 - the folder made there is private; TMPDIR may differ between `up` and `down`
PRIVATE = 0o700
ENTERABLE = 0o711
"""Others may walk through to what is for them (PostgreSQL's data under root, the authority's certificate), and list
nothing."""


def write_private(path: Path, content: bytes | str) -> None:
    """Put a file in its place whole, readable by its owner only; a reader sees the old one or the new one."""
    data = content.encode() if isinstance(content, str) else content
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@dataclass(frozen=True)
class Places:
    """The folders of a home."""

    home: Path

    @property
    def key(self) -> str:
        """Names this home where its path cannot be used."""
        return hashlib.sha256(str(self.home).encode()).hexdigest()[:12]

    @property
    def memory(self) -> Path:
        """What was chosen once."""
        return self.home / "stack.json"

    @property
    def settings(self) -> Path:
        """What every process reads."""
        return self.home / "settings.json"

    @property
    def lock(self) -> Path:
        """Held by the one that changes the stack."""
        return self.home / "stack.lock"

    @property
    def logs(self) -> Path:
        """One log per process."""
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """What only matters while the stack runs."""
        return self.home / "run"

    @property
    def kafka(self) -> Path:
        """The broker's configuration and data."""
        return self.home / "kafka"

    @property
    def certificates(self) -> Path:
        """The authority and the servers' keys."""
        return self.home / "certificates"

    @property
    def ca(self) -> Path:
        """The authority's certificate: may be given away, as it must."""
        return self.certificates / "ca.pem"

    @property
    def public_keys(self) -> Path:
        """The public keys of what the stack signs; they are also public."""
        return self.certificates / "signing-keys.pem"

    @property
    def secrets(self) -> Path:
        """One folder per kind of secret, one file per user."""
        return self.home / "secrets"

    @property
    def cache(self) -> Path:
        """Stands in for the user's cache where there is none."""
        return self.home / "cache"

    @property
    def inbox(self) -> Path:
        """The Maildir of received mails."""
        return self.home / "inbox"

    @property
    def supervisor(self) -> Path:
        """The supervisor's configuration."""
        return self.run / "supervisord.conf"

    @property
    def socket_folder(self) -> Path:
        """Where the supervisor listens: inside the home, or under a short path where that is too long."""
        inside = self.run / "supervisor.sock"
        if len(os.fsencode(inside)) <= SOCKET_PATH_LIMIT:
            return self.run
        return SHORT / f"kruispunt-{os.getuid()}-{self.key}"

    @property
    def socket(self) -> Path:
        """The supervisor's socket."""
        return self.socket_folder / "supervisor.sock"

    def make(self) -> None:
        """Make the folders, each open to its owner only."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(ENTERABLE if os.getuid() == 0 else PRIVATE)
        for folder in (self.logs, self.run, self.kafka, self.certificates, self.secrets, self.inbox):
            folder.mkdir(mode=PRIVATE, exist_ok=True)
            folder.chmod(PRIVATE)
        self.certificates.chmod(ENTERABLE)
        if self.socket_folder != self.run:
            self.socket_folder.mkdir(mode=PRIVATE, exist_ok=True)
            facts = self.socket_folder.lstat()
            if facts.st_uid != os.getuid() or self.socket_folder.is_symlink():
                raise PermissionError(f"{self.socket_folder} belongs to somebody else.")
            self.socket_folder.chmod(PRIVATE)

    def remember(self, **facts: Any) -> dict[str, Any]:
        """Add facts to what was chosen once; gives all of it. The stack's identity is chosen at the first call."""
        known: dict[str, Any] = {}
        if self.memory.exists():
            known = json.loads(self.memory.read_text("utf-8"))
        wanted = {"identity": uuid4().hex, **known, **facts}
        if wanted != known:
            write_private(self.memory, json.dumps(wanted, indent=2, sort_keys=True) + "\n")
        return wanted

    def recall(self) -> dict[str, Any]:
        """What was chosen once; empty where there is no stack."""
        try:
            known: dict[str, Any] = json.loads(self.memory.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return known
