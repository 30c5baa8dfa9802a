"""The stock registry clients, of Python and of Java, find here what they look for, and hear of errors in their way."""

import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, topic_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

from backbone.stack.artifacts import cache_folder, repository
from consumers.deliberations import load
from consumers.narrowing.projection import projections
from kruispunt.provisioning.declared_state import wanted
from kruispunt.registry.catalogue import Catalogue
from kruispunt.registry.server import application
from schemas.contracts import contract
from schemas.registration import missing
from schemas.samples import sample
from schemas.topics import delivery

JAVA = Path(__file__).parents[1] / "data" / "registry-client"
PAGE = Path(__file__).parents[2] / "docs" / "subscribe.md"
TOPIC = "dossiers.rva"
SUBJECT = f"{TOPIC}-value"
PATIENCE_S = 10.0


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """What the stack publishes at its first start."""
    made = Catalogue()
    made.cluster = "the-cluster"
    for version in missing([], wanted(load())):
        made.add(version)
    return made


@pytest.fixture(scope="module")
def registry(catalogue: Catalogue) -> Iterator[str]:
    """The address of a registry that serves it."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(application(catalogue), log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + PATIENCE_S
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.started
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def client(registry: str) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": registry, "max.retries": 0}) as opened:
        yield opened


@pytest.mark.parametrize("registering", [True, False])
def test_a_stock_serializer_writes_to_the_topic_of_an_institution(
    client: SchemaRegistryClient, *, registering: bool
) -> None:
    changes = contract("dossiers.changes")
    serializer = AvroSerializer(
        client, json.dumps(changes.schema),
        conf={"auto.register.schemas": registering, "subject.name.strategy": topic_subject_name_strategy},
    )  # fmt: skip
    deserializer = AvroDeserializer(client, conf={"subject.name.strategy": topic_subject_name_strategy})
    context = SerializationContext(TOPIC, MessageField.VALUE)
    record = sample("dossiers.changes")
    written = serializer(record, context)
    assert written is not None
    assert written[:5] == changes.prefix
    assert deserializer(written, context) == record


def test_a_stock_serializer_with_its_own_strategy_finds_no_associations_and_goes_on(
    client: SchemaRegistryClient,
) -> None:
    changes = contract("dossiers.changes")
    serializer = AvroSerializer(client, json.dumps(changes.schema), conf={"auto.register.schemas": False})
    written = serializer(sample("dossiers.changes"), SerializationContext(TOPIC, MessageField.VALUE))
    assert written is not None
    assert written[:5] == changes.prefix


def test_the_python_client_asks_and_is_answered(client: SchemaRegistryClient) -> None:
    latest = client.get_latest_version(SUBJECT)
    assert latest.schema.schema_str
    assert latest.schema_id
    for normalize in (False, True):
        there = client.lookup_schema(SUBJECT, Schema(latest.schema.schema_str, "AVRO"), normalize_schemas=normalize)
        assert (there.subject, there.version, there.schema_id) == (SUBJECT, latest.version, latest.schema_id)
    assert client.get_config().compatibility_level == "NONE"
    assert client.get_compatibility() == "NONE"
    assert client.get_global_mode() == "READONLY"
    assert client.get_schema_types() == ["AVRO"]
    assert client.get_contexts() == ["."]
    assert SUBJECT in client.get_subjects()
    assert SUBJECT in client.get_subjects_by_schema_id(latest.schema_id)
    assert latest.version in [
        one.version for one in client.get_schema_versions(latest.schema_id) if one.subject == SUBJECT
    ]


def test_the_python_client_hears_what_is_not_there(client: SchemaRegistryClient) -> None:
    for ask, status, code in (
        (lambda: client.lookup_schema("none", Schema('"string"', "AVRO")), 404, 40401),
        (lambda: client.lookup_schema(SUBJECT, Schema('"string"', "AVRO")), 404, 40403),
        (lambda: client.lookup_schema(SUBJECT, Schema("{", "AVRO")), 422, 42201),
        (lambda: client.register_schema(SUBJECT, Schema('"string"', "AVRO")), 422, 42205),
        (lambda: client.get_mode(SUBJECT), 404, 40409),
        (lambda: client.get_config(SUBJECT), 404, 40408),
        (lambda: client.delete_subject(SUBJECT), 422, 42205),
    ):
        with pytest.raises(SchemaRegistryError) as raised:
            ask()
        assert (raised.value.http_status_code, raised.value.error_code) == (status, code)


@pytest.fixture(scope="module")
def answers(registry: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the stock Java client was answered."""
    folder = tmp_path_factory.mktemp("client") / "java"
    shutil.copytree(JAVA, folder)
    maven = ["mvn", "-q", "-B", "package", *repository(cache_folder(folder))]
    built = subprocess.run(maven, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    java = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", "target/registry-client.jar", registry]
    ran = subprocess.run(java, cwd=folder, capture_output=True, text=True, check=False, env=os.environ)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return dict(line.split("=", 1) for line in ran.stdout.splitlines())


def test_the_java_client_finds_every_version_by_the_schema_it_parsed_and_printed_again(
    answers: dict[str, str], catalogue: Catalogue
) -> None:
    assert catalogue.subjects()
    for subject in catalogue.subjects():
        assert answers[f"{subject} latest"] == str(max(catalogue.versions(subject)))
        assert answers[f"{subject} another"] == "404 40403"
        assert answers[f"{subject} new"] == "422 42205"
        for number in catalogue.versions(subject):
            version = catalogue.version(subject, number)
            assert version
            told = {name: answers[f"{subject} {number} {name}"] for name in (
                "id", "version", "version when normalized", "id of the schema", "id when registered", "subjects",
            )}  # fmt: skip
            assert told == {
                "id": str(version.id),
                "version": str(number),
                "version when normalized": str(number),
                "id of the schema": str(version.id),
                "id when registered": str(version.id),
                "subjects": "true",
            }


def test_the_java_client_is_told_how_the_registry_is_set(answers: dict[str, str]) -> None:
    assert answers["none"] == "404 40401"
    assert answers["no id"] == "404 40403"
    assert answers["config"] == answers["compatibility"] == "NONE"
    assert answers["mode"] == "READONLY"
    assert answers["delete"] == "422 42205"
    assert answers["types"] == "[AVRO]"
    assert (
        answers["cluster"] == "{clusters={kafka-cluster=the-cluster, schema-registry-cluster=schema-registry}, path=[]}"
    )


def test_the_page_configures_connect_as_the_exchange_demands() -> None:
    (block,) = re.findall(r"^```properties\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    given = dict(line.split("=", 1) for line in block.splitlines())
    assert given["topics"] == delivery("rva")
    assert given["consumer.override.group.id"].startswith("rva.")
    assert given["consumer.override.isolation.level"] == "read_committed"
    narrowed = [one.contract.schema for one in projections(load()) if one.recipient == "rva"]
    assert narrowed
    for schema in narrowed:
        fields = {field["name"]: field["type"] for field in schema["fields"]}
        assert set(given["pk.fields"].split(",")) <= fields.keys()
        nested = {name for name, kind in fields.items() if isinstance(kind, dict) and kind["type"] in ("array", "map")}
        assert nested <= set(given["transforms.flat.exclude"].split(","))
