"""The law: what the rules say, whether they do, and what they would say otherwise."""

from pathlib import Path
from typing import Annotated

import typer

from kruispunt.cli.app import Json
from kruispunt.cli.processes import law
from kruispunt.output import answering


@law.command("test")
def try_rules(
    path: Annotated[
        Path | None, typer.Argument(help="A file or folder of cases; by default those shipped. See docs/cases.md.")
    ] = None,
    rule: Annotated[str | None, typer.Option(help="Only the cases of this rule.")] = None,
    json: Json = False,
) -> None:
    """Try the rules on cases: what came out beside what is written."""
    from kruispunt import casework

    with answering():
        raise typer.Exit(casework.run(path, rule=rule, json=json))
