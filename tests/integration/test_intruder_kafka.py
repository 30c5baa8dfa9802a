"""An institution that tries everything it has no right to is refused by the broker, and leaves no trace."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from backbone.kafka import admin, client, consumer
from backbone.settings import Settings
from backbone.stack import certificates
from backbone.stack.places import Places
from schemas.institutions import INSTITUTIONS
from schemas.topics import CHECKPOINTS, SCHEMAS, TOPICS, answers, changes, delivery

PATIENCE_S = 20.0
REFUSED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}
SILENT = {"log_level": 0}
RELAY = "relay"
USERS = (*INSTITUTIONS, RELAY, "admin")
each_institution = pytest.mark.parametrize("institution", INSTITUTIONS)


def told(future: Any) -> int | None:
    """What the broker answers: None when it does what was asked."""
    try:
        future.result(PATIENCE_S)
    except KafkaException as error:
        return int(error.args[0].code())
    return None


def only(answers: dict[Any, Any]) -> Any:
    (future,) = answers.values()
    return future


def as_institution(settings: Settings, name: str) -> AdminClient:
    return AdminClient(client(settings, name) | SILENT)


def everything(settings: Settings, who: AdminClient, name: str) -> Iterator[tuple[str, Any]]:
    """Everything an administrator may do and an institution may not, each with its pending answer."""
    own, source = delivery(name), "declarations.wages"
    rule = AclBinding(
        ResourceType.TOPIC, source, ResourcePatternType.LITERAL, f"User:{name}", "*", AclOperation.READ,
        AclPermissionType.ALLOW,
    )  # fmt: skip
    entry = ConfigEntry("retention.ms", "1", incremental_operation=AlterConfigOpType.SET)
    topic_config = ConfigResource(ConfigResource.Type.TOPIC, own, incremental_configs=[entry])
    broker = ConfigEntry("log.cleaner.threads", "2", incremental_operation=AlterConfigOpType.SET)
    broker_config = ConfigResource(ConfigResource.Type.BROKER, "1", incremental_configs=[broker])
    password = UserScramCredentialUpsertion(
        RELAY, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 8192), b"mine now", b"salt of an intruder"
    )
    yield "create a topic", only(who.create_topics([NewTopic(f"{name}.own", 1)]))
    yield "delete a source", only(who.delete_topics([source]))
    yield "delete its own deliveries", only(who.delete_topics([own]))
    yield "add partitions", only(who.create_partitions([NewPartitions(own, 64)]))
    yield "delete records", only(who.delete_records([TopicPartition(own, 0, 1)]))
    yield "change a topic", only(who.incremental_alter_configs([topic_config]))
    yield "change the broker", only(who.incremental_alter_configs([broker_config]))
    yield "grant itself a right", only(who.create_acls([rule]))
    yield "change somebody's password", only(who.alter_user_scram_credentials([password]))
    yield "delete somebody's group", only(who.delete_consumer_groups(["exchange"]))
    yield (
        "move somebody's position",
        only(
            who.alter_consumer_group_offsets([ConsumerGroupTopicPartitions("exchange", [TopicPartition(source, 0, 0)])])
        ),
    )
    yield (
        "read somebody's position",
        only(who.list_consumer_group_offsets([ConsumerGroupTopicPartitions("exchange")])),
    )


@each_institution
def test_an_institution_administers_nothing(servers: Settings, institution: str) -> None:
    who = as_institution(servers, institution)
    answers = [(what, told(future)) for what, future in everything(servers, who, institution)]
    assert answers
    assert [(what, code) for what, code in answers if code not in REFUSED] == []


def test_what_an_intruder_tried_has_changed_nothing(servers: Settings) -> None:
    who = as_institution(servers, "rva")
    for _, future in everything(servers, who, "rva"):
        told(future)
    seen = admin(servers).list_topics(timeout=PATIENCE_S).topics
    assert {topic.name for topic in TOPICS} <= set(seen)
    assert "rva.own" not in seen
    assert len(seen[delivery("rva")].partitions) == servers.partitions
    # The relay still gets in with the password it had.
    assert AdminClient(client(servers, RELAY)).list_topics(timeout=PATIENCE_S).topics


def written(settings: Settings, name: str, topics: list[str], **config: Any) -> dict[str, int | None]:
    """What the broker says to a record on each topic."""
    said: dict[str, int | None] = {}

    def note(error: KafkaError | None, message: Any) -> None:
        said[message.topic()] = error.code() if error else None

    writer = Producer(client(settings, name) | SILENT | config)
    for topic in topics:
        writer.produce(topic, value=b"forged", on_delivery=note)
    writer.flush(PATIENCE_S)
    return said


@each_institution
def test_an_institution_writes_nowhere_but_whom_it_has_on_file(servers: Settings, institution: str) -> None:
    topics = [topic.name for topic in TOPICS if topic.name != changes(institution)]
    said = written(servers, institution, topics)
    assert said == dict.fromkeys(topics, KafkaError.TOPIC_AUTHORIZATION_FAILED)


@each_institution
@pytest.mark.parametrize("name", ["relay-register", "exchange-0", "own"])
def test_an_institution_opens_no_transaction(servers: Settings, institution: str, name: str) -> None:
    writer = Producer(client(servers, institution) | SILENT | {"transactional.id": name})
    with pytest.raises(KafkaException) as refused:
        writer.init_transactions(PATIENCE_S)
    assert refused.value.args[0].code() == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED


def read_refused(settings: Settings, user: str, others: set[str]) -> dict[str, int]:
    """What the broker says to a user who reads these topics; none of them gives a record."""
    reader = consumer(settings, user, f"{user}.intruder", log_level=0, auto_offset_reset="earliest")
    refused: dict[str, int] = {}
    try:
        reader.subscribe(sorted(others))
        end = time.monotonic() + PATIENCE_S
        while refused.keys() != others and time.monotonic() < end:
            for message in reader.consume(100, 0.2):
                error = message.error()
                assert error is not None, message.topic()
                refused[str(message.topic())] = error.code()
    finally:
        reader.close()
    return refused


@each_institution
def test_an_institution_reads_no_topic_but_its_own(servers: Settings, institution: str) -> None:
    others = {topic.name for topic in TOPICS} - {delivery(institution), answers(institution)}
    refused = read_refused(servers, institution, others)
    assert refused == dict.fromkeys(others, KafkaError.TOPIC_AUTHORIZATION_FAILED)


@pytest.mark.parametrize(
    ("user", "others"),
    [
        ("jurist", {topic.name for topic in TOPICS} - {SCHEMAS}),
        ("auditor", {topic.name for topic in TOPICS} - {CHECKPOINTS}),
        ("inspector", {CHECKPOINTS, *map(answers, INSTITUTIONS)}),
    ],
)
def test_whoever_looks_reads_only_the_topics_that_it_takes(servers: Settings, user: str, others: set[str]) -> None:
    assert read_refused(servers, user, others) == dict.fromkeys(others, KafkaError.TOPIC_AUTHORIZATION_FAILED)


WRONG_DOORS: dict[str, dict[str, Any]] = {
    "in the clear": {"security.protocol": "PLAINTEXT"},
    "login in the clear": {"security.protocol": "SASL_PLAINTEXT"},
    "without a login": {"security.protocol": "SSL"},
    "with a plain password": {"sasl.mechanism": "PLAIN"},
    "with another mechanism": {"sasl.mechanism": "SCRAM-SHA-256"},
    "with a wrong password": {"sasl.password": "wrong"},
    "as nobody": {"sasl.username": "nobody"},
    "as the administrator, with its own password": {"sasl.username": "admin"},
    "as the broker, with its own password": {"sasl.username": "broker"},
}


def let_in(configs: Mapping[str, dict[str, Any]]) -> dict[str, bool]:
    """Whether the broker answers each of these clients, which try for three seconds, all at once."""

    def tries(config: dict[str, Any]) -> bool:
        try:
            AdminClient(config).list_topics(timeout=3.0)
        except KafkaException:
            return False
        return True

    with ThreadPoolExecutor(len(configs)) as pool:
        return dict(zip(configs, pool.map(tries, configs.values()), strict=True))


@pytest.fixture(scope="module")
def by_another_door(servers: Settings) -> dict[str, bool]:
    return let_in({door: client(servers, "rva") | SILENT | wrong for door, wrong in WRONG_DOORS.items()})


@pytest.mark.parametrize("door", WRONG_DOORS)
def test_nobody_gets_in_by_another_door(by_another_door: dict[str, bool], door: str) -> None:
    assert by_another_door[door] is False


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """Certificates of another authority, for a broker too."""
    other = Places(tmp_path_factory.mktemp("stranger"))
    other.make()
    certificates.ensure(other)
    return other


def test_a_client_does_not_talk_to_a_broker_of_another_authority(servers: Settings, stranger: Places) -> None:
    config = client(servers, "rva") | SILENT | {"ssl.ca.location": str(stranger.ca)}
    with pytest.raises(KafkaException):
        AdminClient(config).list_topics(timeout=3.0)


def between_brokers(settings: Settings, **config: Any) -> dict[str, Any]:
    """A client of the listener by which brokers talk to each other."""
    port = Places(settings.home).recall()["ports"]["kafka_internal"]
    authority = {"ssl.ca.location": str(settings.kafka_ca), "bootstrap.servers": f"127.0.0.1:{port}"}
    return authority | SILENT | {name.replace("_", "."): value for name, value in config.items()}


def with_certificate(places: Places) -> dict[str, Any]:
    server = str(places.certificates / "server.pem")
    return {"security_protocol": "SSL", "ssl_certificate_location": server, "ssl_key_location": server}


def with_password(settings: Settings, user: str) -> dict[str, Any]:
    login = {"sasl_mechanism": "SCRAM-SHA-512", "sasl_username": user, "sasl_password": settings.secret("kafka", user)}
    return {"security_protocol": "SASL_SSL", **login}


@pytest.fixture(scope="module")
def by_password(servers: Settings) -> dict[str, bool]:
    return let_in({user: between_brokers(servers, **with_password(servers, user)) for user in USERS})


@pytest.mark.parametrize("user", USERS)
def test_no_password_opens_the_listener_between_brokers(by_password: dict[str, bool], user: str) -> None:
    assert by_password[user] is False


def test_only_a_certificate_of_a_broker_opens_the_listener_between_brokers(servers: Settings, stranger: Places) -> None:
    refused: dict[str, dict[str, Any]] = {
        "in the clear": {"security_protocol": "PLAINTEXT"},
        "without a certificate": {"security_protocol": "SSL"},
        "with a stranger's": with_certificate(stranger),
    }
    opened = let_in({name: between_brokers(servers, **config) for name, config in refused.items()})
    assert opened == dict.fromkeys(refused, False)
    right = between_brokers(servers, **with_certificate(Places(servers.home)))
    seen = AdminClient(right).list_topics(timeout=PATIENCE_S).topics
    assert {topic.name for topic in TOPICS} <= set(seen)


@pytest.mark.parametrize(
    ("process", "topics"),
    [
        ("exchange", ["declarations.wages", "findings", "schemas", "relay.positions"]),
        ("notifier", ["findings", "notices.status", "deliveries.rva"]),
        ("replay", ["declarations.wages", "rules.facts", "findings", "schemas", "dead-letters", "dossiers.rva"]),
        ("dossiers", ["dossiers.rva", "dossiers.rva.answers", "deliveries.rva"]),
        ("audit", ["audit.disclosures", "audit.checkpoints", "deliveries.rva"]),
        ("auditor", [topic.name for topic in TOPICS]),
        ("rules", ["rules.facts", "findings", "declarations.wages"]),
        ("inspector", [topic.name for topic in TOPICS]),
        ("operator", [topic.name for topic in TOPICS]),
        ("api", ["schemas"]),
    ],
)
def test_a_process_writes_only_what_is_its_own(servers: Settings, process: str, topics: list[str]) -> None:
    assert written(servers, process, topics) == dict.fromkeys(topics, KafkaError.TOPIC_AUTHORIZATION_FAILED)
