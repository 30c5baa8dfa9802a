"""What comes in: declarations, decisions, profiles and dossiers."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from kruispunt.cli.app import IN, FilesArgument, FolderArgument, Json, Known, app, day
from kruispunt.output import answering
from schemas.languages import Language


@app.command(rich_help_panel=IN)
def check(
    files: FilesArgument,
    json: Json = False,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Judge as if the declaration was sent on this day.")
    ] = None,
    known: Known = None,
    everybody: Annotated[bool, typer.Option("--all", help="Show every person, not only the largest amounts.")] = False,
) -> None:
    """Show what is wrong in a declaration and what it does not claim. Sends and stores nothing."""
    from kruispunt.commands.intake import check as checking

    with answering():
        raise typer.Exit(checking.check(files, json=json, on=day(on), known=day(known), everybody=everybody))


@app.command(rich_help_panel=IN)
def submit(
    files: FilesArgument,
    json: Json = False,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day of receipt, for tests and re-runs. Default: today."),
    ] = None,
) -> None:
    """Register declarations or decisions, and print the receipt."""
    from kruispunt.commands.intake import submit as submitting

    with answering():
        raise typer.Exit(submitting.submit(files, json=json, on=day(on)))


@app.command(rich_help_panel=IN)
def receipts(
    ticket: Annotated[
        str | None, typer.Argument(help="The ticket of a submission, as `kruispunt submit` prints it.")
    ] = None,
    xml: Annotated[bool, typer.Option("--xml", help="The forms ACRF001 and NOTI001, one after another.")] = False,
    json: Json = False,
    language: Annotated[Language, typer.Option(help="The language.")] = "en",
) -> None:
    """Show every answer to a submission, or list the latest submissions. The look is recorded as an act."""
    from kruispunt.commands.intake import receipts as answering_again

    with answering():
        raise typer.Exit(answering_again.receipts(ticket, xml=xml, json=json, language=language))


@app.command(rich_help_panel=IN)
def generate(
    persons: Annotated[int, typer.Option(help="Number of persons.", min=1)],
    quarter: Annotated[str, typer.Option(help="The quarter, e.g. 2026Q3.")],
    out: Annotated[Path, typer.Option(help="The folder to write.", file_okay=False)],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
) -> None:
    """Make declarations of a synthetic population, with profiles and dossiers."""
    from kruispunt.commands.intake import generate as generating

    with answering():
        generating.generate(persons=persons, quarter=quarter, out=out, seed=seed)


@app.command(rich_help_panel=IN)
def load(folder: FolderArgument) -> None:
    """Load profiles of persons and employers, and the dossiers of institutions."""
    from kruispunt.commands.institutions import load as loading

    with answering():
        raise typer.Exit(loading.load(folder))
