"""The long-running processes, one verb each."""

import typer

from kruispunt.cli.app import PROCESS, InstitutionArgument, app, process

law = typer.Typer(
    help="Decide the rules for arriving facts (a process). List, test, explain and compare the law.",
    invoke_without_command=True,
)
record = typer.Typer(help="Keep the log of disclosures (a process). Verify and read it.", invoke_without_command=True)


@app.command(rich_help_panel=PROCESS)
def relay() -> None:
    """Publish the outboxes, once and in order."""
    from kruispunt.declared_outboxes import run_relay

    with process() as settings:
        run_relay(settings)


@app.command(rich_help_panel=PROCESS)
def dossiers() -> None:
    """Process the dossier changes that institutions send on their topics."""
    from consumers.directory import run as stage

    with process() as settings:
        stage.run(settings)


@app.command(rich_help_panel=PROCESS)
def exchange() -> None:
    """Create one narrowed copy of each event for every entitled recipient."""
    from consumers.exchange import run as stage

    with process() as settings:
        stage.run(settings)


@app.command(rich_help_panel=PROCESS)
def replay() -> None:
    """Copy events that were published before a person came on file."""
    from consumers.replay import run as stage

    with process() as settings:
        stage.run(settings)


@app.command(rich_help_panel=PROCESS)
def deliver(institution: InstitutionArgument) -> None:
    """Write an institution's deliveries to its own database."""
    from consumers.sink import run as stage
    from kruispunt.commands.institutions.overview import known

    with process() as settings:
        stage.run(settings, known(institution))


@app.command(rich_help_panel=PROCESS)
def notify() -> None:
    """Send notices about findings to citizens and employers."""
    from notifier import run as stage

    with process() as settings:
        stage.run(settings)


@app.command(rich_help_panel=PROCESS)
def api() -> None:
    """Serve the schemas over HTTP, read-only."""
    from kruispunt.registry import server as stage

    with process() as settings:
        stage.run(settings)


@law.callback()
def rules(context: typer.Context) -> None:
    """Decide the rules for what arrives."""
    if context.invoked_subcommand is None:
        from rules.stream import run as stage

        with process() as settings:
            stage.run(settings)


@record.callback()
def audit(context: typer.Context) -> None:
    """Keep the record of every disclosure, append-only and chained."""
    if context.invoked_subcommand is None:
        from consumers.audit import run as stage

        with process() as settings:
            stage.run(settings)


app.add_typer(law, name="rules", rich_help_panel=PROCESS)
app.add_typer(record, name="audit", rich_help_panel=PROCESS)
