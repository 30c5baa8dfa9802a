"""Shows the alarms of mass integrations."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from consumers.directory.alarms import Alarm
from kruispunt.output import errors

REMEDY = "Ask the institution; `kruispunt directory acknowledge` puts the alarm away."


def tell(raised: Iterable[Alarm]) -> None:
    """Print on stderr that alarms were raised."""
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
