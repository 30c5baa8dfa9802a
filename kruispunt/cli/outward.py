"""What goes out: to whom, on which basis, about whom."""

from typing import Annotated

import typer

from kruispunt.cli.app import OUT, Day, Json, Name, app, day, given
from kruispunt.output import answering


@app.command(rich_help_panel=OUT)
def credentials(
    institution: Name,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Make another password first; the old one is refused.")
    ] = False,
) -> None:
    """Print a client configuration that reads this institution's deliveries and nothing else."""
    from kruispunt import outbound

    with answering():
        outbound.credentials(institution, rotate=rotate)


@app.command(rich_help_panel=OUT)
def topics(json: Json = False) -> None:
    """List every topic with its key, contracts, readers and writers."""
    from kruispunt import outbound

    with answering():
        outbound.topics(json=json)


@app.command(rich_help_panel=OUT)
def entitlements(
    on: Day = None,
    institution: Annotated[str | None, typer.Option(help="Only this recipient, as rva.")] = None,
    person: Annotated[
        str | None, typer.Option(help="Only what may be received about this person; - reads the number from stdin.")
    ] = None,
    json: Json = False,
) -> None:
    """List who may receive which fields on which deliberation."""
    from kruispunt import entitling

    with answering():
        number = given(person) if person else None
        raise typer.Exit(entitling.entitlements(on=day(on), institution=institution, person=number, json=json))
