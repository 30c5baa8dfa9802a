"""What was told, and the accounts."""

from pathlib import Path
from typing import Annotated

import typer

from kruispunt.cli.app import TOLD, Json, app
from kruispunt.output import answering


@app.command(rich_help_panel=TOLD)
def notices(json: Json = False) -> None:
    """List the notices with their state and channel."""
    from kruispunt import told

    with answering():
        told.notices(json=json)


@app.command(rich_help_panel=TOLD)
def resolve(
    notice: Annotated[str, typer.Argument(help="A notice in doubt: a crash left unknown whether its e-mail went out.")],
    arrived: Annotated[bool, typer.Option("--arrived/--not-arrived", help="Whether the e-mail arrived.")],
) -> None:
    """Say what became of a notice in doubt: it counts as handed over, or goes out by letter."""
    from kruispunt import told

    with answering():
        raise typer.Exit(told.resolve(notice, arrived=arrived))


@app.command(rich_help_panel=TOLD)
def letter(
    notice: Annotated[str, typer.Argument(help="The reference of a notice: what its e-mail announces.")],
    out: Annotated[Path, typer.Option("--out", help="The PDF to write; readable by its owner only.")],
) -> None:
    """Write the letter of a notice as a PDF, for a recipient who was told by e-mail and asks for it."""
    from kruispunt import told

    with answering():
        raise typer.Exit(told.letter(notice, out))


@app.command(rich_help_panel=TOLD)
def ledger(
    recount: Annotated[
        bool,
        typer.Option("--recount", help="Also derive what each institution should hold, and count what it holds anew."),
    ] = False,
    json: Json = False,
) -> None:
    """Hold every effect in two places against each other; exit code 1 on any difference."""
    from kruispunt import told

    with answering():
        raise typer.Exit(told.ledger(json=json, recount=recount))


@app.command(rich_help_panel=TOLD)
def dead(json: Json = False) -> None:
    """List the messages that could not be handled: why, and which events are in them."""
    from kruispunt import dead as letters

    with answering():
        letters.dead(json=json)
