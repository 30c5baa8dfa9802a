"""Lists the alarms of mass integrations, and acknowledges them."""

from backbone import postgres
from consumers.directory import alarms
from kruispunt import settings
from kruispunt.monitoring.alarms import as_document
from kruispunt.output import Exit, as_json, console, fail, table
from schemas.roles import Role


def listing(*, json: bool) -> None:
    """The command `directory alarms`: all there were, the oldest first."""
    with postgres.connect(settings.load(), Role.OPERATOR) as connection:
        found = alarms.ever(connection)
    if json:
        as_json([as_document(one) for one in found])
        return
    if not found:
        console.print("no institution has put so many persons on file within an hour")
        return
    shown = table("institution", "since", "last", "dossiers", "limit", "acknowledged", right=("dossiers", "limit"))
    for one in found:
        moments = [f"{at:%Y-%m-%d %H:%M}" if at else "" for at in (one.since, one.last, one.acknowledged)]
        shown.add_row(one.institution, *moments[:2], f"{one.integrations:,}", f"{one.most:,}", moments[2])
    console.print(shown)


def acknowledge(institution: str, reason: str) -> int:
    """The command `directory acknowledge`: 1 when the institution has no alarm that is open."""
    with postgres.connect(settings.load(), Role.OPERATOR) as connection:
        number = alarms.acknowledge(connection, institution, reason)
    if not number:
        fail(Exit.NO, f"No alarm of {institution} is open.", "`kruispunt directory alarms` lists all there were.")
    console.print(f"[bold green]✓[/] {number} of {institution}: acknowledged, and on record")
    return Exit.DONE
