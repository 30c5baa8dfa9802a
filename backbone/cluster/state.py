"""What a cluster holds, or should hold, as plain values: so that the two can be compared without a broker."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from confluent_kafka.admin import AclBinding

Entity = tuple[tuple[str, str | None], ...]
"""Whom a quota is for, as (("user", NAME),). A name of None stands for everybody without a quota of their own."""
Quota = Mapping[str, float]
MECHANISM = "SCRAM-SHA-512"
"""The one way to log in; a credential for another one is a second, undeclared password."""


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic: its partitions, and the settings that were chosen for it (not those it has from the broker)."""

    partitions: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ClusterState:
    """Topics by name, the mechanisms each user has a password for, access rules, quotas."""

    topics: Mapping[str, TopicState] = field(default_factory=dict)
    users: Mapping[str, frozenset[str]] = field(default_factory=dict)
    access_rules: frozenset[AclBinding] = frozenset()
    quotas: Mapping[Entity, Quota] = field(default_factory=dict)
