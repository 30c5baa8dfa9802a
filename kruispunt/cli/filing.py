"""The reference directory: who is on file where; integrate, change and end."""

from datetime import datetime
from typing import Annotated

import typer

from kruispunt.cli.app import OUT, InstitutionArgument, Json, app, day, given
from kruispunt.output import answering

PersonArgument = Annotated[str, typer.Argument(help="A national number; - reads it from stdin.")]
QualityArgument = Annotated[str, typer.Argument(help="Sector and quality code, as 18/1.")]
SinceOption = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of the dossier.")]
UntilOption = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day of the dossier.")]
VersionOption = Annotated[
    int | None, typer.Option(min=1, help="The version this makes; refused when another was kept meanwhile.")
]

files = typer.Typer(help="List who is on file where; integrate, change and end dossiers.", invoke_without_command=True)


@files.callback()
def directory(
    context: typer.Context,
    person: Annotated[str | None, typer.Option(help="Only this person; - reads the number from stdin.")] = None,
    institution: Annotated[str | None, typer.Option(help="Only this institution, as rva.")] = None,
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
    """Take a person on file: a new dossier, version 1, without --until an open one."""
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
    open_end: Annotated[bool, typer.Option("--open", help="The dossier is to have no last day.")] = False,
    version: VersionOption = None,
    json: Json = False,
) -> None:
    """Change until when a dossier lasts."""
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
    """End a dossier: nothing is delivered on it from the next batch on."""
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
    """List when an institution took very many persons on file within an hour."""
    from kruispunt.commands.institutions import alarms as alarming

    with answering():
        alarming.listing(json=json)


@files.command()
def acknowledge(
    institution: InstitutionArgument, reason: Annotated[str, typer.Option(help="What was found out, for the record.")]
) -> None:
    """Show the alarms of an institution in `status` no more."""
    from kruispunt.commands.institutions import alarms as alarming
    from kruispunt.commands.institutions import overview as outbound

    with answering():
        raise typer.Exit(alarming.acknowledge(outbound.known(institution), reason))


app.add_typer(files, name="directory", rich_help_panel=OUT)
