"""What a cluster should hold by its blueprint and by who is entitled: topics, users, access rules, quotas."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from backbone.cluster.state import MECHANISM, ClusterState, Entity, Quota, TopicState
from schemas.topics import Topic

ADMIN = "admin"
SUPER_USERS = (ADMIN, "broker")
"""The administrator of the cluster and the brokers themselves: no rule applies to them, and no process runs as one of
them. Brokers come with certificates; only the administrator has a password."""
HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS
CLUSTER = "kafka-cluster"


@dataclass(frozen=True)
class Blueprint:
    """What a cluster is for.

    A tenant is a user from outside. It shares the brokers within a quota, and uses only groups whose names begin with
    its own.
    """

    topics: tuple[Topic, ...]
    tenants: Mapping[str, str]
    """Each tenant with the topic that it reads only while it is entitled."""
    tenant_quota: Quota
    transactional: tuple[str, ...] = ()
    """Users that write in transactions whose names begin with their own."""
    watchers: tuple[tuple[str, str], ...] = ()
    """Users, each with a group whose offsets it may see."""
    inspectors: tuple[str, ...] = ()
    """Users that may see the offsets of every group, and describe the cluster."""

    @property
    def users(self) -> list[str]:
        """Everybody who reads or writes a topic; exact strings, as Kafka's client takes no others."""
        return sorted({str(user) for topic in self.topics for user in (*topic.writers, *topic.readers)})


def _allow(user: str, kind: Any, name: str, pattern: Any, *operations: Any) -> list[AclBinding]:
    return [
        AclBinding(kind, str(name), pattern, f"User:{user}", "*", operation, AclPermissionType.ALLOW)
        for operation in operations
    ]


def access(blueprint: Blueprint, entitled: Collection[str] | None = None) -> set[AclBinding]:
    """Every access rule; the broker refuses everything else.

    A tenant that is not among the `entitled` neither reads its own topic nor uses a group; it keeps its other rules.
    None: all tenants are entitled.
    """
    read, write, see = AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE
    exactly, beginning = ResourcePatternType.LITERAL, ResourcePatternType.PREFIXED
    rules: list[AclBinding] = []
    excluded = set() if entitled is None else blueprint.tenants.keys() - set(entitled)
    for topic in blueprint.topics:
        for user in topic.readers:
            if not (user in excluded and topic.name == blueprint.tenants[user]):
                rules += _allow(user, ResourceType.TOPIC, topic.name, exactly, read, see)
        for user in topic.writers:
            rules += _allow(user, ResourceType.TOPIC, topic.name, exactly, write, see)
    for user in blueprint.users:
        if user not in excluded:
            rules += _allow(user, ResourceType.GROUP, f"{user}.", beginning, read)
        if user not in blueprint.tenants:
            rules += _allow(user, ResourceType.GROUP, user, exactly, read)
    for user in blueprint.transactional:
        rules += _allow(user, ResourceType.TRANSACTIONAL_ID, user, beginning, write, see)
    for user, group in blueprint.watchers:
        rules += _allow(user, ResourceType.GROUP, group, exactly, see)
    for user in blueprint.inspectors:
        rules += _allow(user, ResourceType.GROUP, "*", exactly, see)
        rules += _allow(user, ResourceType.BROKER, CLUSTER, exactly, see)
    return set(rules)


def _topic(topic: Topic, person_partitions: int) -> TopicState:
    config = {
        "cleanup.policy": topic.cleanup,
        "retention.ms": str(topic.retention_days * DAY_MS if topic.cleanup == "delete" else -1),
        "max.message.bytes": str(topic.largest),
    }
    if topic.cleanup == "compact":
        # Only a closed segment is compacted: reading the topic from its beginning means reading an hour of it.
        config["segment.ms"] = str(HOUR_MS)
    return TopicState(topic.partitions(person_partitions), config)


def quotas(blueprint: Blueprint) -> dict[Entity, Quota]:
    """The quota of each tenant that reads or writes one of the topics."""
    return {(("user", user),): blueprint.tenant_quota for user in blueprint.users if user in blueprint.tenants}


def declared(person_partitions: int, blueprint: Blueprint, entitled: Collection[str] | None = None) -> ClusterState:
    """All of it."""
    return ClusterState(
        topics={topic.name: _topic(topic, person_partitions) for topic in blueprint.topics},
        users={user: frozenset({MECHANISM}) for user in blueprint.users},
        access_rules=frozenset(access(blueprint, entitled)),
        quotas=quotas(blueprint),
    )
