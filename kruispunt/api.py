"""Serves every schema in circulation, read-only, over the paths that stock deserializers ask for."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from confluent_kafka import OFFSET_BEGINNING, TopicPartition
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from backbone import kafka, logs
from backbone.errors import Retry, Stop
from backbone.settings import Settings
from schemas.registration import Version, parse
from schemas.topics import SCHEMAS

POLL_S = 0.2
NOT_FOUND = 404
MISSING_SUBJECT = 40401
MISSING_VERSION = 40402
MISSING_SCHEMA = 40403
MOST_DIGITS = 12


def _number(text: str) -> int:
    """What is no number names nothing that is there."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < MOST_DIGITS else 0


class Catalogue:
    """Versions by subject and schemas by id, as far as the schemas topic has been read."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}
        self.subjects: dict[str, dict[int, Version]] = {}

    def add(self, version: Version) -> None:
        """Take in one version."""
        self.texts[version.id] = version.schema
        self.subjects.setdefault(version.subject, {})[version.version] = version

    def version(self, subject: str, wanted: str) -> Version | None:
        """A version of a subject by number, or `latest`."""
        versions = self.subjects.get(subject, {})
        return versions.get(max(versions, default=0) if wanted == "latest" else _number(wanted))


def _absent(code: int, what: str) -> JSONResponse:
    return JSONResponse({"error_code": code, "message": f"{what} not found."}, NOT_FOUND)


def application(catalogue: Catalogue) -> FastAPI:
    """The HTTP application over a catalogue."""
    app = FastAPI(title="Kruispunt schemas", openapi_url=None)

    @app.get("/schemas/ids/{number}")
    def schema(number: str) -> JSONResponse:
        text = catalogue.texts.get(_number(number))
        return JSONResponse({"schema": text}) if text else _absent(MISSING_SCHEMA, "Schema")

    @app.get("/schemas/ids/{number}/versions")
    def uses(number: str) -> JSONResponse:
        wanted = _number(number)
        found = [
            {"subject": version.subject, "version": version.version}
            for versions in catalogue.subjects.values()
            for version in versions.values()
            if version.id == wanted
        ]
        return JSONResponse(found) if found else _absent(MISSING_SCHEMA, "Schema")

    @app.get("/schemas/types")
    def types() -> list[str]:
        return ["AVRO"]

    @app.get("/subjects")
    def subjects() -> list[str]:
        return sorted(catalogue.subjects)

    @app.get("/subjects/{subject}/versions")
    def versions(subject: str) -> JSONResponse:
        found = catalogue.subjects.get(subject)
        return JSONResponse(sorted(found)) if found else _absent(MISSING_SUBJECT, "Subject")

    @app.get("/subjects/{subject}/versions/{wanted}")
    def one(subject: str, wanted: str) -> JSONResponse:
        if subject not in catalogue.subjects:
            return _absent(MISSING_SUBJECT, "Subject")
        found = catalogue.version(subject, wanted)
        if found is None:
            return _absent(MISSING_VERSION, "Version")
        return JSONResponse(
            {"subject": found.subject, "version": found.version, "id": found.id, "schema": found.schema}
        )

    @app.get("/health")
    def health() -> dict[str, int]:
        return {"schemas": len(catalogue.texts)}

    return app


@contextmanager
def following(settings: Settings, catalogue: Catalogue) -> Iterator[None]:
    """While open, the catalogue takes in what the schemas topic holds and what comes after."""
    ending = threading.Event()
    log = logs.configure("api", settings.log_level)
    reader = kafka.consumer(settings, "api", "api")
    reader.assign([TopicPartition(SCHEMAS, 0, OFFSET_BEGINNING)])

    def follow() -> None:
        while not ending.is_set():
            try:
                message = kafka.alive(reader.poll(POLL_S))
            except Retry as error:
                log.warning("waiting for kafka", reason=str(error))
                continue
            except Stop as error:
                # Rather no answer than an old one: the process ends in order, and is started again.
                log.critical("kafka refuses", reason=str(error))
                signal.raise_signal(signal.SIGTERM)
                break
            version = parse(message.key(), message.value()) if message else None
            if version:
                catalogue.add(version)
        reader.close()

    thread = threading.Thread(target=follow, name="schemas", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def run(settings: Settings) -> None:
    """Serve until asked to stop."""
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
