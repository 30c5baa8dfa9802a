"""Hands letters to the print service as folders that appear completely or not at all, and only once.

The act is one rename. A folder that is being filled lies in `.partial/<batch>`; it is made before the ledger says
`handing over`, so that after a crash its presence alone tells whether the rename has happened.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import orjson

from notifier.letter.typesetter import Letter
from schemas.identifiers import derive

PARTIAL = ".partial"
MANIFEST = "manifest.jsonl"
FOLDER_MODE = 0o750
FILE_MODE = 0o640


def batch_name(partition: int, notices: Iterable[str], day: date) -> str:
    """The name of a batch: the day, whose partition it is, and what is in it."""
    return f"{day:%Y%m%d}-{partition:02d}-{derive('batch', *sorted(notices))[:12]}"


class PrintFolder:
    """The folder that the print service collects from."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._partial = folder / PARTIAL

    def begin(self, batch: str) -> None:
        """Create the partial folder of a batch, durably, before the ledger says that it is on its way."""
        self._folder.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        self._partial.mkdir(FOLDER_MODE, exist_ok=True)
        (self._partial / batch).mkdir(FOLDER_MODE, exist_ok=True)
        _sync(self._partial)

    def fill(self, batch: str, letters: Iterable[Letter]) -> None:
        """Write the letters of a batch and its manifest; idempotent."""
        room = self._partial / batch
        lines = []
        for letter in letters:
            _write(room / f"{letter.notice}.pdf", letter.pdf)
            lines.append(orjson.dumps(_line(letter)))
        _write(room / MANIFEST, b"".join(line + b"\n" for line in lines))
        _sync(room)

    def named(self, batch: str) -> list[str]:
        """The notices in the manifest of a begun batch, as it is on disk."""
        lines = (self._partial / batch / MANIFEST).read_bytes().splitlines()
        return [str(orjson.loads(line)["notice"]) for line in lines]

    def hand_over(self, batch: str) -> None:
        """Hand the batch over: one rename."""
        (self._partial / batch).rename(self._folder / batch)
        _sync(self._partial)
        _sync(self._folder)

    def is_begun(self, batch: str) -> bool:
        """Whether a batch is not handed over yet: its partial folder is still there."""
        return (self._partial / batch).is_dir()

    def clear(self, partition: int, known: set[str]) -> None:
        """Remove what was begun for a partition and never reached the ledger."""
        if not self._partial.is_dir():
            return
        for room in self._partial.iterdir():
            if room.name.split("-")[1:2] == [f"{partition:02d}"] and room.name not in known:
                shutil.rmtree(room)


def _line(letter: Letter) -> dict[str, object]:
    return {
        "notice": letter.notice,
        "file": f"{letter.notice}.pdf",
        "address": list(letter.address),
        "pages": letter.pages,
        "sha256": hashlib.sha256(letter.pdf).hexdigest(),
        "colour": False,
        "duplex": True,
        "registered": False,
        "envelope": "C5/6, window on the right",
    }


def _write(path: Path, content: bytes) -> None:
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, FILE_MODE)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
