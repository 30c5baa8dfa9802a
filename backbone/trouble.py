"""Translates errors of PostgreSQL and of the file system into what to do next, without a word of the data.

The only place where these errors are translated. PostgreSQL quotes rows in its messages, so they are never repeated.
"""

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg

from backbone.errors import Retry, Stop

GONE = "PostgreSQL cannot be reached."
OURS = "Report this with its code: it is a fault of Kruispunt, not of what was given to it."
AGAIN = "Try again."
LIMIT = "Try again; if it stays so, raise the limit."
PROVISION = "Run `kruispunt provision`."


@dataclass(frozen=True, slots=True)
class Meaning:
    """What errors whose SQLSTATE begins with `begins` mean, and what to do; some pass, and are tried again."""

    begins: str
    what: str
    remedy: str
    passes: bool = True


MEANINGS = (
    Meaning("08", GONE, ""),
    Meaning("57P04", "The database was dropped.", PROVISION, passes=False),
    Meaning("57P05", "PostgreSQL closed a connection that was idle too long.", AGAIN),
    Meaning("57P", GONE, ""),
    Meaning("57014", "PostgreSQL cancelled the statement: it took too long, or somebody asked for that.", AGAIN),
    Meaning("53100", "The disk of PostgreSQL is full.", "Make room there, then try again."),
    Meaning("53200", "PostgreSQL is out of memory.", LIMIT),
    Meaning("53300", "PostgreSQL has no connection free.", LIMIT),
    Meaning("53", "PostgreSQL is at a limit of its resources.", LIMIT),
    Meaning("58030", "PostgreSQL cannot read or write its disk.", "Look at the disk, then try again."),
    Meaning("40", "Another transaction was in the way.", AGAIN),
    Meaning("55P03", "Another transaction holds what is asked for.", AGAIN),
    Meaning("25P03", "PostgreSQL ended a transaction that was idle too long.", AGAIN),
    Meaning("25P04", "PostgreSQL ended a transaction that took too long.", AGAIN),
    Meaning("25006", "PostgreSQL takes no writes at the moment: it is read-only.", AGAIN),
    Meaning("42501", "PostgreSQL refuses a right.", PROVISION, passes=False),
    Meaning("28", "PostgreSQL refuses the login.", PROVISION, passes=False),
    Meaning("3D", "The database is not there.", PROVISION, passes=False),
    Meaning("3F", "The database is not of this version.", PROVISION, passes=False),
    Meaning("42P01", "The database is not of this version: it lacks a table.", PROVISION, passes=False),
    Meaning("42703", "The database is not of this version: it lacks a column.", PROVISION, passes=False),
    Meaning("42883", "The database is not of this version: it lacks a function.", PROVISION, passes=False),
    Meaning("22", "PostgreSQL refuses a value.", OURS, passes=False),
    Meaning("23", "PostgreSQL refuses a row.", OURS, passes=False),
    Meaning("54", "PostgreSQL refuses what is larger than it can hold.", OURS, passes=False),
    Meaning("XX001", "The data of PostgreSQL is damaged.", "Restore it from a backup.", passes=False),
    Meaning("XX002", "An index of PostgreSQL is damaged.", "Rebuild it, or restore a backup.", passes=False),
    Meaning("", "PostgreSQL refuses a statement.", OURS, passes=False),
)
"""The first that fits counts."""
ELSEWHERE = "Make room there, or name another folder in TMPDIR, then try again."
STORAGE = {
    errno.ENOSPC: "is full",
    errno.EDQUOT: "is full: the quota is used up",
    errno.EFBIG: "takes no larger file",
    errno.EIO: "cannot be read or written: the disk has a fault",
    errno.EROFS: "cannot be written: it is read-only",
}
"""What is wrong with where something is kept, whatever is kept there."""


def of_postgres(error: psycopg.Error) -> Retry | Stop:
    """Retry when it passes by itself or once there is room again, Stop when trying again is useless."""
    if error.sqlstate is None:
        # The client's own: the connection broke or was closed, or the client was used wrongly.
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return Retry(GONE)
        return Stop(f"The client of PostgreSQL refuses ({type(error).__name__}).", OURS)
    meaning = next(meaning for meaning in MEANINGS if error.sqlstate.startswith(meaning.begins))
    if meaning.what == GONE:
        return Retry(GONE)
    what = f"{meaning.what} (SQLSTATE {error.sqlstate})"
    return Retry(what, meaning.remedy) if meaning.passes else Stop(what, meaning.remedy)


def of_storage(error: OSError, place: Path | str | None = None) -> Retry | None:
    """Retry when the place itself is in the way, and not the file asked for; None otherwise.

    `place` is where it happened, if the error does not say.
    """
    reason = STORAGE.get(error.errno or 0)
    if reason is None:
        return None
    where = str(place or error.filename or "What is written to")
    return Retry(f"{where} {reason}.", "Make room there or choose another place, then try again.")


@contextmanager
def translated() -> Iterator[None]:
    """What PostgreSQL raises inside comes out as Retry or Stop."""
    try:
        yield
    except psycopg.Error as error:
        # Not even as a cause: a traceback prints causes, and PostgreSQL quotes rows.
        raise of_postgres(error) from None


@contextmanager
def temporary() -> Iterator[None]:
    """Whatever goes wrong with a temporary file inside comes out as Retry: nothing that was given is to blame."""
    try:
        yield
    except OSError as error:
        raise no_room(error) from error


def no_room(error: OSError) -> Retry:
    """There is no place for temporary files, or none that can be used."""
    folder = tempfile.tempdir
    if folder is None:
        return Retry("No folder for temporary files can be written.", ELSEWHERE)
    reason = STORAGE.get(error.errno or 0, f"cannot be used: {error.strerror}")
    return Retry(f"The folder for temporary files, {folder}, {reason}.", ELSEWHERE)


@contextmanager
def temporary_file() -> Iterator[IO[bytes]]:
    """A file that has no name and ends with the block.

    Raises Retry when there is no place for it.
    """
    with temporary():
        file = tempfile.TemporaryFile()  # noqa: SIM115  # closed below
    try:
        yield file
    finally:
        # What a full folder has not taken is not wanted any more.
        with suppress(OSError):
            file.close()
