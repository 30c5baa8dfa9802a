"""The command line itself, and what its panels share."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from backbone import surroundings
from backbone.logs import report
from backbone.settings import Settings
from backbone.settings import load as load_settings
from kruispunt.output import answering

app = typer.Typer(
    name="kruispunt",
    help="The message-exchange backbone of social security: declared once, received by everybody entitled to it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
STACK, IN, OUT, TOLD, PROCESS = "The stack", "In", "Out", "Told and accounted for", "Processes"

Json = Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")]
Files = Annotated[list[Path], typer.Argument(help="DmfA files, or JSON lines with decisions of institutions.")]
Folder = Annotated[Path, typer.Argument(help="A folder made by `kruispunt generate`.", exists=True, file_okay=False)]
Name = Annotated[str, typer.Argument(help="An institution, as rva.")]
Seconds = Annotated[float, typer.Option(help="Seconds to wait at most.", min=0)]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="On this day.")]


@contextmanager
def process() -> Iterator[Settings]:
    """The settings of a process that runs until it is asked to stop."""
    with answering():
        yield load_settings()


def day(moment: datetime | None) -> date | None:
    """The day an option names."""
    return moment.date() if moment else None


def given(person: str) -> str:
    """The number of a person as it was given, or the first line of standard input for `-`."""
    return sys.stdin.readline().strip() if person == "-" else person


def main() -> None:
    """The entry point of `kruispunt`."""
    surroundings.settle()
    sys.excepthook = report
    app()
