"""What goes out: to whom, on which basis, about whom."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from kruispunt.cli.app import OUT, Day, InstitutionArgument, Json, app, day, given
from kruispunt.output import answering


@app.command(rich_help_panel=OUT)
def credentials(
    institution: InstitutionArgument,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Make another password first; the old one is refused.")
    ] = False,
) -> None:
    """Print a client configuration that reads this institution's deliveries and nothing else."""
    from kruispunt.commands.institutions import overview as outbound

    with answering():
        outbound.credentials(institution, rotate=rotate)


@app.command(rich_help_panel=OUT)
def topics(json: Json = False) -> None:
    """List every topic with its key, contracts, readers and writers."""
    from kruispunt.commands.institutions import overview as outbound

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
    from kruispunt.commands.institutions import entitlements as entitling

    with answering():
        number = given(person) if person else None
        raise typer.Exit(entitling.entitlements(on=day(on), institution=institution, person=number, json=json))


MOMENTS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]


@app.command(rich_help_panel=OUT)
def rejudge(
    since: Annotated[datetime, typer.Option("--from", formats=MOMENTS, help="UTC, by the clock that was wrong.")],
    until: Annotated[datetime, typer.Option(formats=MOMENTS, help="UTC, by the clock that was wrong.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day it was in truth; today if left out.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be delivered only; exit code 1 when there is anything.")
    ] = False,
    json: Json = False,
) -> None:
    """Judge again what the exchange judged by a wrong day, and deliver what was withheld for it."""
    from kruispunt.commands.institutions import rejudge as rejudging

    with answering():
        raise typer.Exit(
            rejudging.rejudge(
                since=since.replace(tzinfo=UTC), until=until.replace(tzinfo=UTC), on=day(on), reason=reason,
                dry_run=dry_run, json=json,
            )
        )  # fmt: skip
