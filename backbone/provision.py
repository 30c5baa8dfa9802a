"""Makes topics, users, access rules and quotas of a Kafka cluster what is declared and justified; removes the rest.

Everything it changed is in force when it returns.
"""

import asyncio
from collections.abc import Callable, Collection

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from backbone.cluster import change, logins, plan, present, quotas
from backbone.cluster.answers import answered
from backbone.cluster.declared import SUPER_USERS, Blueprint, access, declared
from backbone.cluster.plan import PlanLine
from backbone.cluster.state import ClusterState, Entity, Quota
from backbone.errors import Retry
from backbone.kafka import SILENT, admin
from backbone.process import with_retry
from backbone.settings import Settings

__all__ = ["SUPER_USERS", "PlanLine", "access", "apply", "apply_access_rules", "look", "rotate"]

ANSWER_S = 10.0
"""An available broker answers long before this."""
IN_FORCE_S = 30.0
LOOKS_PER_BROKER = 3
"""Any broker may answer: a change is considered applied when this many answers in a row show it."""
Announce = Callable[[list[PlanLine]], None]


def _silent(_lines: list[PlanLine]) -> None:
    pass


async def _logged_in(settings: Settings, names: Collection[str]) -> tuple[dict[Entity, Quota], frozenset[str]]:
    async with logins.administrator(settings) as connection:
        found = await quotas.present(connection)
    return found, await logins.refused(settings, names)


def look(settings: Settings, blueprint: Blueprint, entitled: Collection[str] | None = None) -> list[PlanLine]:
    """Every topic, user, access rule and quota with what is to become of it; changes nothing.

    Raises Retry when the cluster does not answer, Stop when it does not let its administrator in.
    """
    client = admin(settings, log_level=SILENT)
    wanted = declared(settings.partitions, blueprint, entitled)
    there = present.users(client)
    limits, refused = asyncio.run(_logged_in(settings, wanted.users.keys() & there.keys()))
    state = ClusterState(present.topics(client), there, present.access_rules(client), limits)
    return plan.compare(wanted, state, refused)


def _look_at_access_rules(
    client: AdminClient, user: str, blueprint: Blueprint, entitled: Collection[str] | None
) -> list[PlanLine]:
    principal = f"User:{user}"
    wanted = {rule for rule in access(blueprint, entitled) if rule.principal == principal}
    return list(plan.access_rules(wanted, present.access_rules(client, principal)))


def _bring(
    settings: Settings, client: AdminClient, looking: Callable[[], list[PlanLine]], announce: Announce
) -> list[PlanLine]:
    """Announce the changes, make them, and wait until no broker is found that has not applied them."""
    try:
        brokers = len(client.list_topics(timeout=ANSWER_S).brokers)
    except KafkaException as error:
        raise Retry(f"Kafka does not answer its administrator: {error.args[0].str()}") from error
    lines = [line for line in looking() if line.to_do]
    if not lines:
        return []
    announce(lines)
    change.carry_out(settings, client, lines)

    def in_force() -> None:
        for _ in range(1 if brokers == 1 else LOOKS_PER_BROKER * brokers):
            if left := [line.what for line in looking() if line.to_do]:
                raise Retry(f"Kafka has not applied it yet: {'; '.join(left)}")

    with_retry(in_force, IN_FORCE_S)
    return lines


def apply(
    settings: Settings,
    blueprint: Blueprint,
    entitled: Collection[str] | None = None,
    announce: Announce = _silent,
) -> list[PlanLine]:
    """Make all changes; returns what was changed, nothing the second time. `announce` is called before that.

    The passwords exist already. Raises Retry when the cluster does not answer, Stop when it refuses.
    """
    return _bring(settings, admin(settings, log_level=SILENT), lambda: look(settings, blueprint, entitled), announce)


def apply_access_rules(
    settings: Settings,
    user: str,
    blueprint: Blueprint,
    entitled: Collection[str] | None = None,
    announce: Announce = _silent,
) -> list[PlanLine]:
    """As `apply`, for the access rules of one user only."""
    client = admin(settings, log_level=SILENT)
    return _bring(settings, client, lambda: _look_at_access_rules(client, user, blueprint, entitled), announce)


def rotate(settings: Settings, user: str) -> None:
    """Make the password in the user's file the one that the broker accepts; the old one stops working immediately.

    Raises Retry when the cluster does not answer, Stop when it refuses.
    """
    client = admin(settings, log_level=SILENT)
    answered(client.alter_user_scram_credentials([change.credential(settings, user)]))

    def in_force() -> None:
        if asyncio.run(logins.refused(settings, [user])):
            raise Retry("Kafka has not applied the new password yet.")

    with_retry(in_force, IN_FORCE_S)
