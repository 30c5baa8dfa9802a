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
        bool, typer.Option("--rotate", help="Set a new password first. The old password stops working immediately.")
    ] = False,
) -> None:
    """Print the Kafka client configuration of an institution."""
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
    institution: Annotated[str | None, typer.Option(help="Only this recipient, e.g. rva.")] = None,
    person: Annotated[
        str | None,
        typer.Option(help="Only what may be received about this person. Use - to read the number from stdin."),
    ] = None,
    json: Json = False,
) -> None:
    """List who may receive which fields, and on which deliberation."""
    from kruispunt.commands.institutions import entitlements as entitling

    with answering():
        number = given(person) if person else None
        raise typer.Exit(entitling.entitlements(on=day(on), institution=institution, person=number, json=json))


MOMENTS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]


@app.command(rich_help_panel=OUT)
def rejudge(
    since: Annotated[datetime, typer.Option("--from", formats=MOMENTS, help="In UTC of the wrong clock.")],
    until: Annotated[datetime, typer.Option(formats=MOMENTS, help="In UTC of the wrong clock.")],
    reason: Annotated[str, typer.Option(help="The reason, for the record.")],
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The real day. Default: today.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be delivered. Exit code 1 if there is anything.")
    ] = False,
    json: Json = False,
) -> None:
    """Judge again what the exchange judged with a wrong clock, and deliver what it withheld."""
    from kruispunt.commands.institutions import rejudge as rejudging

    with answering():
        raise typer.Exit(
            rejudging.rejudge(
                since=since.replace(tzinfo=UTC), until=until.replace(tzinfo=UTC), on=day(on), reason=reason,
                dry_run=dry_run, json=json,
            )
        )  # fmt: skip
