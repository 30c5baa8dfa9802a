"""`kruispunt provision` shows what it will do, does it, writes it down, and has nothing to do afterwards."""

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from subprocess import CompletedProcess
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from backbone import provision
from backbone.cluster import logins, quotas
from backbone.cluster.answers import answered
from backbone.errors import Retry
from backbone.kafka import admin, client
from backbone.postgres import connect
from backbone.settings import Settings
from backbone.stack.postgres import SUPERUSER
from kruispunt.provisioning import provision as provisioning
from kruispunt.provisioning.cluster_blueprint import BLUEPRINT
from schemas.topics import changes
from tests.builders.processes import within

Run = Callable[..., CompletedProcess[str]]
PATIENCE_S = 20.0
MADE_UP = "a password somebody made up"
BY_HAND = [
    AclBinding(ResourceType.TOPIC, "declarations.wages", ResourcePatternType.LITERAL, "User:*", "*",
               AclOperation.READ, AclPermissionType.ALLOW),
    AclBinding(ResourceType.TOPIC, "deliveries.", ResourcePatternType.PREFIXED, "User:stranger", "*",
               AclOperation.READ, AclPermissionType.ALLOW),
    AclBinding(ResourceType.TOPIC, "deliveries.rva", ResourcePatternType.LITERAL, "User:rva", "192.0.2.1",
               AclOperation.READ, AclPermissionType.DENY),
    AclBinding(ResourceType.BROKER, "kafka-cluster", ResourcePatternType.LITERAL, "User:rjv", "*",
               AclOperation.ALTER, AclPermissionType.ALLOW),
]  # fmt: skip
STATEMENTS = (
    "grant exchange to rva", "alter role rjv createdb", "grant connect on database rva to rjv",
    "grant connect on database fpd to public",
)  # fmt: skip
QUOTA = (("user", "rva"),)


@pytest.fixture
def run(servers: Settings) -> Run:
    return partial(within, servers.home)


@pytest.fixture(autouse=True)
def put_right(servers: Settings) -> Iterator[None]:
    """Whatever a test leaves, the next one finds it as declared."""
    yield
    provisioning.bring(servers)


def set_quota(settings: Settings, *amounts: quotas.QuotaChange) -> None:
    async def change() -> None:
        async with logins.administrator(settings) as connection:
            await quotas.alter(connection, list(amounts))

    asyncio.run(change())


def scram(user: str, mechanism: ScramMechanism = ScramMechanism.SCRAM_SHA_512) -> UserScramCredentialUpsertion:
    return UserScramCredentialUpsertion(user, ScramCredentialInfo(mechanism, 8192), MADE_UP.encode())


def meddle(settings: Settings) -> None:
    """All that somebody with the administrators' passwords can do by hand."""
    broker = admin(settings)
    answered(broker.create_acls(BY_HAND))
    answered(broker.alter_user_scram_credentials([scram("stranger"), scram("rjv")]))
    answered(broker.alter_user_scram_credentials([scram("rva", ScramMechanism.SCRAM_SHA_256)]))
    entry = ConfigEntry("retention.ms", "1", incremental_operation=AlterConfigOpType.SET)
    answered(broker.incremental_alter_configs(
        [ConfigResource(ConfigResource.Type.TOPIC, "notices.status", incremental_configs=[entry])]
    ))  # fmt: skip
    set_quota(
        settings,
        (QUOTA, {"consumer_byte_rate": 1e9, "request_percentage": None}),
        ((("user", None),), {"producer_byte_rate": 1e6}),
        ((("client-id", "mine"), ("user", "rva")), {"producer_byte_rate": 1e6}),
    )
    with connect(settings, SUPERUSER, "postgres", autocommit=True) as connection:
        for statement in STATEMENTS:
            connection.execute(statement.encode())
    with connect(settings, SUPERUSER, "kruispunt", autocommit=True) as connection:
        connection.execute("grant execute on function pg_advisory_lock(bigint) to inspector")
        connection.execute("update directory.alarm_limit set integrations = 2147483647")


def acts(settings: Settings) -> list[dict[str, Any]]:
    with connect(settings, "owner") as connection:
        return [json.loads(line) for (line,) in connection.execute("select line from audit.act order by number")]


def test_where_provisioning_has_been_there_is_nothing_to_do(run: Run) -> None:
    answer = run("provision", "--dry-run")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "nothing to do" in answer.stdout
    answer = run("provision", "--dry-run", "--json")
    found = json.loads(answer.stdout)
    assert (answer.returncode, found["to_do"]) == (0, 0)
    assert {line["change"] for line in found["lines"]} == {"keep"}
    assert {line["kind"] for line in found["lines"]} == {"role", "database", "topic", "user", "right", "quota"}


def test_what_was_changed_by_hand_is_shown_then_taken_away_and_written_down(servers: Settings, run: Run) -> None:
    meddle(servers)
    before = provision.look(servers, BLUEPRINT)
    planned = run("provision", "--dry-run", "--json")
    assert planned.returncode == 1
    lines = json.loads(planned.stdout)["lines"]
    to_do = {(line["change"], line["kind"], line["what"].split(":")[0]) for line in lines if line["change"] != "keep"}
    assert to_do == {
        ("remove", "role", "rva may act as exchange"),
        ("remove", "role", "rjv is createdb"),
        ("remove", "database", "rjv may enter rva"),
        ("remove", "database", "public may enter fpd"),
        ("remove", "database", "inspector may take any lock in kruispunt"),
        ("change", "limit", "integrations in an hour before an alarm"),
        ("change", "topic", "notices.status"),
        ("change", "user", "rjv"),
        ("remove", "user", "stranger, by SCRAM-SHA-512"),
        ("remove", "user", "rva, by SCRAM-SHA-256"),
        ("remove", "right", "User"),
        ("change", "quota", "user rva"),
        ("remove", "quota", "user everybody else"),
        ("remove", "quota", "client-id mine and user rva"),
    }
    assert sum(line["kind"] == "right" and line["change"] == "remove" for line in lines) == len(BY_HAND)
    # Looking has changed nothing.
    assert provision.look(servers, BLUEPRINT) == before

    known = len(acts(servers))
    done = run("provision")
    assert done.returncode == 0, done.stderr
    again = run("provision", "--dry-run", "--json")
    assert (again.returncode, json.loads(again.stdout)["to_do"]) == (0, 0)
    written = acts(servers)[known:]
    assert [(act["action"], act["about"], act["by"]) for act in written] == [
        ("provisioned", "PostgreSQL", "owner"), ("provisioned", "directory", "owner"),
        ("provisioned", "Kafka", "owner"),
    ]  # fmt: skip
    assert "rva may act as exchange" in written[0]["detail"]["removed"]
    assert "User:* may read topic declarations.wages" in written[2]["detail"]["removed"]
    said = json.dumps(written) + planned.stdout + done.stdout
    passwords = [path.read_text() for path in servers.secrets_folder.glob("*/*")]
    assert not [password for password in [*passwords, MADE_UP] if password in said]


def test_what_is_missing_comes_back(servers: Settings) -> None:
    broker = admin(servers)
    answered(broker.delete_topics(["notices.status"]))
    with connect(servers, SUPERUSER, "postgres", autocommit=True) as connection:
        connection.execute("revoke connect on database kruispunt from audit")
    lost = {(line.change, line.kind, line.what.split(",")[0]) for line in provisioning.look(servers) if line.to_do}
    assert lost == {("add", "topic", "notices.status"), ("add", "database", "kruispunt")}
    provisioning.bring(servers)
    assert [line for line in provisioning.look(servers) if line.to_do] == []


def test_a_topic_nobody_declared_is_told_and_kept(servers: Settings, run: Run) -> None:
    broker = admin(servers)
    answered(broker.create_topics([NewTopic("somebodys.records", 1)]))
    try:
        answer = run("provision")
        assert answer.returncode == 0
        assert "somebodys.records, which nobody declared" in " ".join(answer.stdout.split())
        assert "somebodys.records" in broker.list_topics(timeout=PATIENCE_S).topics
    finally:
        answered(broker.delete_topics(["somebodys.records"]))


def test_two_who_provision_at_once_do_no_harm(servers: Settings) -> None:
    meddle(servers)
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(provisioning.bring, servers) for _ in range(2)]:
            done.result()
    found = provisioning.look(servers)
    assert found
    assert [line for line in found if line.to_do] == []


def test_a_right_is_gone_when_the_command_returns(servers: Settings) -> None:
    taken = provision.apply_access_rules(servers, "fin", BLUEPRINT, entitled=())
    assert {line.change for line in taken} == {"remove"}
    reader = Consumer(client(servers, "fin") | {"group.id": "fin.gone"})
    try:
        assert set(reader.list_topics(timeout=PATIENCE_S).topics) == {changes("fin"), f"{changes('fin')}.answers"}
    finally:
        reader.close()


def test_nothing_is_changed_that_was_not_written_down_first(servers: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise Retry("a broker that just went away")

    answered_by = admin(servers)
    answered(answered_by.create_acls(BY_HAND[:1]))
    known = len(acts(servers))
    monkeypatch.setattr("backbone.cluster.change.carry_out", broken)
    with pytest.raises(Retry, match="just went away"):
        provisioning.bring(servers)
    (act,) = acts(servers)[known:]
    assert act["detail"] == {"removed": ["User:* may read topic declarations.wages"]}


def throughput(settings: Settings, topic: str) -> float:
    """Bytes a second at which rva reads a topic of 3 MB."""
    reader = Consumer(client(settings, "rva") | {"group.id": "rva.quota", "fetch.message.max.bytes": 100_000})
    read, began = 0, time.monotonic()
    try:
        reader.assign([TopicPartition(topic, 0, 0)])
        while read < 3_000_000 and time.monotonic() < began + PATIENCE_S:
            for message in reader.consume(100, 0.2):
                assert message.error() is None
                read += len(message.value() or b"")
    finally:
        reader.close()
    return read / (time.monotonic() - began)


def test_a_quota_holds_a_reader_back_and_one_changed_by_hand_is_seen(servers: Settings) -> None:
    topic = "dossiers.rva.answers"
    writer = Producer(client(servers, "relay") | {"compression.type": "none"})
    for _ in range(3_000):
        writer.produce(topic, os.urandom(1_000))
        writer.poll(0)
    assert writer.flush(PATIENCE_S) == 0
    try:
        free = throughput(servers, topic)
        set_quota(servers, (QUOTA, {"consumer_byte_rate": 200_000.0}))
        (line,) = [line for line in provision.look(servers, BLUEPRINT) if line.to_do]
        assert line.what.startswith("user rva: consumer_byte_rate 200,000")
        held = throughput(servers, topic)
        assert held < 400_000 < free
        provisioning.bring(servers)
        assert throughput(servers, topic) > 400_000
    finally:
        # Nobody else is to find these.
        broker = admin(servers)
        answered(broker.delete_records([TopicPartition(topic, 0, -1)]))
