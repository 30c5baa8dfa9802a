"""The databases of PostgreSQL, who owns each, and who else may connect to it."""

from collections.abc import Mapping

from backbone.stack.roles import Database
from schemas.institutions import HOSTED

DATABASES: Mapping[str, Database] = {
    "kruispunt": Database(
        "owner",
        (
            "intake",
            "operator",
            "relay",
            "exchange",
            "dossiers",
            "replay",
            "audit",
            "auditor",
            "rules",
            "notifier",
            "inspector",
            "jurist",
        ),
    ),
    **{name: Database(name, ("inspector",), tenant=True) for name in HOSTED},
}
