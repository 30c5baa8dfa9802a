"""Looks at a cluster as its administrator: what it holds now."""

from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    ResourcePatternType,
    ResourceType,
)

from backbone.cluster.answers import TIMEOUT_S, answer
from backbone.cluster.state import TopicState
from backbone.errors import Retry

INTERNAL = "__"
"""Kafka's own topics begin so."""
ANYTHING: Any = None


def topics(client: AdminClient) -> dict[str, TopicState]:
    """Every topic but Kafka's own."""
    try:
        found = client.list_topics(timeout=TIMEOUT_S).topics
    except KafkaException as error:
        raise Retry(str(error)) from error
    counts = {name: len(topic.partitions) for name, topic in found.items() if not name.startswith(INTERNAL)}
    if not counts:
        return {}
    asked = client.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, name) for name in counts])
    chosen = {resource.name: _chosen(answer(resource.name, future)) for resource, future in asked.items()}
    return {name: TopicState(number, chosen[name]) for name, number in counts.items()}


def _chosen(entries: dict[str, ConfigEntry]) -> dict[str, str]:
    own = ConfigSource.DYNAMIC_TOPIC_CONFIG
    return {name: str(entry.value) for name, entry in entries.items() if ConfigSource(entry.source) is own}


def users(client: AdminClient) -> dict[str, frozenset[str]]:
    """The mechanisms each user has a password for."""
    found = answer("a look at its users", client.describe_user_scram_credentials())  # type: ignore[arg-type]
    return {
        name: frozenset(info.mechanism.name.replace("_", "-") for info in described.scram_credential_infos)
        for name, described in found.items()
    }


def access_rules(client: AdminClient, principal: str = ANYTHING) -> frozenset[AclBinding]:
    """Every access rule that the broker applies now, or those for one principal."""
    wanted = AclBindingFilter(
        ResourceType.ANY, ANYTHING, ResourcePatternType.ANY, principal, ANYTHING, AclOperation.ANY,
        AclPermissionType.ANY,
    )  # fmt: skip
    return frozenset(answer("a look at its rights", client.describe_acls(wanted)))
