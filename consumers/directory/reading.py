"""Parses a record of an institution's topic as a change; the topic, not the record, says which institution it is."""

from io import BytesIO
from typing import cast

from fastavro import schemaless_reader

from consumers.directory.change_decision import DossierChange, DossierKey
from schemas.codec import split
from schemas.contracts import Contract
from schemas.registry import SchemaBook
from schemas.topics import CHANGES
from schemas.twins.dossiers_changes import Change as ChangeRecord


def _whole(contract: Contract, body: bytes) -> ChangeRecord:
    stream = BytesIO(body)
    record = cast("ChangeRecord", schemaless_reader(stream, contract.parsed, None))
    if stream.tell() != len(body):
        raise ValueError
    return record


def read(institution: str, value: bytes, schemas: SchemaBook) -> DossierChange | None:
    """The change in a record of an institution's topic; None where there is none in it."""
    try:
        number, body = split(value)
        contract = schemas.get(number)
        if contract.name != CHANGES:
            return None
        found = _whole(contract, body)
    except Exception:  # noqa: BLE001 - whatever Avro, UTF-8 or a calendar finds wrong in bytes of others
        return None
    return DossierChange(
        id=found["change"],
        action=found["action"],
        key=DossierKey(found["person"], institution, found["quality"]),
        since=found["from"],
        until=found["until"],
        version=found["version"],
    )
