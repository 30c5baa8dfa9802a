"""What a cluster should hold, from the topics and from who is entitled: topics, users, rights, quotas; nothing else."""

from collections.abc import Collection, Iterable
from typing import Any

from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from backbone.cluster.state import MECHANISM, Entity, Quota, State, TopicState
from schemas.institutions import INSTITUTIONS
from schemas.topics import TOPICS, Topic, delivery

ADMIN = "admin"
SUPER_USERS = (ADMIN, "broker")
"""Whoever administers the cluster, and the brokers themselves: they are above the rights, and nobody's process. Brokers
come with certificates; only the administrator has a password."""
HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS
TRANSACTIONAL = ("relay", "exchange", "replay")
"""These write in transactions whose names begin with their own."""
INSPECTOR = "inspector"
"""Counts, and so sees how far every group is."""
CLUSTER = "kafka-cluster"
MIB = 1024 * 1024
INSTITUTION_QUOTA: Quota = {
    # About 150,000 copies a second: more than the exchange makes, so that nobody who catches up is held up, while
    # three who read from the beginning at once leave a broker most of a gigabit line.
    "consumer_byte_rate": 32.0 * MIB,
    # Dossiers only: ten times as much as is taken in of an institution for long, unpacked, so that nobody honest waits
    # for it. What waits lies on the institution's topic: 90 GB a day at most.
    "producer_byte_rate": 1.0 * MIB,
    # Percent of one thread of a broker, which has six here and more in a deployment: a client that asks in a mad loop,
    # or logs in and out, cannot take the broker from the others.
    "request_percentage": 100.0,
}
"""What one institution may use of each broker, however many clients it runs. Our own processes have none: they are
ours to mend, and a backbone that throttles itself only falls behind."""


def users(topics: Iterable[Topic] = TOPICS) -> list[str]:
    """Everybody who reads or writes a topic."""
    return sorted({user for topic in topics for user in (*topic.writers, *topic.readers)})


def _allow(user: str, kind: Any, name: str, pattern: Any, *operations: Any) -> list[AclBinding]:
    return [
        AclBinding(kind, name, pattern, f"User:{user}", "*", operation, AclPermissionType.ALLOW)
        for operation in operations
    ]


def access(topics: Iterable[Topic] = TOPICS, entitled: Collection[str] = INSTITUTIONS.keys()) -> set[AclBinding]:
    """Every rule that lets a user do something; what is not here is refused by the broker.

    An institution that is not among the `entitled` neither reads its deliveries nor uses a group. It still says whom it
    has on file, and reads the answers: it must be able to end its dossiers.
    """
    read, write, see = AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE
    exactly, beginning = ResourcePatternType.LITERAL, ResourcePatternType.PREFIXED
    rules: list[AclBinding] = []
    shut = INSTITUTIONS.keys() - set(entitled)
    for topic in topics:
        for user in topic.readers:
            if not (user in shut and topic.name == delivery(user)):
                rules += _allow(user, ResourceType.TOPIC, topic.name, exactly, read, see)
        for user in topic.writers:
            rules += _allow(user, ResourceType.TOPIC, topic.name, exactly, write, see)
    for user in users(topics):
        if user not in shut:
            rules += _allow(user, ResourceType.GROUP, f"{user}.", beginning, read)
        if user not in INSTITUTIONS:
            rules += _allow(user, ResourceType.GROUP, user, exactly, read)
    for user in TRANSACTIONAL:
        rules += _allow(user, ResourceType.TRANSACTIONAL_ID, user, beginning, write, see)
    rules += _allow("replay", ResourceType.GROUP, "exchange", exactly, see)
    rules += _allow(INSPECTOR, ResourceType.GROUP, "*", exactly, see)
    rules += _allow(INSPECTOR, ResourceType.BROKER, CLUSTER, exactly, see)
    return set(rules)


def _topic(topic: Topic, person_partitions: int) -> TopicState:
    config = {
        "cleanup.policy": topic.cleanup,
        "retention.ms": str(topic.retention_days * DAY_MS if topic.cleanup == "delete" else -1),
        "max.message.bytes": str(topic.largest),
    }
    if topic.cleanup == "compact":
        # Only a closed segment is compacted: whoever reads the topic from its beginning reads an hour of it.
        config["segment.ms"] = str(HOUR_MS)
    return TopicState(topic.partitions(person_partitions), config)


def quotas(topics: Iterable[Topic] = TOPICS) -> dict[Entity, Quota]:
    """The quota of each institution that has anything to do with these topics."""
    return {(("user", user),): INSTITUTION_QUOTA for user in users(topics) if user in INSTITUTIONS}


def declared(
    person_partitions: int, topics: tuple[Topic, ...] = TOPICS, entitled: Collection[str] = INSTITUTIONS.keys()
) -> State:
    """All of it."""
    return State(
        topics={topic.name: _topic(topic, person_partitions) for topic in topics},
        users={user: frozenset({MECHANISM}) for user in users(topics)},
        rights=frozenset(access(topics, entitled)),
        quotas=quotas(topics),
    )
