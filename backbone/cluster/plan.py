"""Says what must be added, changed and removed so that a cluster becomes what it should be.

Pure: two states in, lines out.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from backbone.cluster.declared import ADMIN, SUPER_USERS
from backbone.cluster.state import MECHANISM, ClusterState, Entity, Quota, TopicState

PlannedChange = Literal["add", "change", "remove", "keep"]
OPERATIONS: Mapping[Any, str] = {operation: operation.name.lower().replace("_", " ") for operation in AclOperation}
KINDS: Mapping[Any, str] = {
    ResourceType.TOPIC: "topic",
    ResourceType.GROUP: "group",
    ResourceType.BROKER: "cluster",
    ResourceType.TRANSACTIONAL_ID: "transactions",
}


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One thing and what becomes of it; `thing` is what to act on. Holds no secret."""

    change: PlannedChange
    kind: str
    what: str
    thing: Any = field(default=None, compare=False, repr=False)
    odd: bool = False
    """Kept, though it is not as declared."""

    @property
    def to_do(self) -> bool:
        """Whether carrying it out changes anything."""
        return self.change != "keep"


def describe(rule: AclBinding) -> str:
    """An access rule in words: User:NAME may read topic NAME."""
    may = "may" if rule.permission_type == AclPermissionType.ALLOW else "may never"
    kind = KINDS.get(rule.restype, "something unknown,")
    beyond = "…" if rule.resource_pattern_type == ResourcePatternType.PREFIXED else ""
    where = "" if rule.host == "*" else f" from {rule.host}"
    return f"{rule.principal} {may} {OPERATIONS[rule.operation]} {kind} {rule.name}{beyond}{where}"


def _names(wanted: Collection[Any], present: Collection[Any]) -> Iterator[tuple[Any, bool, bool]]:
    for name in sorted({*wanted, *present}, key=str):
        yield name, name in wanted, name in present


def _topics(wanted: ClusterState, present: ClusterState) -> Iterator[PlanLine]:
    for name, is_wanted, is_present in _names(wanted.topics, present.topics):
        if not is_wanted:
            yield PlanLine("keep", "topic", f"{name}, which nobody declared: its records may be somebody's", odd=True)
            continue
        state = wanted.topics[name]
        if not is_present:
            yield PlanLine("add", "topic", name, (name, state))
        else:
            yield _topic(name, state, present.topics[name])


def _topic(name: str, wanted: TopicState, present: TopicState) -> PlanLine:
    wrong = {key: value for key, value in wanted.config.items() if present.config.get(key) != value}
    if wrong:
        said = ", ".join(f"{key} {present.config.get(key, 'unset')} -> {value}" for key, value in wrong.items())
        return PlanLine("change", "topic", f"{name}: {said}", (name, wrong))
    if wanted.partitions != present.partitions:
        # Another number would send a person's records elsewhere, in another order.
        said = f"{name} with {present.partitions} partitions, though {wanted.partitions} are declared"
        return PlanLine("keep", "topic", f"{said}: that never changes while it holds records", odd=True)
    return PlanLine("keep", "topic", name)


def _users(wanted: ClusterState, present: ClusterState, refused: Collection[str]) -> Iterator[PlanLine]:
    for user, is_wanted, is_present in _names(wanted.users, present.users):
        if user == ADMIN:
            continue
        has = present.users.get(user, frozenset())
        if is_wanted and MECHANISM not in has:
            yield PlanLine("add", "user", user, user)
        elif is_wanted and user in refused:
            yield PlanLine("change", "user", f"{user}: the password is not the one in its file", user)
        elif is_wanted and is_present:
            yield PlanLine("keep", "user", user)
        for mechanism in sorted(has - wanted.users.get(user, frozenset())):
            yield PlanLine("remove", "user", f"{user}, by {mechanism}", (user, mechanism))


def access_rules(wanted: Iterable[AclBinding], present: Iterable[AclBinding]) -> Iterator[PlanLine]:
    """What becomes of each access rule: undeclared ones are removed, for every principal."""
    declared, there = set(wanted), set(present)
    for rule in sorted(declared | there, key=describe):
        if rule in declared:
            yield PlanLine("keep" if rule in there else "add", "right", describe(rule), rule)
        elif rule.principal.removeprefix("User:") not in SUPER_USERS:
            yield PlanLine("remove", "right", describe(rule), rule)


def _whom(entity: Entity) -> str:
    return " and ".join(f"{kind} {'everybody else' if name is None else name}" for kind, name in entity)


def _amounts(quota: Quota) -> str:
    return ", ".join(f"{name} {value:,.0f}" for name, value in sorted(quota.items()))


def _quotas(wanted: ClusterState, present: ClusterState) -> Iterator[PlanLine]:
    for entity, is_wanted, _ in _names(wanted.quotas, present.quotas):
        there, declared = present.quotas.get(entity, {}), wanted.quotas.get(entity, {})
        whom = _whom(entity)
        if not is_wanted:
            yield PlanLine("remove", "quota", f"{whom}: {_amounts(there)}", (entity, dict.fromkeys(there)))
        elif dict(there) == dict(declared):
            yield PlanLine("keep", "quota", f"{whom}: {_amounts(declared)}")
        else:
            change: PlannedChange = "change" if there else "add"
            said = f"{_amounts(there)} -> {_amounts(declared)}" if there else _amounts(declared)
            yield PlanLine(change, "quota", f"{whom}: {said}", (entity, {**dict.fromkeys(there), **declared}))


def compare(wanted: ClusterState, present: ClusterState, refused: Collection[str] = ()) -> list[PlanLine]:
    """Every thing and what becomes of it; `refused` are the users whose password in its file is not taken."""
    return [
        *_topics(wanted, present),
        *_users(wanted, present, refused),
        *access_rules(wanted.access_rules, present.access_rules),
        *_quotas(wanted, present),
    ]
