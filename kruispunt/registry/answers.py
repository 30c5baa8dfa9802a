"""Formats answers as a stock schema registry does: media types, error codes and messages."""

import json
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from schemas.registration import SchemaVersion

MEDIA = ("application/vnd.schemaregistry.v1+json", "application/vnd.schemaregistry+json", "application/json")
"""What is answered, the most exact first."""
TAKEN = frozenset({*MEDIA, "application/octet-stream", ""})
"""What is read: without a content type, JSON is meant."""
JSON = MEDIA[-1]
AVRO = "AVRO"
NO_CONFIG = 40408
NO_MODE = 40409
LONGEST_BODY = 1 << 20
UNACCEPTABLE = 0.0


class RegistryError(Exception):
    """An answer that is an error: `code` begins with the HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def subject_not_found(subject: str) -> RegistryError:
    """Nothing is registered under this subject."""
    return RegistryError(40401, f"Subject '{subject}' not found.")


def version_not_found(version: int) -> RegistryError:
    """The subject has no such version."""
    return RegistryError(40402, f"Version {version} not found.")


def schema_not_found(number: str = "") -> RegistryError:
    """No schema has this id, or no version of the subject this schema."""
    return RegistryError(40403, f"Schema {number} not found" if number else "Schema not found")


def not_configured(subject: str, what: str, code: int) -> RegistryError:
    """Asked about a subject by itself, where only the whole is configured."""
    return RegistryError(code, f"Subject '{subject}' does not have subject-level {what} configured")


def invalid_schema(message: str) -> RegistryError:
    """What is to be looked up is not a schema."""
    return RegistryError(42201, message)


def invalid_version(version: str) -> RegistryError:
    """Neither a number nor `latest`: not there, as all that is not there is promised to be answered."""
    return RegistryError(
        40402,
        f"The specified version '{version}' is not a valid version id. "
        'Allowed values are between [1, 2^31-1] and the string "latest"',
    )


def read_only(what: str) -> RegistryError:
    """Schemas come out of the contracts in the code and the deliberations, never out of a request."""
    return RegistryError(42205, f"{what} is in read-only mode")


def version(found: SchemaVersion) -> dict[str, Any]:
    """A version as it is answered."""
    return {"subject": found.subject, "version": found.version, "id": found.id, "schema": found.schema}


def schema_in(body: dict[str, Any]) -> tuple[str, str]:
    """The schema a request is about, and its type.

    Raises RegistryError.
    """
    schema, kind = body.get("schema"), body.get("schemaType") or AVRO
    if not isinstance(schema, str) or not isinstance(kind, str):
        raise invalid_schema("Invalid schema: the field `schema` holds it as text")
    return schema, kind


def http(status: int) -> RegistryError:
    """An error of HTTP itself."""
    return RegistryError(status, f"HTTP {status} {HTTPStatus(status).phrase}")


def answered(error: RegistryError) -> JSONResponse:
    """The body of an error."""
    status = int(str(error.code)[:3])
    return JSONResponse({"error_code": error.code, "message": error.message}, status)


async def requested(request: Request) -> dict[str, Any]:
    """The JSON object in the body of a request.

    Raises RegistryError.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in TAKEN:
        raise http(415)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            raise http(413)
    if not body:
        raise RegistryError(422, "The request has no body")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RegistryError(400, "The body is not JSON") from error
    if not isinstance(found, dict):
        raise RegistryError(400, "The body is not a JSON object")
    return found


def media_type(accepted: Iterable[str]) -> str | None:
    """The best of what we have for the `Accept` headers of a request; None when they want none of it."""
    wanted: dict[str, float] = {}
    for entry in ",".join(accepted).split(","):
        media, *parameters = (part.strip().lower() for part in entry.split(";"))
        if media:
            wanted[media] = _weight(parameters)
    if not wanted:
        return MEDIA[0]
    weights = {
        media: wanted.get(media, wanted.get("application/*", wanted.get("*/*", UNACCEPTABLE))) for media in MEDIA
    }
    best = max(MEDIA, key=weights.__getitem__)
    return best if weights[best] > UNACCEPTABLE else None


def _weight(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return UNACCEPTABLE
    return 1.0


def speak_as_a_registry(app: FastAPI) -> None:
    """Give every response of an application the form of a schema registry's."""

    @app.exception_handler(RegistryError)
    async def refused(_request: Request, error: RegistryError) -> JSONResponse:
        return answered(error)

    @app.exception_handler(HTTPException)
    async def unknown(_request: Request, failure: HTTPException) -> JSONResponse:
        response = answered(http(failure.status_code))
        response.headers.update(failure.headers or {})
        return response

    @app.exception_handler(Exception)
    async def failed(_request: Request, _failure: Exception) -> JSONResponse:
        return answered(RegistryError(50001, "Error in the backend data store"))

    @app.middleware("http")
    async def negotiate(request: Request, follow: Callable[[Request], Awaitable[Response]]) -> Response:
        media = media_type(request.headers.getlist("accept"))
        response = await follow(request) if media else answered(http(406))
        if response.headers.get("content-type") == "application/json":
            response.headers["content-type"] = media or MEDIA[0]
        return response
