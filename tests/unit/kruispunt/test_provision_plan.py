"""A plan says what is added, changed and removed so that a cluster holds what is justified and nothing else."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from backbone.cluster.declared import access, declared
from backbone.cluster.plan import PlanLine, compare, describe
from backbone.cluster.state import MECHANISM, ClusterState, Entity, Quota, TopicState
from consumers.deliberations import load
from consumers.deliberations.store import StoredDeliberation, StoredRevision, not_kept
from kruispunt.provisioning.cluster_blueprint import BLUEPRINT, INSTITUTION_QUOTA
from schemas.institutions import INSTITUTIONS
from schemas.topics import answers, changes, delivery

WANTED = declared(4, BLUEPRINT)
LONG_AGO = datetime(2020, 1, 1)  # noqa: DTZ001 - the day is all that counts here
TODAY = date(2026, 11, 24)


def to_do(
    present: ClusterState, refused: tuple[str, ...] = (), wanted: ClusterState = WANTED
) -> list[tuple[str, str, str]]:
    return [(line.change, line.kind, line.what) for line in compare(wanted, present, refused) if line.to_do]


def rule(principal: str, operation: AclOperation = AclOperation.READ, **different: object) -> AclBinding:
    given: dict[str, object] = {
        "restype": ResourceType.TOPIC, "name": "findings", "resource_pattern_type": ResourcePatternType.LITERAL,
        "host": "*", "permission_type": AclPermissionType.ALLOW, **different,
    }  # fmt: skip
    return AclBinding(principal=principal, operation=operation, **given)  # type: ignore[arg-type]


def test_where_all_is_as_declared_there_is_nothing_to_do() -> None:
    assert to_do(WANTED) == []


def test_an_empty_cluster_gets_everything_and_loses_nothing() -> None:
    lines = compare(WANTED, ClusterState())
    assert {line.change for line in lines} == {"add"}
    expected = len(WANTED.topics) + len(WANTED.users) + len(WANTED.access_rules) + len(WANTED.quotas)
    assert len(lines) == expected


@pytest.mark.parametrize("principal", ["User:rva", "User:stranger", "User:*"])
@pytest.mark.parametrize("permission", [AclPermissionType.ALLOW, AclPermissionType.DENY])
def test_a_right_given_by_hand_goes_whoever_has_it_and_whichever_way_it_points(
    principal: str, permission: AclPermissionType
) -> None:
    stray = rule(principal, permission_type=permission)
    assert to_do(replace(WANTED, access_rules=WANTED.access_rules | {stray})) == [("remove", "right", describe(stray))]


def test_a_right_of_those_who_stand_above_the_rights_is_left_alone() -> None:
    assert to_do(replace(WANTED, access_rules=WANTED.access_rules | {rule("User:admin"), rule("User:broker")})) == []


def test_a_right_that_is_missing_comes_back() -> None:
    lost = next(one for one in WANTED.access_rules if one.principal == "User:relay")
    assert to_do(replace(WANTED, access_rules=WANTED.access_rules - {lost})) == [("add", "right", describe(lost))]


def test_a_right_reads_as_a_sentence() -> None:
    assert describe(rule("User:rva")) == "User:rva may read topic findings"
    no, prefixed = AclPermissionType.DENY, ResourcePatternType.PREFIXED
    shut = rule("User:x", AclOperation.ALTER, resource_pattern_type=prefixed, host="10.0.0.1", permission_type=no)
    assert describe(shut) == "User:x may never alter topic findings… from 10.0.0.1"


def test_a_user_nobody_declared_goes_and_the_administrator_stays() -> None:
    users = {**WANTED.users, "stranger": frozenset({MECHANISM}), "admin": frozenset({MECHANISM})}
    assert to_do(replace(WANTED, users=users)) == [("remove", "user", "stranger, by SCRAM-SHA-512")]


def test_the_password_that_brokers_once_had_goes() -> None:
    users = {**WANTED.users, "broker": frozenset({MECHANISM})}
    assert to_do(replace(WANTED, users=users)) == [("remove", "user", "broker, by SCRAM-SHA-512")]


def test_a_second_password_by_another_mechanism_goes() -> None:
    users = {**WANTED.users, "rva": frozenset({MECHANISM, "SCRAM-SHA-256"})}
    assert to_do(replace(WANTED, users=users)) == [("remove", "user", "rva, by SCRAM-SHA-256")]


def test_a_password_that_is_not_the_one_in_the_file_is_changed() -> None:
    assert to_do(WANTED, ("rva",)) == [("change", "user", "rva: the password is not the one in its file")]


def test_a_setting_changed_by_hand_is_set_back_and_one_nobody_declared_is_left() -> None:
    findings = WANTED.topics["findings"]
    other = TopicState(findings.partitions, {**findings.config, "retention.ms": "1", "flush.ms": "7"})
    assert to_do(replace(WANTED, topics={**WANTED.topics, "findings": other})) == [
        ("change", "topic", f"findings: retention.ms 1 -> {findings.config['retention.ms']}")
    ]


def test_no_topic_is_ever_removed_nor_its_partitions_changed_but_both_are_told() -> None:
    other = replace(WANTED.topics["findings"], partitions=9)
    present = replace(WANTED, topics={**WANTED.topics, "findings": other, "mine": TopicState(1, {})})
    assert to_do(present) == []
    odd = [line.what for line in compare(WANTED, present) if line.odd]
    assert [what.split()[0].strip(",") for what in odd] == ["findings", "mine"]


def test_a_quota_by_hand_goes_and_a_changed_one_is_set_back() -> None:
    mine: Entity = (("client-id", "mine"), ("user", "rva"))
    everybody: Entity = (("user", None),)
    rva: Entity = (("user", "rva"),)
    quotas: dict[Entity, Quota] = {
        **WANTED.quotas,
        mine: {"producer_byte_rate": 5.0},
        everybody: {"producer_byte_rate": 6.0},
    }
    quotas[rva] = {"consumer_byte_rate": 1.0, "controller_mutation_rate": 2.0}
    lines = [line for line in compare(WANTED, replace(WANTED, quotas=quotas)) if line.to_do]
    assert {(line.change, line.thing[0]) for line in lines} == {
        ("remove", mine), ("remove", everybody), ("change", rva),
    }  # fmt: skip
    (changed,) = (line for line in lines if line.change == "change")
    assert changed.thing[1] == {**INSTITUTION_QUOTA, "controller_mutation_rate": None}


def test_every_institution_has_a_quota_and_no_process_of_ours() -> None:
    assert set(WANTED.quotas) == {(("user", name),) for name in INSTITUTIONS}


@pytest.mark.parametrize("institution", INSTITUTIONS)
def test_without_a_deliberation_an_institution_neither_reads_deliveries_nor_joins_a_group(institution: str) -> None:
    everybody, without = access(BLUEPRINT), access(BLUEPRINT, INSTITUTIONS.keys() - {institution})
    lost = everybody - without
    assert without <= everybody
    assert {(one.principal, one.name) for one in lost} == {
        (f"User:{institution}", delivery(institution)), (f"User:{institution}", f"{institution}."),
    }  # fmt: skip
    kept = {one.name for one in without if one.principal == f"User:{institution}"}
    assert kept == {changes(institution), answers(institution)}


def test_names_are_exact_strings_for_the_client_takes_no_others() -> None:
    assert {type(rule.name) for rule in access(BLUEPRINT)} == {str}
    assert {type(user) for user in BLUEPRINT.users} == {str}


def test_a_line_shows_nothing_of_what_it_acts_on() -> None:
    assert "secret" not in repr(PlanLine("add", "user", "rva", "secret"))


def kept(*held: StoredDeliberation) -> StoredRevision:
    return StoredRevision(1, held)


def test_whoever_has_a_deliberation_that_is_neither_withdrawn_nor_over_is_entitled() -> None:
    (rva,) = (one for one in load() if one.id == "20/296@2")
    usable, withdrawn = StoredDeliberation(rva, LONG_AGO, None), StoredDeliberation(rva, LONG_AGO, LONG_AGO)
    ended = StoredDeliberation(rva.model_copy(update={"until": TODAY}), LONG_AGO, None)
    to_come = StoredDeliberation(rva.model_copy(update={"since": date(2090, 1, 1)}), LONG_AGO, None)
    assert kept(usable).entitled_on(TODAY) == {"rva"}
    assert kept(withdrawn).entitled_on(TODAY) == frozenset()
    assert kept(withdrawn, usable).entitled_on(TODAY) == {"rva"}
    assert kept(ended).entitled_on(TODAY) == {"rva"}
    assert kept(ended).entitled_on(date(2026, 11, 25)) == frozenset()
    assert kept(to_come).entitled_on(TODAY) == {"rva"}


def test_a_withdrawal_in_the_evening_of_utc_is_of_the_next_day_in_belgium() -> None:
    (rva,) = (one for one in load() if one.id == "20/296@2")
    gone = StoredDeliberation(
        rva.model_copy(update={"until": None}), LONG_AGO, datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
    )
    assert gone.could_be_used_on(date(2026, 7, 1))
    assert not gone.could_be_used_on(date(2026, 7, 2))
    assert gone.state_on(TODAY) == "withdrawn 2026-07-01"


def test_what_is_shipped_counts_before_it_is_kept_and_a_withdrawn_version_is_not_shipped_again() -> None:
    assert not_kept(StoredRevision(0, ())) == tuple(load())
    withdrawn = kept(*(StoredDeliberation(one, LONG_AGO, LONG_AGO) for one in load()))
    assert not_kept(withdrawn) == ()
    assert withdrawn.entitled_on(TODAY) == frozenset()
