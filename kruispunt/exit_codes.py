"""Turns an error into an exit code, what is wrong and what to do, without quoting data."""

import traceback
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import psycopg

from backbone import trouble
from backbone.errors import Reject, Retry, Stop

ROOT = Path(__file__).resolve().parent.parent
LOOK = "Run `kruispunt status`; `kruispunt up` starts what is not running."
FRAMES = 4
SOMEWHERE = "Standard output, or a file that was being written,"
"""An error about a full disk does not name the file."""


class Exit(IntEnum):
    """What the exit code of every command means."""

    DONE = 0
    NO = 1
    WRONG_USE = 2
    UNREACHABLE = 3
    """The stack cannot be reached, or something else keeps the answer from being given: try again."""


class CommandFailure(NamedTuple):
    """The exit code of a failed command, what is wrong, and what to do."""

    code: Exit
    what: str
    remedy: str = ""


def judge(error: Exception) -> CommandFailure:
    """What an error means for the user of the command.

    Only our own errors speak for themselves. Those of libraries are told by their kind, because they quote values.
    """
    if isinstance(error, Reject):
        place = "" if not error.place or error.place in error.reason else f"{error.place} "
        return CommandFailure(Exit.WRONG_USE, f"{place}{error.reason} ({error.code})", error.remedy or "")
    if isinstance(error, Retry):
        return CommandFailure(Exit.UNREACHABLE, error.reason, error.remedy or LOOK)
    if isinstance(error, Stop):
        return CommandFailure(Exit.UNREACHABLE, error.reason, error.remedy)
    if isinstance(error, psycopg.Error):
        return judge(trouble.of_postgres(error))
    if isinstance(error, OSError):
        return _system(error)
    if isinstance(error, UnicodeDecodeError):
        return CommandFailure(Exit.WRONG_USE, "The input is not UTF-8.", "Save it as UTF-8.")
    if isinstance(error, MemoryError):
        return CommandFailure(Exit.UNREACHABLE, "There is not enough memory.", "Try again with less at a time.")
    return CommandFailure(
        Exit.UNREACHABLE,
        f"This is a fault of Kruispunt itself: {type(error).__name__} in {_place(error)}.",
        "Report it with this line; nothing in it is about anybody.",
    )


def _system(error: OSError) -> CommandFailure:
    if full := trouble.of_storage(error, error.filename or SOMEWHERE):
        return judge(full)
    reason = error.strerror or type(error).__name__
    subject = f"{error.filename} cannot be used" if error.filename else "Reading or writing failed"
    return CommandFailure(Exit.WRONG_USE, f"{subject}: {reason}.", "Check the path and its rights.")


def _place(error: Exception) -> str:
    """The last steps of our own code that led there, the innermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if ROOT in Path(frame.filename).parents and "site-packages" not in frame.filename]
    steps = [f"{Path(frame.filename).relative_to(ROOT)}:{frame.lineno}" for frame in reversed(ours[-FRAMES:])]
    return " < ".join(steps) or "a library"
