"""The log of disclosures, for those who watch over it."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from kruispunt.cli.app import Json, day, given
from kruispunt.cli.processes import record
from kruispunt.output import answering

AGE_S = 900.0


@record.command()
def verify(
    key: Annotated[
        list[Path] | None, typer.Option(help="Public keys in PEM files. Default: the keys of this installation.")
    ] = None,
    age: Annotated[float, typer.Option(help="After how many seconds everything must be signed.", min=0)] = AGE_S,
    json: Json = False,
) -> None:
    """Find every change, deletion, insertion or reordering in the log. Exit code 1 if there is any."""
    from kruispunt.commands.audit import log as auditing

    with answering():
        raise typer.Exit(auditing.verify(keys=key or [], age=age, json=json))


@record.command()
def person(
    number: Annotated[str, typer.Argument(help="A national number. Use - to read it from stdin.")],
    language: Annotated[str, typer.Option(help="nl, fr, de or en.")] = "en",
    reason: Annotated[str, typer.Option(help="The reason for the look, for the record.")] = "",
    json: Json = False,
) -> None:
    """Show who received what about a person, on which basis, why and when; and who did not."""
    from kruispunt.commands.audit import log as auditing

    with answering():
        raise typer.Exit(auditing.person(given(number), language=language, reason=reason, json=json))


@record.command()
def acts(
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="From this day.")] = None,
    json: Json = False,
) -> None:
    """List what people and commands did: deliberations, dossiers, migrations, look-ups."""
    from kruispunt.commands.audit import log as auditing

    with answering():
        auditing.acts(since=day(since), json=json)


@record.command()
def checkpoints() -> None:
    """Print the signed checkpoints as they were published, one JSON document per line."""
    from kruispunt.commands.audit import log as auditing

    with answering():
        auditing.checkpoints()


@record.command()
def key(json: Json = False) -> None:
    """Print the public keys of the checkpoints, each with its fingerprint."""
    from kruispunt.commands.audit import log as auditing

    with answering():
        auditing.key(json=json)
