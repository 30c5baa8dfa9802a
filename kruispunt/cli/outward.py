"""What goes out: to whom, on which basis, about whom."""

from kruispunt.cli.app import OUT, Json, Name, app
from kruispunt.output import answering


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
