"""The broker and the databases refuse what the topics do not grant; the inbox takes mail over TLS only."""

import asyncio
import ssl
import time
from email.message import EmailMessage

import aiosmtplib
import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AclOperation, ResourcePatternType, ResourceType

from backbone import provision
from backbone.errors import Retry
from backbone.kafka import admin, client, consumer
from backbone.postgres import connect
from backbone.settings import Settings
from schemas.topics import TOPICS, delivery

PATIENCE_S = 20.0


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
    reader = consumer(settings, user, group)
    try:
        reader.subscribe([topic])
        message = answer(reader)
    finally:
        reader.close()
    assert message is not None
    return message.error()


def test_an_institution_reads_its_own_deliveries(servers: Settings) -> None:
    assert put(servers, "exchange", delivery("rva")) is None
    assert subscribed(servers, "rva", "rva.doors", delivery("rva")) is None


def test_an_institution_is_refused_the_deliveries_of_another(servers: Settings) -> None:
    error = subscribed(servers, "rva", "rva.doors", delivery("rjv"))
    assert error is not None
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


@pytest.mark.parametrize("group", ["rjv.doors", "rva", "exchange"])
def test_an_institution_is_refused_groups_that_are_not_its_own(servers: Settings, group: str) -> None:
    error = subscribed(servers, "rva", group, delivery("rva"))
    assert error is not None
    assert error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED


def test_an_institution_cannot_write_to_its_own_deliveries(servers: Settings) -> None:
    error = put(servers, "rva", delivery("rva"))
    assert error is not None
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_an_institution_sees_no_topic_but_its_own(servers: Settings) -> None:
    reader = consumer(servers, "rva", "rva.doors")
    try:
        assert set(reader.list_topics(timeout=PATIENCE_S).topics) == {delivery("rva")}
    finally:
        reader.close()


@pytest.mark.parametrize("topic", [topic.name for topic in TOPICS if "rva" not in topic.readers])
def test_a_partition_assigned_by_hand_gives_an_institution_nothing(servers: Settings, topic: str) -> None:
    errors: list[KafkaError] = []
    reader = Consumer(client(servers, "rva") | {"group.id": "rva.doors", "error_cb": errors.append})
    try:
        reader.assign([TopicPartition(topic, 0, 0)])
        message = reader.poll(1.0)
    finally:
        reader.close()
    assert message is None or message.error() is not None


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


def test_access_is_exactly_what_the_topics_declare_also_after_doing_it_again(servers: Settings) -> None:
    stray = provision._allow("rva", ResourceType.TOPIC, delivery("rjv"), ResourcePatternType.LITERAL, AclOperation.READ)
    for future in admin(servers).create_acls(stray).values():
        future.result(PATIENCE_S)
    provision.apply(servers)
    error = subscribed(servers, "rva", "rva.doors", delivery("rjv"))
    assert error is not None
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    provision.apply(servers)
    assert subscribed(servers, "rva", "rva.doors.again", delivery("rva")) is None


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
