"""Chooses the stack's ports once, keeps them while they are free, and writes them into all settings."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from backbone.errors import Stop
from backbone.settings import Settings, load
from backbone.stack import ports
from backbone.stack.places import Places, write_private

PORTS = {
    "kafka": ("kafka", "kafka_internal", "kafka_controller"),
    "postgres": ("postgres",),
    "inbox": ("smtp",),
    "api": ("api",),
}
"""Which ports belong to which process."""
ELSEWHERE = {"KRUISPUNT_KAFKA_BOOTSTRAP", "KRUISPUNT_POSTGRES_HOST", "KRUISPUNT_POSTGRES_PORT"}
"""The environment wins over what the stack writes down."""


def refuse_other_servers() -> None:
    """See that no other servers are named: the stack would make roles, topics and users where it did not start any.

    Raises Stop.
    """
    named = sorted(name for name in os.environ if name.upper() in ELSEWHERE)
    if named:
        raise Stop(
            f"The stack brings its own servers, and the environment names others: {', '.join(named)}.",
            f"Run `unset {' '.join(named)}`; other servers are prepared by `kruispunt provision`.",
        )


def choose_ports(places: Places, busy: set[str]) -> tuple[dict[str, int], bool]:
    """The stack's ports, and whether any is another than before.

    A port of a process that does not run may have been taken by another program meanwhile: then another is chosen.
    """
    before: dict[str, int] = places.recall().get("ports", {})
    chosen: dict[str, int] = {}
    for process, names in PORTS.items():
        for name in names:
            port = before.get(name, 0)
            if not port or (process not in busy and not ports.free(port)):
                port = ports.choose({*before.values(), *chosen.values()})
            chosen[name] = port
    places.remember(ports=chosen)
    return chosen, bool(before) and chosen != before


def write_settings(places: Places, chosen: Mapping[str, int], choices: Mapping[str, Any]) -> Settings:
    """Write down where everything is, and `choices`; what else stands there stays."""
    stored: dict[str, Any] = {}
    with suppress(OSError, ValueError, TypeError):
        stored = {**json.loads(places.settings.read_text("utf-8"))}
    wanted = {
        **stored,
        **choices,
        "kafka_bootstrap": f"{ports.LOOPBACK}:{chosen['kafka']}",
        "kafka_ca": str(places.ca),
        "postgres_host": ports.LOOPBACK,
        "postgres_port": chosen["postgres"],
        # It listens on the loopback only, and the wheel's server knows no TLS.
        "postgres_sslmode": "disable",
        "smtp_host": ports.LOOPBACK,
        "smtp_port": chosen["smtp"],
        "smtp_tls": "starttls",
        "smtp_ca": str(places.ca),
        "api_host": ports.LOOPBACK,
        "api_port": chosen["api"],
        "registry_url": f"http://{ports.LOOPBACK}:{chosen['api']}",
    }
    if wanted != stored:
        write_private(places.settings, json.dumps(wanted, indent=2, sort_keys=True) + "\n")
    return load(places.home)
