"""Reads files of JSON lines in bounded memory, and collects all that is wrong with one before it is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from backbone.errors import Reject

SHOWN = 50
"""How many faults are listed one by one; the others are counted."""
LONGEST = 1_048_576
"""Bytes of a line: a thousand times what a line about a person needs, and a small part of a machine's memory."""
MARK = b"\xef\xbb\xbf"
NOTHING_LOADED = "Nothing was loaded. Correct this and load the folder again."


class Refused(Reject):
    """A file with faults; `faults` says how many."""

    def __init__(self, code: str, reason: str, *, place: str, faults: int) -> None:
        super().__init__(code, reason, place=place, remedy=NOTHING_LOADED)
        self.faults = faults


class Faults:
    """What is wrong with a file: the first faults in words, and how many there are."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.total = 0
        self.shown: list[tuple[int, str]] = []

    def __bool__(self) -> bool:
        return self.total > 0

    def add(self, line: int, what: str) -> None:
        """Something is wrong with a line; `what` never quotes it, because it is about a person."""
        self.total += 1
        if len(self.shown) < SHOWN:
            self.shown.append((line, what))

    def refuse(self, code: str) -> None:
        """Raises Refused with all of it when anything is wrong."""
        if not self:
            return
        self.shown.sort()
        more = [f"and {left:,} more"] if (left := self.total - len(self.shown)) else []
        counted = f"{self.name}: {self.total:,} {'line is' if self.total == 1 else 'lines are'} wrong."
        reason = "\n  ".join([counted, *(what for _, what in self.shown), *more])
        raise Refused(code, reason, place=str(self.shown[0][0]), faults=self.total)


class JsonLine(NamedTuple):
    """A line of a file with its number, counted from 1: a JSON value, or what is wrong instead."""

    number: int
    value: Any
    fault: str = ""


def read(path: Path) -> Iterator[JsonLine]:
    """Each line that is not blank.

    Raises Reject when the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            for number, text in _texts(file):
                if text and not text.isspace():
                    yield _parse(number, text.removeprefix(MARK) if number == 1 else text)
                elif text is None:
                    yield JsonLine(number, None, f"it is longer than {LONGEST:,} bytes; is this a file of JSON lines?")
    except OSError as error:
        raise Reject(
            "file", f"{path} cannot be read: {error.strerror}.", remedy="Check the path and its rights."
        ) from None


def _texts(file: Any) -> Iterator[tuple[int, bytes | None]]:
    number = 0
    while text := file.readline(LONGEST):
        number += 1
        if len(text) < LONGEST or text.endswith(b"\n"):
            yield number, text
            continue
        yield number, None
        while text and not text.endswith(b"\n"):
            text = file.readline(LONGEST)


def _parse(number: int, text: bytes) -> JsonLine:
    try:
        return JsonLine(number, orjson.loads(text))
    except orjson.JSONDecodeError:
        try:
            text.decode()
        except UnicodeDecodeError:
            return JsonLine(number, None, "it is not UTF-8; save the file as UTF-8")
        return JsonLine(number, None, "it is not JSON; write one JSON object per line")
