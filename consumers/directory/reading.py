"""Reads a record of the topic of an institution as a change; whose it is, the topic says and nothing in the record."""

from io import BytesIO
from typing import Any, cast

from confluent_kafka import Message
from fastavro import schemaless_reader

from consumers.directory.batch import Unreadable
from consumers.directory.changes import Change, Key
from schemas.codec import split
from schemas.contracts import Contract
from schemas.institutions import INSTITUTIONS
from schemas.registry import SchemaBook
from schemas.topics import CHANGES, changes

WHOSE = {changes(name): name for name in INSTITUTIONS}
"""Institutions by the topic on which they say whom they have on file."""


def _whole(contract: Contract, body: bytes) -> dict[str, Any]:
    stream = BytesIO(body)
    record = cast("dict[str, Any]", schemaless_reader(stream, contract.parsed, None))
    if stream.tell() != len(body):
        raise ValueError
    return record


def read(message: Message, schemas: SchemaBook) -> Change | Unreadable:
    """The change in a record, or that it holds none."""
    institution = WHOSE[str(message.topic())]
    try:
        number, body = split(message.value() or b"")
        contract = schemas.get(number)
        if contract.name != CHANGES:
            return Unreadable(institution)
        found = _whole(contract, body)
    except Exception:  # noqa: BLE001 - whatever Avro, UTF-8 or a calendar finds wrong in bytes of others
        return Unreadable(institution)
    return Change(
        id=found["change"],
        action=found["action"],
        key=Key(found["person"], institution, found["quality"]),
        since=found["from"],
        until=found["until"],
        version=found["version"],
    )
