"""Shows the alarms of mass integrations."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from consumers.directory.alarms import Alarm
from kruispunt.output import errors

REMEDY = "Ask the institution; `kruispunt directory acknowledge` puts the alarm away."


def tell(raised: Iterable[Alarm]) -> None:
    """Print on stderr that alarms were raised."""
    for alarm in raised:
        errors.print(f"[bold yellow]![/] alarm: {alarm}. It is on record. {REMEDY}", soft_wrap=True)


def as_document(alarm: Alarm) -> dict[str, Any]:
    """An alarm as JSON."""
    return {
        "institution": alarm.institution,
        "since": _moment(alarm.since),
        "last": _moment(alarm.last),
        "integrations": alarm.integrations,
        "limit": alarm.most,
        "acknowledged": alarm.acknowledged and _moment(alarm.acknowledged),
    }


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
