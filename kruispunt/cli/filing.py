"""The reference directory: who is on file where; integrate, change and end."""

from datetime import datetime
from typing import Annotated

import typer

from kruispunt.cli.app import OUT, InstitutionArgument, Json, app, day, given
from kruispunt.output import answering

PersonArgument = Annotated[str, typer.Argument(help="A national number. Use - to read it from stdin.")]
QualityArgument = Annotated[str, typer.Argument(help="Sector and quality code, e.g. 18/1.")]
SinceOption = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of the dossier.")]
UntilOption = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day of the dossier.")]
VersionOption = Annotated[int | None, typer.Option(min=1, help="The new version number. Refused if it exists already.")]

files = typer.Typer(
    help="List the dossiers: who is on file where. Integrate, change and end them.", invoke_without_command=True
)


@files.callback()
def directory(
    context: typer.Context,
    person: Annotated[str | None, typer.Option(help="Only this person. Use - to read the number from stdin.")] = None,
    institution: Annotated[str | None, typer.Option(help="Only this institution, e.g. rva.")] = None,
    json: Json = False,
) -> None:
    """List who is on file where."""
    if context.invoked_subcommand is not None:
        return
    from kruispunt.commands.institutions import overview as outbound
    from kruispunt.commands.institutions import person_lookup as looking

    with answering():
        if person is None:
            outbound.dossiers(institution=institution, json=json)
            return
        at = institution and outbound.known(institution)
        raise typer.Exit(looking.person(given(person), institution=at, json=json))


@files.command()
def integrate(
    institution: InstitutionArgument,
    person: PersonArgument,
    quality: QualityArgument,
    since: SinceOption,
    until: UntilOption = None,
    json: Json = False,
) -> None:
    """Put a person on file: a new dossier, version 1. Without --until it has no last day."""
    from kruispunt.commands.institutions import dossiers as filing

    with answering():
        raise typer.Exit(
            filing.take_in(
                filing.INTEGRATE, institution, given(person), quality,
                since=day(since), until=day(until), version=filing.FIRST, json=json,
            )
        )  # fmt: skip


@files.command()
def change(
    institution: InstitutionArgument,
    person: PersonArgument,
    quality: QualityArgument,
    since: SinceOption,
    until: UntilOption = None,
    open_end: Annotated[bool, typer.Option("--open", help="Remove the last day of the dossier.")] = False,
    version: VersionOption = None,
    json: Json = False,
) -> None:
    """Change the last day of a dossier."""
    from kruispunt.commands.institutions import dossiers as filing

    if (until is None) != open_end:
        raise typer.BadParameter("give either --until or --open")
    with answering():
        raise typer.Exit(
            filing.take_in(
                filing.CHANGE, institution, given(person), quality,
                since=day(since), until=day(until), version=version, json=json,
            )
        )  # fmt: skip


@files.command()
def end(
    institution: InstitutionArgument,
    person: PersonArgument,
    quality: QualityArgument,
    since: SinceOption,
    version: VersionOption = None,
    json: Json = False,
) -> None:
    """End a dossier. From the next batch, nothing is delivered for it."""
    from kruispunt.commands.institutions import dossiers as filing

    with answering():
        raise typer.Exit(
            filing.take_in(
                filing.END, institution, given(person), quality,
                since=day(since), until=None, version=version, json=json,
            )
        )  # fmt: skip


@files.command()
def alarms(json: Json = False) -> None:
    """List the alarms: an institution put very many persons on file within an hour."""
    from kruispunt.commands.institutions import alarms as alarming

    with answering():
        alarming.listing(json=json)


@files.command()
def acknowledge(
    institution: InstitutionArgument, reason: Annotated[str, typer.Option(help="What you found out, for the record.")]
) -> None:
    """Acknowledge the alarms of an institution, so that `status` stops showing them."""
    from kruispunt.commands.institutions import alarms as alarming
    from kruispunt.commands.institutions import overview as outbound

    with answering():
        raise typer.Exit(alarming.acknowledge(outbound.known(institution), reason))


app.add_typer(files, name="directory", rich_help_panel=OUT)
