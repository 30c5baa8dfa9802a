"""Access follows from the topics and from nothing else."""

import pytest
from confluent_kafka.admin import AclOperation, ResourcePatternType, ResourceType

from backbone import provision
from backbone.stack import roles
from kruispunt.provisioning.cluster_blueprint import BLUEPRINT
from kruispunt.provisioning.databases import DATABASES
from schemas.institutions import INSTITUTIONS
from schemas.topics import TOPICS, answers, changes, delivery


def granted(user: str) -> set[tuple[object, ...]]:
    return {
        (rule.restype, rule.name, rule.resource_pattern_type, rule.operation)
        for rule in provision.access(BLUEPRINT)
        if rule.principal == f"User:{user}"
    }


@pytest.mark.parametrize("institution", INSTITUTIONS)
def test_an_institution_reads_in_groups_of_its_name_and_writes_only_whom_it_has_on_file(institution: str) -> None:
    reads = {delivery(institution), answers(institution)}
    exactly, topic = ResourcePatternType.LITERAL, ResourceType.TOPIC
    assert granted(institution) == {
        *((topic, name, exactly, AclOperation.READ) for name in reads),
        *((topic, name, exactly, AclOperation.DESCRIBE) for name in (*reads, changes(institution))),
        (topic, changes(institution), exactly, AclOperation.WRITE),
        (ResourceType.GROUP, f"{institution}.", ResourcePatternType.PREFIXED, AclOperation.READ),
    }


def test_nobody_may_write_a_topic_but_its_writers() -> None:
    writers = {
        (rule.name, rule.principal.removeprefix("User:"))
        for rule in provision.access(BLUEPRINT)
        if rule.restype == ResourceType.TOPIC and rule.operation == AclOperation.WRITE
    }
    assert writers == {(topic.name, user) for topic in TOPICS for user in topic.writers}


def test_no_rule_names_everybody_or_everything_that_can_be_read() -> None:
    rules = list(provision.access(BLUEPRINT))
    assert rules
    for rule in rules:
        assert rule.principal != "User:*"
        assert rule.name != "*" or rule.operation == AclOperation.DESCRIBE


def test_no_institution_may_connect_to_a_database_but_its_own() -> None:
    assert INSTITUTIONS.keys() & DATABASES.keys()
    for name, database in DATABASES.items():
        assert not {database.owner, *database.users} & (INSTITUTIONS.keys() - {name})


def test_a_stored_password_is_recognised_and_no_other() -> None:
    verifier = roles._verifier("a password", b"sixteen bytes...")
    assert roles._holds(verifier, "a password")
    assert not roles._holds(verifier, "another")
    assert not roles._holds(None, "a password")
    assert not roles._holds("md5d41d8cd98f00b204e9800998ecf8427e", "a password")
    assert "a password" not in verifier
