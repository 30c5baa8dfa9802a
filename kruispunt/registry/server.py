"""Serves every published schema, read-only, over the paths that stock clients and Kafka Connect use."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import uvicorn
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition
from fastapi import FastAPI, Request, Response
from structlog.typing import FilteringBoundLogger

from backbone import kafka, logs
from backbone.errors import Retry, Stop
from backbone.settings import Settings
from kruispunt.registry import answers
from kruispunt.registry.catalogue import DEFAULT_CONTEXT, Catalogue, number
from schemas.lookup import InvalidSchema
from schemas.registration import SchemaVersion, parse
from schemas.roles import Role
from schemas.topics import SCHEMAS

POLL_S = 0.2
ASK_S = 5
COMPATIBILITY = "NONE"
"""Nothing is compared when a schema is published: versions of deliveries follow deliberations, not each other."""
MODE = "READONLY"
EVERY_CONTEXT = ":*:"


def application(catalogue: Catalogue) -> FastAPI:
    """The HTTP application over a catalogue."""
    app = FastAPI(title="Kruispunt schemas", openapi_url=None)
    answers.speak_as_a_registry(app)
    get = partial(app.api_route, methods=["GET", "HEAD"])
    _add_schemas(get, catalogue)
    _add_subjects(get, catalogue)
    _add_settings(get, catalogue)
    _add_look_up(app, catalogue)
    _refuse_writing(app)

    @get("/health")
    def health() -> dict[str, int]:
        return {"schemas": len(catalogue.texts)}

    return app


Route = Callable[..., Any]
Get = Callable[[str], Callable[[Route], Route]]


def _add_schemas(get: Get, catalogue: Catalogue) -> None:
    """Schemas by id."""

    def text_of(wanted: str) -> str:
        text = catalogue.texts.get(number(wanted))
        if not text:
            raise answers.schema_not_found(wanted)
        return text

    def uses_of(wanted: str) -> list[SchemaVersion]:
        uses = catalogue.uses(number(wanted))
        if not uses:
            raise answers.schema_not_found()
        return uses

    @get("/schemas/ids/{wanted}")
    def schema(wanted: str) -> dict[str, str]:
        return {"schema": text_of(wanted)}

    @get("/schemas/ids/{wanted}/schema")
    def schema_alone(wanted: str) -> Response:
        return Response(text_of(wanted), media_type=answers.JSON)

    @get("/schemas/ids/{wanted}/versions")
    def versions_of_schema(wanted: str) -> list[dict[str, Any]]:
        return [{"subject": version.subject, "version": version.version} for version in uses_of(wanted)]

    @get("/schemas/ids/{wanted}/subjects")
    def subjects_of_schema(wanted: str) -> list[str]:
        return list(dict.fromkeys(version.subject for version in uses_of(wanted)))

    @get("/schemas/types")
    def types() -> list[str]:
        return [answers.AVRO]


def _add_subjects(get: Get, catalogue: Catalogue) -> None:
    """Schemas by subject and version."""

    def version_of(subject: str, wanted: str) -> SchemaVersion:
        asked = None if wanted.lower() in ("latest", "-1") else number(wanted)
        if asked == 0:
            raise answers.invalid_version(wanted)
        version = catalogue.version(subject, asked)
        if version is not None:
            return version
        if not catalogue.versions(subject) or asked is None:
            raise answers.subject_not_found(subject)
        raise answers.version_not_found(asked)

    @get("/subjects")
    def subjects(request: Request) -> list[str]:
        prefix = request.query_params.get("subjectPrefix", "").removeprefix(EVERY_CONTEXT).removeprefix(DEFAULT_CONTEXT)
        return [subject for subject in catalogue.subjects() if subject.startswith(prefix)]

    @get("/subjects/{subject}/versions")
    def versions(subject: str) -> list[int]:
        numbers = catalogue.versions(subject)
        if not numbers:
            raise answers.subject_not_found(subject)
        return numbers

    @get("/subjects/{subject}/versions/{wanted}")
    def version(subject: str, wanted: str) -> dict[str, Any]:
        return answers.version(version_of(subject, wanted))

    @get("/subjects/{subject}/versions/{wanted}/schema")
    def version_alone(subject: str, wanted: str) -> Response:
        return Response(version_of(subject, wanted).schema, media_type=answers.JSON)

    @get("/subjects/{subject}/versions/{wanted}/referencedby")
    def referenced_by(subject: str, wanted: str) -> list[int]:
        version_of(subject, wanted)
        return []


def _add_settings(get: Get, catalogue: Catalogue) -> None:
    """How this registry is set, which no request changes."""

    def refuse_subject(request: Request, subject: str, what: str, code: int) -> None:
        of_all = subject == DEFAULT_CONTEXT or request.query_params.get("defaultToGlobal", "").lower() == "true"
        if not of_all:
            raise answers.not_configured(subject, what, code)

    @get("/")
    def root() -> dict[str, str]:
        return {}

    @get("/config")
    def config() -> dict[str, str]:
        return {"compatibilityLevel": COMPATIBILITY}

    @get("/config/{subject}")
    def config_of(request: Request, subject: str) -> dict[str, str]:
        refuse_subject(request, subject, "compatibility", answers.NO_CONFIG)
        return {"compatibilityLevel": COMPATIBILITY}

    @get("/mode")
    def mode() -> dict[str, str]:
        return {"mode": MODE}

    @get("/mode/{subject}")
    def mode_of(request: Request, subject: str) -> dict[str, str]:
        refuse_subject(request, subject, "mode", answers.NO_MODE)
        return {"mode": MODE}

    @get("/contexts")
    def contexts() -> list[str]:
        return ["."]

    @get("/v1/metadata/id")
    def cluster() -> dict[str, Any]:
        clusters = {"kafka-cluster": catalogue.cluster, "schema-registry-cluster": "schema-registry"}
        return {"scope": {"path": [], "clusters": clusters}}


def _add_look_up(app: FastAPI, catalogue: Catalogue) -> None:
    """Versions by their schema."""

    async def same(request: Request, subject: str) -> SchemaVersion | None:
        schema, kind = answers.schema_in(await answers.requested(request))
        if kind != answers.AVRO:
            raise answers.invalid_schema(f"Invalid schema type {kind}: only {answers.AVRO} is served")
        try:
            return catalogue.same(subject, schema)
        except InvalidSchema as error:
            raise answers.invalid_schema("Invalid schema: it is not Avro") from error

    @app.post("/subjects/{subject}")
    async def look_up(request: Request, subject: str) -> dict[str, Any]:
        version = await same(request, subject)
        if version is None:
            raise answers.schema_not_found() if catalogue.versions(subject) else answers.subject_not_found(subject)
        return answers.version(version)

    @app.post("/subjects/{subject}/versions")
    async def register(request: Request, subject: str) -> dict[str, int]:
        # A stock serializer registers what it writes unless told otherwise; what is there already needs no writing.
        version = await same(request, subject)
        if version is None:
            raise answers.read_only(f"Subject {subject} in context .")
        return {"id": version.id}


def _refuse_writing(app: FastAPI) -> None:
    async def refuse(_request: Request) -> Response:
        raise answers.read_only("This registry")

    for path, methods in (
        ("/config", ["PUT", "DELETE"]),
        ("/config/{subject}", ["PUT", "DELETE"]),
        ("/mode", ["PUT", "DELETE"]),
        ("/mode/{subject}", ["PUT", "DELETE"]),
        ("/subjects/{subject}", ["DELETE"]),
        ("/subjects/{subject}/versions/{wanted}", ["DELETE"]),
    ):
        app.add_route(path, refuse, methods)


def _cluster(reader: Consumer) -> str:
    """The cluster id of Kafka; empty while Kafka cannot be reached."""
    try:
        return str(reader.list_topics(SCHEMAS, ASK_S).cluster_id or "")
    except KafkaException:
        return ""


def _add(catalogue: Catalogue, message: Message | None) -> None:
    version = parse(message.key(), message.value()) if message is not None else None
    if version:
        catalogue.add(version)


def _catch_up(reader: Consumer, catalogue: Catalogue, log: FilteringBoundLogger) -> None:
    """Read the topic to the end it has now, however long Kafka is away."""
    while True:
        try:
            for message in kafka.read_on(reader, [TopicPartition(SCHEMAS, 0, OFFSET_BEGINNING)]):
                _add(catalogue, message)
        except Retry as error:
            log.warning("waiting for kafka", reason=str(error))
        else:
            catalogue.cluster = _cluster(reader)
            return


@contextmanager
def following(settings: Settings, catalogue: Catalogue) -> Iterator[None]:
    """While open, the catalogue holds what was on the schemas topic when it was opened, and takes in what comes after.

    Raises Stop when the broker refuses.
    """
    ending = threading.Event()
    log = logs.configure(Role.API, settings.log_level)
    reader = kafka.consumer(settings, Role.API, Role.API, enable_partition_eof=True)
    try:
        _catch_up(reader, catalogue, log)
    except BaseException:
        reader.close()
        raise

    def follow() -> None:
        while not ending.is_set():
            try:
                catalogue.cluster = catalogue.cluster or _cluster(reader)
                _add(catalogue, kafka.alive(reader.poll(POLL_S)))
            except Retry as error:
                log.warning("waiting for kafka", reason=str(error))
            except Stop as error:
                # Rather no answer than an old one: the process ends in order, and is started again.
                log.critical("kafka refuses", reason=str(error))
                signal.raise_signal(signal.SIGTERM)
                break
        reader.close()

    thread = threading.Thread(target=follow, name="schemas", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def run(settings: Settings) -> None:
    """Serve until asked to stop; nothing listens before there is an answer to every question."""
    catalogue = Catalogue()
    with following(settings, catalogue):
        uvicorn.run(
            application(catalogue),
            host=settings.api_host,
            port=settings.api_port,
            log_level="warning",
            access_log=False,
            server_header=False,
        )
