"""Carries a plan out: first what is needed, then what is no longer justified, each step safe to do again."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaError
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from backbone.cluster import logins, quotas
from backbone.cluster.answers import answered
from backbone.cluster.plan import PlanLine
from backbone.errors import Stop
from backbone.settings import Settings

ITERATIONS = 8192
SHORTEST_PASSWORD = 20
"""An empty file, or a word that was made up, never becomes a password."""


def _of(lines: Iterable[PlanLine], kind: str, *changes: str) -> list[Any]:
    return [line.thing for line in lines if line.kind == kind and line.change in changes]


def credential(settings: Settings, user: str) -> UserScramCredentialAlteration:
    """The password in the user's file, hashed with a new salt.

    Raises Stop when there is none worth the name.
    """
    password = settings.secret("kafka", user)
    if len(password) < SHORTEST_PASSWORD:
        raise Stop(
            f"The password of {user} has fewer than {SHORTEST_PASSWORD} characters.",
            f"Put a random one into {settings.secrets_folder / 'kafka' / user}.",
        )
    information = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
    return UserScramCredentialUpsertion(user, information, password.encode())


def _config(name: str, values: Mapping[str, str]) -> ConfigResource:
    entries = [
        ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in sorted(values.items())
    ]
    return ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=entries)


def _filter(rule: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        rule.restype, rule.name, rule.resource_pattern_type, rule.principal, rule.host, rule.operation,
        rule.permission_type,
    )  # fmt: skip


def carry_out(settings: Settings, client: AdminClient, lines: Iterable[PlanLine]) -> None:
    """Do what the lines say; that it is in force is for the caller to look at.

    Raises Retry when the cluster does not answer, Stop when it refuses.
    """
    todo = [line for line in lines if line.to_do]
    # 1. Access rules that are no longer justified are removed first.
    if gone := _of(todo, "right", "remove"):
        answered(client.delete_acls([_filter(rule) for rule in gone]))
    # 2. Topics and users, which access rules are about.
    if made := _of(todo, "topic", "add"):
        new = [NewTopic(name, num_partitions=state.partitions, config=dict(state.config)) for name, state in made]
        answered(client.create_topics(new), KafkaError.TOPIC_ALREADY_EXISTS)
    if wrong := _of(todo, "topic", "change"):
        answered(client.incremental_alter_configs([_config(name, values) for name, values in wrong]))
    if named := _of(todo, "user", "add", "change"):
        answered(client.alter_user_scram_credentials([credential(settings, user) for user in named]))
    # 3. Access rules and quotas.
    if given := _of(todo, "right", "add"):
        answered(client.create_acls(given))
    if amounts := _of(todo, "quota", "add", "change", "remove"):
        asyncio.run(_set(settings, amounts))
    # 4. Undeclared users.
    if strangers := _of(todo, "user", "remove"):
        deletions: list[UserScramCredentialAlteration] = [
            UserScramCredentialDeletion(user, ScramMechanism[mechanism.replace("-", "_")])
            for user, mechanism in strangers
        ]
        answered(client.alter_user_scram_credentials(deletions), KafkaError.RESOURCE_NOT_FOUND)


async def _set(settings: Settings, changes: list[quotas.QuotaChange]) -> None:
    async with logins.administrator(settings) as connection:
        await quotas.alter(connection, changes)
