"""Brings a Kafka cluster to what `schemas/topics.py` declares: topics, users, and exactly the access that follows."""

import hashlib
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from backbone.errors import Retry, Stop
from backbone.kafka import admin
from backbone.process import with_retry
from backbone.settings import Settings
from schemas.institutions import INSTITUTIONS
from schemas.topics import TOPICS, Topic

ITERATIONS = 8192
HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS
TIMEOUT_S = 30.0
LARGEST_MESSAGE = 8 * 1024 * 1024
"""A bundle of a few hundred persons, or a dead letter whole, with room to spare."""
TRANSACTIONAL = ("relay", "exchange", "replay")
"""These write in transactions whose names begin with their own."""
INSPECTOR = "inspector"
"""Counts, and so sees how far every group is."""
CLUSTER = "kafka-cluster"


def users(topics: Iterable[Topic] = TOPICS) -> list[str]:
    """Everybody who reads or writes a topic."""
    return sorted({user for topic in topics for user in (*topic.writers, *topic.readers)})


def _allow(user: str, kind: Any, name: str, pattern: Any, *operations: Any) -> list[AclBinding]:
    return [
        AclBinding(kind, name, pattern, f"User:{user}", "*", operation, AclPermissionType.ALLOW)
        for operation in operations
    ]


def access(topics: Iterable[Topic] = TOPICS) -> set[AclBinding]:
    """Every rule that lets a user do something; what is not here is refused by the broker."""
    read, write, see = AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE
    exactly, beginning = ResourcePatternType.LITERAL, ResourcePatternType.PREFIXED
    rules: list[AclBinding] = []
    for topic in topics:
        for user in topic.readers:
            rules += _allow(user, ResourceType.TOPIC, topic.name, exactly, read, see)
        for user in topic.writers:
            rules += _allow(user, ResourceType.TOPIC, topic.name, exactly, write, see)
    for user in users(topics):
        rules += _allow(user, ResourceType.GROUP, f"{user}.", beginning, read)
        if user not in INSTITUTIONS:
            rules += _allow(user, ResourceType.GROUP, user, exactly, read)
    for user in TRANSACTIONAL:
        rules += _allow(user, ResourceType.TRANSACTIONAL_ID, user, beginning, write, see)
    rules += _allow("replay", ResourceType.GROUP, "exchange", exactly, see)
    rules += _allow(INSPECTOR, ResourceType.GROUP, "*", exactly, see)
    rules += _allow(INSPECTOR, ResourceType.BROKER, CLUSTER, exactly, see)
    return set(rules)


def _done(answers: dict[Any, Future[Any]], *fine: int) -> None:
    """Wait for all answers; `fine` are the error codes that mean it was so already."""
    for thing, answer in answers.items():
        try:
            answer.result(TIMEOUT_S)
        except KafkaException as error:
            reason: KafkaError = error.args[0]
            if reason.code() in fine:
                continue
            if reason.retriable():
                raise Retry(str(reason)) from error
            raise Stop(f"Kafka refuses {thing}: {reason.str()}.", "Is `admin` a super user there?") from error
        except TimeoutError as error:
            raise Retry("Kafka does not answer its administrator.") from error


def _make_topics(client: AdminClient, settings: Settings, topics: Iterable[Topic]) -> None:
    wanted = [
        NewTopic(
            topic.name,
            num_partitions=topic.partitions(settings.partitions),
            config={
                "cleanup.policy": topic.cleanup,
                "retention.ms": str(topic.retention_days * DAY_MS if topic.cleanup == "delete" else -1),
                "max.message.bytes": str(LARGEST_MESSAGE),
                # Only a closed segment is compacted: whoever reads the topic from its beginning reads an hour of it.
                **({"segment.ms": str(HOUR_MS)} if topic.cleanup == "compact" else {}),
            },
        )
        for topic in topics
    ]
    try:
        present = client.list_topics(timeout=TIMEOUT_S).topics
    except KafkaException as error:
        raise Retry(str(error)) from error
    missing = [topic for topic in wanted if topic.topic not in present]
    if missing:
        _done(client.create_topics(missing), KafkaError.TOPIC_ALREADY_EXISTS)


def _make_users(client: AdminClient, settings: Settings, names: Iterable[str]) -> None:
    """Give each user the password in its file.

    The salt follows from the password, so that doing it again writes the same credential and disturbs nobody.
    """
    changes: list[UserScramCredentialAlteration] = []
    for name in names:
        password = settings.secret("kafka", name).encode()
        salt = hashlib.sha256(b"scram salt\0" + name.encode() + b"\0" + password).digest()
        information = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
        changes.append(UserScramCredentialUpsertion(name, information, password, salt))
    _done(client.alter_user_scram_credentials(changes))


def _present(client: AdminClient) -> set[AclBinding]:
    """Every rule the broker goes by now."""
    anything: Any = None
    everything = AclBindingFilter(
        ResourceType.ANY, anything, ResourcePatternType.ANY, anything, anything, AclOperation.ANY, AclPermissionType.ANY
    )
    try:
        return set(client.describe_acls(everything).result(TIMEOUT_S))
    except KafkaException as error:
        raise Retry(str(error)) from error


def _bring_access(client: AdminClient, wanted: set[AclBinding], names: Iterable[str]) -> None:
    """Add the rules that are missing, take away what these users have beyond them, and wait until they are in force."""
    present = _present(client)
    ours = {f"User:{name}" for name in names}
    surplus = [rule for rule in present - wanted if rule.principal in ours]
    if surplus:
        _done(client.delete_acls([_filter(rule) for rule in surplus]))
    missing = sorted(wanted - present)
    if missing:
        _done(client.create_acls(missing))
        with_retry(lambda: _in_force(client, wanted), TIMEOUT_S)


def _in_force(client: AdminClient, wanted: set[AclBinding]) -> None:
    """The controller has written them down; the broker that asks them of everybody may be a moment behind."""
    if not wanted <= _present(client):
        raise Retry("The broker does not go by its new access rules yet.")


def _filter(rule: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        rule.restype, rule.name, rule.resource_pattern_type, rule.principal, rule.host, rule.operation,
        rule.permission_type,
    )  # fmt: skip


def apply(settings: Settings, topics: tuple[Topic, ...] = TOPICS) -> None:
    """Do all of it; again = no change. The passwords are there already.

    Raises Retry when the cluster does not answer, Stop when it refuses.
    """
    client = admin(settings)
    names = users(topics)
    _make_users(client, settings, names)
    _make_topics(client, settings, topics)
    _bring_access(client, access(topics), names)
