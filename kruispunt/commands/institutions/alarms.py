"""Shows the alarms of mass integrations, and takes down that somebody has looked into them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from backbone import postgres
from consumers.directory import alarms
from consumers.directory.alarms import Alarm
from kruispunt import settings
from kruispunt.output import Exit, as_json, console, errors, fail, table
from schemas.roles import Role

REMEDY = "Ask the institution; `kruispunt directory acknowledge` puts the alarm away."


def tell(raised: Iterable[Alarm]) -> None:
    """Say on stderr that alarms were raised."""
    for one in raised:
        errors.print(f"[bold yellow]![/] alarm: {one}. It is on record. {REMEDY}", soft_wrap=True)


def as_document(one: Alarm) -> dict[str, Any]:
    """An alarm as JSON."""
    return {
        "institution": one.institution,
        "since": _moment(one.since),
        "last": _moment(one.last),
        "integrations": one.integrations,
        "limit": one.most,
        "acknowledged": one.acknowledged and _moment(one.acknowledged),
    }


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


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
