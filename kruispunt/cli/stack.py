"""What starts, stops and shows the stack."""

from typing import Annotated

import typer

from kruispunt.cli.app import STACK, Json, Seconds, app
from kruispunt.output import answering


@app.command(rich_help_panel=STACK)
def up() -> None:
    """Start Kafka, PostgreSQL, the mail inbox and all processes. Restarts anything that has stopped."""
    from kruispunt import stack

    with answering():
        stack.up()


@app.command(rich_help_panel=STACK)
def down(wipe: Annotated[bool, typer.Option("--wipe", help="Also remove the data.")] = False) -> None:
    """Stop everything that `up` started."""
    from kruispunt import stack

    with answering():
        stack.down(wipe=wipe)


@app.command(rich_help_panel=STACK)
def status(json: Json = False) -> None:
    """Show every process and server, and how much each stage still has to do."""
    from kruispunt import stack

    with answering():
        raise typer.Exit(stack.status(json=json))


@app.command(rich_help_panel=STACK)
def certificates(
    rotate: Annotated[bool, typer.Option("--rotate", help="Renew them first. Nothing is interrupted.")] = False,
    json: Json = False,
) -> None:
    """Show when each certificate expires. Exit code 1 if one expires within 60 days."""
    from kruispunt.commands.stack import certificates as ours

    with answering():
        raise typer.Exit(ours.rotate(json=json) if rotate else ours.show(json=json))


@app.command(rich_help_panel=STACK)
def wait(timeout: Seconds = 300.0) -> None:
    """Wait until everything that was accepted has arrived everywhere."""
    from kruispunt.commands.stack import wait as waiting

    with answering():
        raise typer.Exit(waiting.wait(timeout))


@app.command(rich_help_panel=STACK)
def provision(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show the plan. Exit code 1 if anything would change.")
    ] = False,
    json: Json = False,
) -> None:
    """Create the topics, users, access rules, quotas, schemas and databases that are declared; remove others."""
    from kruispunt.provisioning import provision as provisioning

    with answering():
        raise typer.Exit(provisioning.plan(json=json) if dry_run else provisioning.provision(json=json))


@app.command(rich_help_panel=STACK)
def repair(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show the differences. Exit code 1 if there are any.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(help="How many seconds to wait for the processes that read again.", min=0)
    ] = 3600.0,
    json: Json = False,
) -> None:
    """Bring Kafka and a restored database together. Exit code 1 if an operator has to act."""
    from kruispunt.commands.stack import repair as repairing

    with answering():
        raise typer.Exit(repairing.repair(dry_run=dry_run, timeout=timeout, json=json))


@app.command(rich_help_panel=STACK)
def demo() -> None:
    """Show one declaration on its way from employer to letter, then stop everything."""
    from kruispunt.commands.stack import demo as show

    with answering():
        raise typer.Exit(show.run())
