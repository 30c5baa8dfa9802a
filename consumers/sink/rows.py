"""Turns deliveries into rows, by the schema that each one names."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
from confluent_kafka import Message

from backbone.errors import Retry, Stop
from schemas.codec import BadFrame, decode_body, split
from schemas.fields import DELIBERATION, ENVELOPE, REPLAY, TRAIL
from schemas.registry import SchemaBook, UnknownSchema

TIMEOUT_S = 10.0
NOT_FOUND = 404
NEAR = {"127.0.0.1", "::1", "localhost"}
AROUND = {*ENVELOPE, DELIBERATION["name"], REPLAY["name"], *TRAIL}

NOTHING, MARK = "\0", "\N{REPLACEMENT CHARACTER}"
"""PostgreSQL takes no NUL in a text; Avro does."""

StoreRow = tuple[int, int, str, str, bool, str, int, str, str, str, str, datetime, str, str]


def book(registry_url: str) -> SchemaBook:
    """Schemas by id, asked of the registry when one is met for the first time; on this machine, of no proxy."""
    near = (urlsplit(registry_url).hostname or "") in NEAR

    def fetch(number: int) -> str | None:
        address = f"{registry_url.rstrip('/')}/schemas/ids/{number}"
        try:
            answer = httpx.get(address, timeout=TIMEOUT_S, trust_env=not near)
            if answer.status_code == NOT_FOUND:
                return None
            answer.raise_for_status()
            return str(answer.json()["schema"])
        except (httpx.HTTPError, KeyError, ValueError) as error:
            raise Retry(f"The schema registry does not answer: {type(error).__name__}.") from error

    return SchemaBook(fetch)


def _storable(value: Any) -> Any:
    """The same with every NUL made visible."""
    match value:
        case str():
            return value.replace(NOTHING, MARK)
        case list():
            return [_storable(inner) for inner in value]
        case dict():
            return {name: _storable(inner) for name, inner in value.items()}
    return value


def _json(content: Any) -> str:
    text = orjson.dumps(content).decode()
    return orjson.dumps(_storable(content)).decode() if "\\u0000" in text else text


def rows(messages: Iterable[Message], schemas: SchemaBook) -> Iterator[StoreRow]:
    """One row per delivery, in the order of the columns of `store.record`.

    Raises Retry when a schema cannot be had now, Stop when a delivery is not what an exchange writes.
    """
    for message in messages:
        partition, offset = int(message.partition() or 0), int(message.offset() or 0)
        try:
            number, body = split(message.value() or b"")
            contract = schemas.get(number)
            record = decode_body(contract, body)
        except UnknownSchema as error:
            raise Retry(f"The registry does not know schema {error} yet.") from error
        except (BadFrame, ValueError, IndexError, EOFError) as error:
            position = f"{message.topic()}[{partition}]@{offset}"
            raise Stop(f"{position} cannot be read.", "Nothing was skipped; look at who wrote it.") from error
        content = {name: value for name, value in record.items() if name not in AROUND}
        yield (
            partition,
            offset,
            record["event"],
            record["deliberation"],
            record["replay"],
            record["declaration"],
            record["version"],
            record["status"],
            record["quarter"],
            record["employer"],
            record["person"],
            record["occurred_at"],
            contract.name,
            _json(content),
        )
