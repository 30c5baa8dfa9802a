"""One verb per arrow of the flow; each hands over to the module that does it, nothing more."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from backbone.logs import report
from backbone.settings import Settings
from backbone.settings import load as load_settings
from kruispunt.output import answering

app = typer.Typer(
    name="kruispunt",
    help="The message-exchange backbone of social security: declared once, received by everybody entitled to it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
law = typer.Typer(help="Decide the rules for what arrives (a process).", invoke_without_command=True)
STACK, IN, OUT, TOLD, PROCESS = "The stack", "In", "Out", "Told and accounted for", "Processes"

Json = Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")]
Files = Annotated[list[Path], typer.Argument(help="DmfA files, or JSON lines with decisions of institutions.")]
Folder = Annotated[Path, typer.Argument(help="A folder made by `kruispunt generate`.", exists=True, file_okay=False)]
Name = Annotated[str, typer.Argument(help="An institution, as rva.")]
Seconds = Annotated[float, typer.Option(help="Seconds to wait at most.", min=0)]


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
def wait(timeout: Seconds = 300.0) -> None:
    """Return when all that was accepted has arrived everywhere it goes."""
    from kruispunt import waiting

    with answering():
        raise typer.Exit(waiting.wait(timeout))


@app.command(rich_help_panel=STACK)
def provision() -> None:
    """Bring topics, access rules, schemas and databases to what this version declares."""
    from kruispunt import stack

    with answering():
        stack.provision()


@app.command(rich_help_panel=STACK)
def demo() -> None:
    """Show the whole way of a declaration, live, then stop what it started."""
    from kruispunt import demo as show

    with answering():
        raise typer.Exit(show.run())


@app.command(rich_help_panel=IN)
def check(
    files: Files,
    json: Json = False,
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Judge as if sent on this day.")] = None,
) -> None:
    """Say what is wrong in a declaration and what it leaves unclaimed; sends and stores nothing."""
    from kruispunt import checking

    with answering():
        raise typer.Exit(checking.check(files, json=json, on=_day(on)))


@app.command(rich_help_panel=IN)
def submit(files: Files, json: Json = False) -> None:
    """Register declarations or decisions, and print the receipt."""
    from kruispunt import submitting

    with answering():
        raise typer.Exit(submitting.submit(files, json=json))


@app.command(rich_help_panel=IN)
def generate(
    persons: Annotated[int, typer.Option(help="How many persons.", min=1)],
    quarter: Annotated[str, typer.Option(help="Which quarter, as 2026Q3.")],
    out: Annotated[Path, typer.Option(help="Where to write.", file_okay=False)],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
) -> None:
    """Make declarations of a synthetic population, with profiles and dossiers."""
    from kruispunt import generating

    with answering():
        generating.generate(persons=persons, quarter=quarter, out=out, seed=seed)


@app.command(rich_help_panel=IN)
def load(folder: Folder) -> None:
    """Load profiles of persons and employers, and the dossiers of institutions."""
    from kruispunt import loading

    with answering():
        raise typer.Exit(loading.load(folder))


@app.command(rich_help_panel=OUT)
def credentials(institution: Name) -> None:
    """Print a client configuration that reads this institution's deliveries and nothing else."""
    from kruispunt import outbound

    with answering():
        outbound.credentials(institution)


@app.command(rich_help_panel=OUT)
def topics(json: Json = False) -> None:
    """List every topic with its key, contracts, readers and writers."""
    from kruispunt import outbound

    with answering():
        outbound.topics(json=json)


@app.command(rich_help_panel=OUT)
def entitlements(json: Json = False) -> None:
    """List who may receive which fields on which deliberation."""
    from kruispunt import outbound

    with answering():
        outbound.entitlements(json=json)


@app.command(rich_help_panel=OUT)
def directory(json: Json = False) -> None:
    """List who is on file where."""
    from kruispunt import outbound

    with answering():
        outbound.dossiers(json=json)


@app.command(rich_help_panel=TOLD)
def notices(json: Json = False) -> None:
    """List the notices with their state and channel."""
    from kruispunt import told

    with answering():
        told.notices(json=json)


@app.command(rich_help_panel=TOLD)
def resolve(
    notice: Annotated[str, typer.Argument(help="A notice in doubt: a crash left unknown whether its e-mail went out.")],
    arrived: Annotated[bool, typer.Option("--arrived/--not-arrived", help="Whether the e-mail arrived.")],
) -> None:
    """Say what became of a notice in doubt: it counts as handed over, or goes out by letter."""
    from kruispunt import told

    with answering():
        raise typer.Exit(told.resolve(notice, arrived=arrived))


@app.command(rich_help_panel=TOLD)
def ledger(json: Json = False) -> None:
    """Count every effect in two places; exit code 1 on any difference."""
    from kruispunt import told

    with answering():
        raise typer.Exit(told.ledger(json=json))


@contextmanager
def _process() -> Iterator[Settings]:
    """The settings of a process that runs until it is asked to stop."""
    with answering():
        yield load_settings()


@app.command(rich_help_panel=PROCESS)
def relay() -> None:
    """Publish what the outboxes hold, once and in order."""
    from producers import relay as stage

    with _process() as settings:
        stage.run(settings)


@app.command(rich_help_panel=PROCESS)
def exchange() -> None:
    """Narrow each event for everybody entitled to it."""
    from consumers.exchange import run as stage

    with _process() as settings:
        stage.run(settings)


@app.command(rich_help_panel=PROCESS)
def deliver(institution: Name) -> None:
    """Take an institution's deliveries into its own database."""
    from consumers.sink import run as stage
    from kruispunt.outbound import known

    with _process() as settings:
        stage.run(settings, known(institution))


@app.command(rich_help_panel=PROCESS)
def audit() -> None:
    """Keep the record of every disclosure, append-only and chained."""
    from consumers.audit import run as stage

    with _process() as settings:
        stage.run(settings)


@law.callback()
def rules(context: typer.Context) -> None:
    """Decide the rules for what arrives."""
    if context.invoked_subcommand is None:
        from rules import stream as stage

        with _process() as settings:
            stage.run(settings)


@app.command(rich_help_panel=PROCESS)
def notify() -> None:
    """Tell citizens and employers what was found for them."""
    from notifier import run as stage

    with _process() as settings:
        stage.run(settings)


@app.command(rich_help_panel=PROCESS)
def api() -> None:
    """Serve the schemas, read-only."""
    from kruispunt import api as stage

    with _process() as settings:
        stage.run(settings)


app.add_typer(law, name="rules", rich_help_panel=PROCESS)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def main() -> None:
    """The entry point of `kruispunt`."""
    sys.excepthook = report
    app()
