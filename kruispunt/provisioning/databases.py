"""The databases of PostgreSQL, who owns each, and who else may connect to it."""

from collections.abc import Mapping

from backbone.stack.roles import Database
from schemas.institutions import HOSTED
from schemas.roles import Role

DATABASES: Mapping[str, Database] = {
    "kruispunt": Database(
        Role.OWNER,
        (
            Role.INTAKE,
            Role.OPERATOR,
            Role.RELAY,
            Role.EXCHANGE,
            Role.DOSSIERS,
            Role.REPLAY,
            Role.AUDIT,
            Role.AUDITOR,
            Role.RULES,
            Role.NOTIFIER,
            Role.INSPECTOR,
            Role.JURIST,
        ),
    ),
    **{name: Database(name, (Role.INSPECTOR,), tenant=True) for name in HOSTED},
}
