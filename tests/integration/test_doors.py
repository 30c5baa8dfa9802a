"""The broker and the databases refuse what the topics do not grant; the inbox takes mail over TLS only."""

import asyncio
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage

import aiosmtplib
import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from backbone import provision
from backbone.errors import Retry
from backbone.kafka import admin, client, consumer
from backbone.postgres import connect
from backbone.settings import Settings
from kruispunt.provisioning.cluster_blueprint import BLUEPRINT
from schemas.institutions import INSTITUTIONS
from schemas.topics import TOPICS, Topic, answers, changes, delivery

PATIENCE_S = 20.0


MINE = Topic("doors.mine", "none", (), ("exchange",), ("rva",), "What rva may read.")
OTHERS = Topic("doors.others", "none", (), ("exchange",), ("rjv",), "What only rjv may read.")


@pytest.fixture(scope="module")
def doors(servers: Settings) -> Iterator[Settings]:
    """Two topics with a record each, beside the declared ones, so that a test leaves nothing in those."""
    provision.apply(servers, replace(BLUEPRINT, topics=(*TOPICS, MINE, OTHERS)))
    for topic in (MINE, OTHERS):
        assert put(servers, "exchange", topic.name) is None
    yield servers
    administrator = admin(servers)
    for done in administrator.delete_topics([MINE.name, OTHERS.name]).values():
        done.result(PATIENCE_S)
    provision.apply(servers, BLUEPRINT)


def answer(reader: Consumer) -> Message | None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        message = reader.poll(0.5)
        if message is not None:
            return message
    return None


def put(settings: Settings, user: str, topic: str) -> KafkaError | None:
    """What the broker says to a record of `user` on `topic`."""
    said: list[KafkaError | None] = []
    writer = Producer(client(settings, user))
    writer.produce(topic, value=b"record", on_delivery=lambda error, _message: said.append(error))
    writer.flush(PATIENCE_S)
    return said[0]


def subscribed(settings: Settings, user: str, group: str, topic: str) -> KafkaError | None:
    """What the broker says to `user` reading `topic` in `group`: None when it hands a record over."""
    reader = consumer(settings, user, group, auto_offset_reset="earliest")
    try:
        reader.subscribe([topic])
        message = answer(reader)
    finally:
        reader.close()
    assert message is not None
    return message.error()


def test_an_institution_reads_its_own_topic(doors: Settings) -> None:
    assert subscribed(doors, "rva", "rva.doors", MINE.name) is None


def test_an_institution_is_refused_the_topic_of_another(doors: Settings) -> None:
    error = subscribed(doors, "rva", "rva.doors", OTHERS.name)
    assert error is not None
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


@pytest.mark.parametrize("group", ["rjv.doors", "rva", "exchange"])
def test_an_institution_is_refused_groups_that_are_not_its_own(doors: Settings, group: str) -> None:
    error = subscribed(doors, "rva", group, MINE.name)
    assert error is not None
    assert error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED


def test_an_institution_cannot_write_where_it_reads(doors: Settings) -> None:
    error = put(doors, "rva", MINE.name)
    assert error is not None
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


@pytest.mark.parametrize(("topic", "comes"), [(MINE, True), (OTHERS, False)])
def test_a_partition_assigned_by_hand_gives_only_what_is_granted(doors: Settings, topic: Topic, comes: bool) -> None:
    reader = Consumer(client(doors, "rva") | {"group.id": "rva.doors"})
    try:
        reader.assign([TopicPartition(topic.name, number, 0) for number in range(doors.partitions)])
        message = reader.poll(5.0)
    finally:
        reader.close()
    assert (message is not None and message.error() is None) == comes


@pytest.mark.parametrize("institution", INSTITUTIONS)
def test_an_institution_sees_no_declared_topic_but_its_own(servers: Settings, institution: str) -> None:
    reader = consumer(servers, institution, f"{institution}.doors")
    try:
        seen = set(reader.list_topics(timeout=PATIENCE_S).topics)
    finally:
        reader.close()
    own = {delivery(institution), changes(institution), answers(institution)}
    assert seen & {topic.name for topic in TOPICS} == own


def test_a_wrong_password_is_refused(servers: Settings) -> None:
    errors: list[KafkaError] = []
    wrong = client(servers, "rva") | {"sasl.password": "wrong", "group.id": "rva.doors", "error_cb": errors.append}
    reader = Consumer(wrong)
    try:
        end = time.monotonic() + PATIENCE_S
        while not errors and time.monotonic() < end:
            reader.poll(0.2)
    finally:
        reader.close()
    assert KafkaError._AUTHENTICATION in {error.code() for error in errors}


def test_access_beyond_what_the_topics_declare_is_taken_away(doors: Settings) -> None:
    stray = AclBinding(
        ResourceType.TOPIC, OTHERS.name, ResourcePatternType.LITERAL, "User:rva", "*", AclOperation.READ,
        AclPermissionType.ALLOW,
    )  # fmt: skip
    administrator = admin(doors)
    for done in administrator.create_acls([stray]).values():
        done.result(PATIENCE_S)
    assert subscribed(doors, "rva", "rva.stray", OTHERS.name) is None
    provision.apply(doors, replace(BLUEPRINT, topics=(*TOPICS, MINE, OTHERS)))
    error = subscribed(doors, "rva", "rva.stray", OTHERS.name)
    assert error is not None
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_provisioning_again_disturbs_nobody(doors: Settings) -> None:
    provision.apply(doors, replace(BLUEPRINT, topics=(*TOPICS, MINE, OTHERS)))
    assert subscribed(doors, "rva", "rva.again", MINE.name) is None


def test_a_database_lets_in_only_those_it_names(servers: Settings) -> None:
    with connect(servers, "rva", "rva") as connection:
        assert connection.execute("select current_user").fetchone() == ("rva",)
    for role, database in (("rva", "rjv"), ("rva", "kruispunt"), ("relay", "rva"), ("rva", "postgres")):
        with pytest.raises(Retry, match="does not let"):
            connect(servers, role, database)


def test_nobody_enters_a_database_without_a_password(servers: Settings) -> None:
    import psycopg

    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(
            host=servers.postgres_host, port=servers.postgres_port, user="rva", dbname="rva", password="wrong"
        )


def test_a_server_without_tls_is_refused_unless_it_is_the_embedded_one(servers: Settings) -> None:
    """The embedded server knows no TLS: what every other deployment has by default turns away from it."""
    default = Settings.model_fields["postgres_sslmode"].default
    assert (servers.postgres_sslmode, default) == ("disable", "verify-full")
    for role, database in (("relay", "kruispunt"), ("rva", "rva")):
        with pytest.raises(Retry, match="server does not support SSL"):
            connect(servers.model_copy(update={"postgres_sslmode": default}), role, database)


def mail() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.org", "b@example.org", "Bericht – avis"
    message.set_content("één regel\n")
    return message


def test_a_mail_sent_over_tls_is_one_file_of_the_inbox(servers: Settings) -> None:
    before = set(servers.inbox.iterdir())
    context = ssl.create_default_context(cafile=str(servers.smtp_ca))
    asyncio.run(
        aiosmtplib.send(mail(), hostname=servers.smtp_host, port=servers.smtp_port, start_tls=True, tls_context=context)
    )
    [file] = set(servers.inbox.iterdir()) - before
    assert b"Delivered-To: b@example.org" in file.read_bytes()


def test_the_inbox_takes_no_mail_in_the_clear(servers: Settings) -> None:
    before = set(servers.inbox.iterdir())
    with pytest.raises(aiosmtplib.SMTPException):
        asyncio.run(
            aiosmtplib.send(mail(), hostname=servers.smtp_host, port=servers.smtp_port, start_tls=False, use_tls=False)
        )
    assert set(servers.inbox.iterdir()) == before
