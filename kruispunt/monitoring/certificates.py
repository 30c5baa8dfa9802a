"""Warns of certificates that expire soon."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from backbone.served import Certificate
from kruispunt.output import errors

REMEDY = "`kruispunt certificates --rotate` renews those of the embedded stack; docker/README.md says how others are."


def moment(at: dt.datetime) -> str:
    """A moment in UTC, to the minute."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def entries(found: Sequence[Certificate], now: dt.datetime) -> list[dict[str, Any]]:
    """The certificates as JSON."""
    return [
        {"owner": one.owner, "ends": one.ends, "days": one.days(now), "warning": one.ends_soon(now)} for one in found
    ]


def warnings(found: Sequence[Certificate], now: dt.datetime) -> list[str]:
    """A sentence for each certificate that has ended, or ends soon."""
    return [
        f"The certificate of {one.owner} {'ends' if one.ends > now else 'ended'} on {moment(one.ends)}."
        for one in found
        if one.ends is not None and one.ends_soon(now)
    ]


def warn(found: Sequence[Certificate], now: dt.datetime) -> None:
    """Print on stderr what to renew, and how."""
    told = warnings(found, now)
    for line in told:
        errors.print(f"[bold yellow]![/] {line}", soft_wrap=True)
    if told:
        errors.print(REMEDY, soft_wrap=True)
