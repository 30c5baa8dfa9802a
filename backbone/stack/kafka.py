"""Prepares one Kafka node that is broker and controller: TLS everywhere, SCRAM for users, access rules on."""

import base64
import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from backbone.cluster.declared import ADMIN, SUPER_USERS
from backbone.cluster.state import MECHANISM
from backbone.errors import Retry, Stop
from backbone.kafka import client
from backbone.settings import Settings
from backbone.stack.certificates import SERVER
from backbone.stack.places import PRIVATE, Places, write_private
from backbone.stack.ports import LOOPBACK, reachable
from schemas.topics import LARGEST_MESSAGE

HEAP = ("-Xms256m", "-Xmx1g", "-XX:+UseSerialGC")
HASTE = "-XX:TieredStopAtLevel=1"
FAST_START = "KRUISPUNT_FAST_START"
"""Set to 1, the JVM compiles in haste: quicker to start, slower under load. For tests."""
DATA = "data"
SESSION_MS = 60_000
"""How long a login is valid: then a connection must authenticate again, or is closed. librdkafka does so
by itself, aiokafka reconnects within a second or two."""
LONGEST_RETENTION = 2**31 - 1
CLEANUP_MS = 2_000
INTERNAL_PARTITIONS = 8
"""Kafka's own topics have 50 by default: files and seconds for nothing on one machine."""
PROBE_S = 2.0
MARK = "kruispunt.configuration"
MARK_DIGITS = 16


@dataclass(frozen=True)
class Ports:
    """Where the node listens: for clients, for itself, for the controller."""

    client: int
    internal: int
    controller: int


def _properties(places: Places, ports: Ports) -> str:
    """The configuration of the node; it holds no secret."""
    node = f"{LOOPBACK}:{ports.controller}"
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule required"
    lines = {
        "process.roles": "broker,controller",
        # A killed node cannot register again before its former self is taken for dead: 9 s by default.
        "broker.session.timeout.ms": "4000",
        "broker.heartbeat.interval.ms": "1000",
        "node.id": "1",
        "controller.quorum.voters": f"1@{node}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"INTERNAL://{LOOPBACK}:{ports.internal},CLIENT://{LOOPBACK}:{ports.client},CONTROLLER://{node}",
        "advertised.listeners": f"INTERNAL://{LOOPBACK}:{ports.internal},CLIENT://{LOOPBACK}:{ports.client}",
        "listener.security.protocol.map": "INTERNAL:SSL,CLIENT:SASL_SSL,CONTROLLER:SSL",
        "inter.broker.listener.name": "INTERNAL",
        # The authorizer may not wait for metadata that only arrives through this listener.
        "early.start.listeners": "CONTROLLER",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(places.certificates / "server.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(places.ca),
        "ssl.client.auth": "none",
        # SCRAM cannot guard the controller, which itself keeps the SCRAM users, and would let every user in where
        # brokers talk to each other: mutual TLS lets in brokers only.
        "listener.name.controller.ssl.client.auth": "required",
        "listener.name.internal.ssl.client.auth": "required",
        # A certificate of another name does not become a user of ours.
        "ssl.principal.mapping.rules": f"RULE:^CN={SERVER}$/{SERVER}/,DEFAULT",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.client.scram-sha-512.sasl.jaas.config": f"{scram};",
        "listener.name.client.connections.max.reauth.ms": str(SESSION_MS),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": ";".join(f"User:{user}" for user in SUPER_USERS),
        "allow.everyone.if.no.acl.found": "false",
        "auto.create.topics.enable": "false",
        # Relative to where the node is started: a list is split at commas, which a path may hold.
        "log.dirs": DATA,
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": str(INTERNAL_PARTITIONS),
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": str(INTERNAL_PARTITIONS),
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # Some offsets are kept by the broker alone: no outage is long enough to forget them (7 days by default).
        "offsets.retention.minutes": str(LONGEST_RETENTION),
        # What a lost writer left open is ended this soon after its time is up: 10 s by default.
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": str(CLEANUP_MS),
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        "min.insync.replicas": "1",
        "message.max.bytes": str(LARGEST_MESSAGE),
        "num.network.threads": "2",
        "num.io.threads": "4",
        "num.recovery.threads.per.data.dir": "2",
        "log.cleaner.dedupe.buffer.size": str(32 * 1024 * 1024),
    }
    return "".join(f"{name}={_escaped(value)}\n" for name, value in lines.items())


def _escaped(value: str) -> str:
    """A value as java.util.Properties reads it back."""
    return value.replace("\\", "\\\\").encode("ascii", "backslashreplace").decode()


def _quoted(value: str) -> str:
    """One word of a java @file."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def command(places: Places) -> list[str]:
    """The command that starts the prepared node. It changes with the configuration, so that the node restarts."""
    properties = places.kafka / "server.properties"
    mark = hashlib.sha256(properties.read_bytes()).hexdigest()[:MARK_DIGITS]
    return ["java", f"@{places.kafka / 'jvm.args'}", f"-D{MARK}={mark}", "kafka.Kafka", str(properties)]


def _jvm_arguments(jars: list[Path], cache: Path) -> str:
    haste = (HASTE,) if os.environ.get(FAST_START) == "1" else ()
    words = [
        *HEAP,
        *haste,
        "-XX:+ExitOnOutOfMemoryError",
        # Killed, it would leave the counters of a JVM in /tmp.
        "-XX:-UsePerfData",
        # Whose shell it is decides neither how it writes a letter large nor which language it logs in.
        "-Duser.language=en",
        "-Duser.country=US",
        "-Djava.awt.headless=true",
        f"-Djava.io.tmpdir={cache}",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
        "-cp",
        os.pathsep.join(map(str, jars)),
    ]
    return "".join(f"{_quoted(word)}\n" for word in words)


def _format(places: Places, identity: str) -> None:
    """Write the node's first metadata, with the user that must exist before anyone can log in."""
    cluster = base64.urlsafe_b64encode(UUID(identity).bytes).rstrip(b"=").decode()
    password = (places.secrets / "kafka" / ADMIN).read_text("utf-8")
    # In one word: an identity may begin with a hyphen, and would be taken for an option.
    words = [
        "format",
        f"--cluster-id={cluster}",
        "-c",
        str(places.kafka / "server.properties"),
        "--ignore-formatted",
        "--add-scram",
        f"{MECHANISM}=[name={ADMIN},password={password}]",
    ]
    arguments = places.kafka / "format.args"
    write_private(arguments, "".join(f"{word}\n" for word in words))
    try:
        # It prints the stored keys, which must stay secret.
        answer = subprocess.run(
            ["java", f"@{places.kafka / 'jvm.args'}", HASTE, "kafka.tools.StorageTool", f"@{arguments}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
            cwd=places.kafka,
        )  # fmt: skip
    finally:
        arguments.unlink()
    if answer.returncode:
        raise Stop(
            f"Kafka's storage in {places.kafka / 'data'} could not be formatted (exit {answer.returncode}).",
            "Is the disk full? Otherwise `kruispunt down --wipe` starts over.",
        )


def prepare(places: Places, ports: Ports, jars: list[Path], identity: str) -> None:
    """Write the node's configuration; format its storage where it is new.

    A node that runs goes on by the configuration it was started with.
    """
    temporary = places.kafka / "tmp"
    temporary.mkdir(mode=PRIVATE, exist_ok=True)
    write_private(places.kafka / "server.properties", _properties(places, ports))
    write_private(places.kafka / "jvm.args", _jvm_arguments(jars, temporary))
    if not (places.kafka / DATA / "meta.properties").exists():
        _format(places, identity)


def probe(settings: Settings) -> None:
    """Ask the broker for its topics as its administrator.

    Raises Retry when it does not answer yet.
    """
    if not reachable(int(settings.kafka_bootstrap.rpartition(":")[2])):
        raise Retry("The broker does not listen yet.")
    try:
        # Silent: until the broker knows its users, each refusal would be logged.
        AdminClient(client(settings, "admin") | {"log_level": 0}).list_topics(timeout=PROBE_S)
    except KafkaException as error:
        raise Retry(str(error)) from error
