"""Prints answers for people and programs, and turns errors into exit codes and a remedy."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NoReturn

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from kruispunt.exit_codes import Exit, judge

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)
__all__ = [
    "Exit", "answering", "as_json", "console", "errors", "euro", "fail", "moment", "progress", "readable", "table",
    "working",
]  # fmt: skip
ENDINGS = (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError)
"""How a command ends in good order; a reader that stops reading is not an error."""


def as_json(document: Any) -> None:
    """Exactly one JSON document on stdout."""
    try:
        text = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        # The name of a file is any bytes; JSON is UTF-8.
        text = json.dumps(document, ensure_ascii=False, indent=2).encode("utf-8", "replace") + b"\n"
    sys.stdout.buffer.write(text)
    sys.stdout.flush()


def moment(at: datetime) -> str:
    """A moment in UTC, to the second (RFC 3339)."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def euro(cents: int | None) -> str | None:
    """Eurocents as euro with two decimals."""
    if cents is None:
        return None
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def table(*columns: str, title: str | None = None, right: tuple[str, ...] = ()) -> Table:
    """An empty table in the one style of this program."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold", title_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def progress() -> Progress:
    """A progress bar for work that takes more than a moment; silent without a terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=40),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
        disable=not sys.stderr.isatty(),
    )


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """A moving line that says what goes on; silent when nobody looks. Gives what changes its text."""
    if not errors.is_terminal:
        yield lambda _what: None
        return
    with errors.status(what) as line:
        yield line.update


def fail(code: Exit, what: str, remedy: str = "") -> NoReturn:
    """End with a message: what is wrong, then what to do."""
    with suppress(OSError):
        # Where the message cannot be printed, the exit code remains.
        errors.print(f"[bold red]✗[/] {escape(what)}", soft_wrap=True)
        if remedy:
            errors.print(f"  {escape(remedy)}", soft_wrap=True)
    _let_go_of(sys.stderr)
    raise typer.Exit(code)


def readable(files: Sequence[Path]) -> None:
    """End, before anything is done, when one of these is not a file that can be read; each is named."""
    wrong = []
    for file in files:
        try:
            with file.open("rb"):
                reason = "" if file.is_file() else "It is not a regular file"
        except OSError as error:
            reason = error.strerror or str(error)
        if reason:
            wrong.append(f"{file} cannot be read: {reason}.")
    if wrong:
        fail(Exit.WRONG_USE, "\n  ".join(wrong), "Nothing was done. Check the path.")


@contextmanager
def answering() -> Iterator[None]:
    """Turn whatever goes wrong into an exit code, what is wrong, and what to do."""
    try:
        try:
            yield
        finally:
            # Output that was not delivered is not an answer.
            sys.stdout.flush()
    except ENDINGS:
        raise
    except Exception as error:  # noqa: BLE001 - here, and only here, nothing may get through
        if isinstance(error, OSError):
            _let_go_of(sys.stdout)
        verdict = judge(error)
        fail(verdict.code, verdict.what, verdict.remedy)


def _let_go_of(stream: IO[str]) -> None:
    """Forget what a stream has not taken: Python would try it once more at the end, and fail."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
