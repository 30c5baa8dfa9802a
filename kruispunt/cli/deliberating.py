"""The legal bases: what is kept, taken in, withdrawn."""

from pathlib import Path
from typing import Annotated

import typer

from kruispunt.cli.app import OUT, Json, app
from kruispunt.output import answering

bases = typer.Typer(help="List all deliberations. Load new versions.", invoke_without_command=True)


@bases.callback()
def deliberations(context: typer.Context, json: Json = False) -> None:
    """List the deliberations that are kept."""
    if context.invoked_subcommand is None:
        from kruispunt.commands.institutions import deliberations as deliberating

        with answering():
            deliberating.listing(json=json)


@bases.command("load")
def load_deliberations(
    files: Annotated[list[Path], typer.Argument(help="YAML files, or folders of them; see docs/deliberations.md.")],
) -> None:
    """Load new versions, all or none. They count from the next batch."""
    from kruispunt.commands.institutions import deliberations as deliberating

    with answering():
        deliberating.load(files)


@bases.command("show")
def show_deliberation(name: Annotated[str, typer.Argument(help="A version, e.g. 20/296@2.")]) -> None:
    """Print a version as it was loaded."""
    from kruispunt.commands.institutions import deliberations as deliberating

    with answering():
        deliberating.show(name)


app.add_typer(bases, name="deliberations", rich_help_panel=OUT)


@app.command(rich_help_panel=OUT)
def withdraw(
    names: Annotated[list[str], typer.Argument(help="Versions (20/296@2), numbers (20/296) or a recipient (rva).")],
    reason: Annotated[str, typer.Option(help="The reason, for the record.")],
) -> None:
    """Withdraw deliberations. A recipient loses read access with its last deliberation."""
    from kruispunt.commands.institutions import deliberations as deliberating

    with answering():
        deliberating.withdraw(names, reason)
