"""What starts, stops and shows the stack."""

from typing import Annotated

import typer

from kruispunt.cli.app import STACK, Json, Seconds, app
from kruispunt.output import answering


@app.command(rich_help_panel=STACK)
def up() -> None:
    """Start Kafka, PostgreSQL, the mail inbox and all processes; start again what has died."""
    from kruispunt import stack

    with answering():
        stack.up()


@app.command(rich_help_panel=STACK)
def down(wipe: Annotated[bool, typer.Option("--wipe", help="Remove the data, too.")] = False) -> None:
    """Stop everything; nothing is left running."""
    from kruispunt import stack

    with answering():
        stack.down(wipe=wipe)


@app.command(rich_help_panel=STACK)
def status(json: Json = False) -> None:
    """Show every process and server, and what waits in each stage."""
    from kruispunt import stack

    with answering():
        raise typer.Exit(stack.status(json=json))


@app.command(rich_help_panel=STACK)
def certificates(
    rotate: Annotated[bool, typer.Option("--rotate", help="Renew them first, while everything goes on.")] = False,
    json: Json = False,
) -> None:
    """Show when each certificate ends; exit code 1 when one does within 60 days."""
    from kruispunt.commands.stack import certificates as ours

    with answering():
        raise typer.Exit(ours.rotate(json=json) if rotate else ours.show(json=json))


@app.command(rich_help_panel=STACK)
def wait(timeout: Seconds = 300.0) -> None:
    """Return when all that was accepted has arrived everywhere it goes."""
    from kruispunt.commands.stack import wait as waiting

    with answering():
        raise typer.Exit(waiting.wait(timeout))


@app.command(rich_help_panel=STACK)
def provision(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan only; exit code 1 when there is one.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring topics, users, rights, quotas, schemas and databases to what is declared and justified; the rest goes."""
    from kruispunt.provisioning import provision as provisioning

    with answering():
        raise typer.Exit(provisioning.plan(json=json) if dry_run else provisioning.provision(json=json))


@app.command(rich_help_panel=STACK)
def repair(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the differences only; exit code 1 when there are any.")
    ] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for those who read again.", min=0)] = 3600.0,
    json: Json = False,
) -> None:
    """Bring Kafka and a database that was put back to an earlier moment together; exit code 1 if people have to act."""
    from kruispunt.commands.stack import repair as repairing

    with answering():
        raise typer.Exit(repairing.repair(dry_run=dry_run, timeout=timeout, json=json))


@app.command(rich_help_panel=STACK)
def demo() -> None:
    """Show the whole way of a declaration, live, then stop what it started."""
    from kruispunt.commands.stack import demo as show

    with answering():
        raise typer.Exit(show.run())
