"""What was told, and the accounts."""

from pathlib import Path
from typing import Annotated

import typer

from kruispunt.cli.app import TOLD, Json, app
from kruispunt.output import answering


@app.command(rich_help_panel=TOLD)
def notices(json: Json = False) -> None:
    """List the notices by state, channel and language."""
    from kruispunt.commands.accounts import notices as told

    with answering():
        told.notices(json=json)


@app.command(rich_help_panel=TOLD)
def resolve(
    notice: Annotated[
        str, typer.Argument(help="A notice in doubt: after a crash, nobody knows if its e-mail went out.")
    ],
    arrived: Annotated[bool, typer.Option("--arrived/--not-arrived", help="Whether the e-mail arrived.")],
) -> None:
    """Settle a notice in doubt: it counts as handed over, or goes out by letter."""
    from kruispunt.commands.accounts import notices as told

    with answering():
        raise typer.Exit(told.resolve(notice, arrived=arrived))


@app.command(rich_help_panel=TOLD)
def letter(
    notice: Annotated[str, typer.Argument(help="The reference of a notice, as given in its e-mail.")],
    out: Annotated[Path, typer.Option("--out", help="The PDF to write, readable by its owner only.")],
) -> None:
    """Write the letter of a notice as a PDF, for a recipient who got an e-mail and asks for the letter."""
    from kruispunt.commands.accounts import notices as told

    with answering():
        raise typer.Exit(told.letter(notice, out))


@app.command(rich_help_panel=TOLD)
def ledger(
    recount: Annotated[
        bool,
        typer.Option(
            "--recount", help="Also derive what each institution should hold, and compare it record by record."
        ),
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Show every pair, not one line per stage.")] = False,
    json: Json = False,
) -> None:
    """Compare every effect in two independent places. Exit code 1 on any difference."""
    from kruispunt.commands.accounts import notices as told

    with answering():
        raise typer.Exit(told.ledger(json=json, recount=recount, every=every))


office = typer.Typer(
    help="List the messages that could not be handled. Show one, put it back, or drop it.",
    invoke_without_command=True,
)
NAMED = "Dead letters, as `kruispunt dead` names them."


def _list(*, closed_too: bool, json: bool) -> None:
    from kruispunt.commands.accounts import dead_letters as commands

    with answering():
        raise typer.Exit(commands.listing(closed_too=closed_too, json=json))


@office.callback()
def dead(context: typer.Context, json: Json = False) -> None:
    """List the messages that could not be handled, and why. Exit code 1 if there are any."""
    if context.invoked_subcommand is None:
        _list(closed_too=False, json=json)


@office.command("list")
def list_letters(
    closed_too: Annotated[
        bool, typer.Option("--all", help="Also those that were put back or dropped: by whom, when, why.")
    ] = False,
    json: Json = False,
) -> None:
    """List the messages that could not be handled, and why. Exit code 1 if there are any."""
    _list(closed_too=closed_too, json=json)


@office.command("show")
def show_letter(
    letter: Annotated[str, typer.Argument(help="A dead letter, as `kruispunt dead` names it.")], json: Json = False
) -> None:
    """Show a message, decoded as far as possible. The look is recorded as an act."""
    from kruispunt.commands.accounts import dead_letters as commands

    with answering():
        raise typer.Exit(commands.show(letter, json=json))


@office.command("replay")
def put_back_letters(
    letters: Annotated[list[str] | None, typer.Argument(help=NAMED)] = None,
    everything: Annotated[bool, typer.Option("--all", help="All open dead letters.")] = False,
    stage: Annotated[str | None, typer.Option(help="All open dead letters of a stage, e.g. rules.")] = None,
    json: Json = False,
) -> None:
    """Put messages back where they came from, in order, after the fault is repaired."""
    from kruispunt.commands.accounts import dead_letters as commands

    with answering():
        raise typer.Exit(commands.put_back(letters or [], everything=everything, stage=stage, json=json))


@office.command("drop")
def drop_letters(
    letters: Annotated[list[str], typer.Argument(help=NAMED)],
    reason: Annotated[str, typer.Option(help="Why they need no handling, for the record.")],
    json: Json = False,
) -> None:
    """Close dead letters without handling them. The reason is kept."""
    from kruispunt.commands.accounts import dead_letters as commands

    with answering():
        raise typer.Exit(commands.drop(letters, reason=reason, json=json))


app.add_typer(office, name="dead", rich_help_panel=TOLD)
