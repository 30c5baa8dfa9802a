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


def entries(certificates: Sequence[Certificate], now: dt.datetime) -> list[dict[str, Any]]:
    """The certificates as JSON."""
    return [
        {
            "owner": certificate.owner,
            "ends": certificate.ends,
            "days": certificate.days(now),
            "warning": certificate.ends_soon(now),
        }
        for certificate in certificates
    ]


def warnings(certificates: Sequence[Certificate], now: dt.datetime) -> list[str]:
    """A sentence for each certificate that has ended, or ends soon."""
    return [
        f"The certificate of {certificate.owner} {'ends' if ends > now else 'ended'} on {moment(ends)}."
        for certificate in certificates
        if (ends := certificate.ends) is not None and certificate.ends_soon(now)
    ]


def warn(certificates: Sequence[Certificate], now: dt.datetime) -> None:
    """Print on stderr what to renew, and how."""
    lines = warnings(certificates, now)
    for line in lines:
        errors.print(f"[bold yellow]![/] {line}", soft_wrap=True)
    if lines:
        errors.print(REMEDY, soft_wrap=True)
