"""The command line itself, and what its panels share."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, overload

import typer
from typer.core import TyperGroup

from backbone import surroundings
from backbone.errors import Reject
from backbone.logs import report
from backbone.settings import Settings
from kruispunt.output import answering
from kruispunt.settings import load as load_settings


class Commands(TyperGroup):
    """All commands; none of them ends in a traceback, whatever it does."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run one command and end with its exit code."""
        _open_streams()
        try:
            with answering():
                return super().main(*arguments, **options)
        except typer.Exit as ending:
            sys.exit(ending.exit_code)


app = typer.Typer(
    cls=Commands,
    name="kruispunt",
    help="The message exchange of social security: declared once, and every entitled institution receives its part.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
STACK, IN, OUT, TOLD, PROCESS = "The stack", "Declarations", "Institutions", "Notices and ledger", "Processes"

Json = Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")]
FilesArgument = Annotated[list[Path], typer.Argument(help="DmfA files, or JSON lines with decisions of institutions.")]
FolderArgument = Annotated[
    Path, typer.Argument(help="A folder made by `kruispunt generate`.", exists=True, file_okay=False)
]
InstitutionArgument = Annotated[str, typer.Argument(help="An institution, e.g. rva.")]
Seconds = Annotated[float, typer.Option(help="How many seconds to wait at most.", min=0)]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="On this day.")]
Known = Annotated[
    datetime | None,
    typer.Option("--known-on", formats=["%Y-%m-%d"], help="By the law as it was known here on this day. Default: now."),
]


@contextmanager
def process() -> Iterator[Settings]:
    """The settings of a process that runs until it is asked to stop."""
    with answering():
        yield load_settings()


@overload
def day(named: datetime) -> date: ...
@overload
def day(named: None) -> None: ...
def day(named: datetime | None) -> date | None:
    """The day an option names: not a moment, its hours and time zone were never given."""
    return named.date() if named else None


def given(person: str) -> str:
    """The number of a person as it was given, or the first line of standard input for `-`."""
    if person != "-":
        return person
    if sys.stdin is None:
        raise Reject("stdin", "There is no standard input to read the number from.", remedy="Give it in a pipe.")
    return sys.stdin.readline().strip()


def main() -> None:
    """The entry point of `kruispunt`."""
    surroundings.settle()
    sys.excepthook = report
    app()


def _open_streams() -> None:
    """Make output possible everywhere: to nowhere, in any encoding, and of names that are no text."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
        stream = getattr(sys, name)
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
