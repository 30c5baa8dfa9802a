"""Brings the pinned Apache Kafka jars into a shared cache once, and lets none through that is not the one we know."""

import argparse
import hashlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from importlib.resources import as_file, files
from pathlib import Path

from backbone.errors import Stop
from backbone.settings import home
from backbone.stack import prerequisites
from backbone.stack.places import Places

PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
"""Pinned, so that Maven needs no look at what is newest."""
RESOURCES = files("backbone.stack")
TAIL = 800


def cache_folder(fallback: Path | None = None) -> Path:
    """The user's cache; `fallback` where the user has no folder to write in."""
    named = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(named) if named else Path.home() / ".cache") / "kruispunt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        if fallback is None:
            raise Stop(f"{folder} cannot be written.", "Name another folder in XDG_CACHE_HOME.") from None
    fallback.mkdir(parents=True, exist_ok=True)
    return fallback


def lock() -> dict[str, str]:
    """The SHA-256 of each jar, by file name."""
    lines = (RESOURCES / "kafka.lock").read_text("utf-8").split()
    return dict(zip(lines[1::2], lines[::2], strict=True))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(folder: Path, expected: dict[str, str]) -> None:
    """Compare a folder of jars with the lock.

    Raises Stop that names every jar that is missing, unknown or different.
    """
    found = {path.name: _digest(path) for path in folder.glob("*.jar")}
    wrong = [f"{name} is missing" for name in sorted(expected.keys() - found.keys())]
    wrong += [f"{name} is not in kafka.lock" for name in sorted(found.keys() - expected.keys())]
    wrong += [
        f"{name} has SHA-256 {found[name]}, kafka.lock says {expected[name]}"
        for name in sorted(expected.keys() & found.keys())
        if found[name] != expected[name]
    ]
    if wrong:
        raise Stop(
            f"The Kafka jars in {folder} are not those of kafka.lock: {'; '.join(wrong)}.",
            "Do not use them. Remove that folder and the named jars from ~/.m2, then try again.",
        )


def repository(cache: Path) -> list[str]:
    """What tells Maven where to keep what it brings: its own place, or our cache where the user has no home."""
    if os.access(pwd.getpwuid(os.getuid()).pw_dir, os.W_OK):
        return []
    return [f"-Dmaven.repo.local={cache / 'maven'}"]


def resolve(target: Path, cache: Path) -> None:
    """Let Maven copy the jars into `target`.

    Raises Stop with Maven's own last words.
    """
    with ExitStack() as resources:
        pom = resources.enter_context(as_file(RESOURCES / "pom.xml"))
        command = [
            "mvn", "-q", "-B", "-f", str(pom), f"{PLUGIN}:copy-dependencies",
            "-DincludeScope=runtime", "-Dmdep.prependGroupId=true", f"-DoutputDirectory={target}", *repository(cache),
        ]  # fmt: skip
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
    if answer.returncode:
        words = (answer.stdout + answer.stderr).strip()[-TAIL:]
        raise Stop(f"Maven could not bring the Kafka jars: {words}", "Check the network and Maven's settings.")


def jars(fallback: Path | None = None) -> list[Path]:
    """The verified jars, in a fixed order; fetched first where they are not in the cache yet."""
    expected = lock()
    cache = cache_folder(fallback)
    version = hashlib.sha256(repr(sorted(expected.items())).encode()).hexdigest()[:16]
    folder = cache / f"kafka-{version}"
    if not folder.exists():
        fresh = Path(tempfile.mkdtemp(dir=cache, prefix="fetching-"))
        try:
            resolve(fresh / "jars", cache)
            verify(fresh / "jars", expected)
            if not folder.exists():
                (fresh / "jars").rename(folder)
        except OSError:
            # Another process has just put the same jars there.
            if not folder.exists():
                raise
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    verify(folder, expected)
    return sorted(folder.glob("*.jar"))


def main() -> None:
    """Fetch the jars; with --lock, write their sums into kafka.lock instead of checking them."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--lock", action="store_true")
    if not parser.parse_args().lock:
        prerequisites.check()
        jars(Places(home()).cache)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        resolve(folder, folder)
        lines = [f"{_digest(path)}  {path.name}\n" for path in sorted(folder.glob("*.jar"))]
    Path(str(RESOURCES / "kafka.lock")).write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    try:
        main()
    except Stop as stop:
        sys.exit(str(stop))
