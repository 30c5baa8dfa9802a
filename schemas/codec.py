"""Turns records into framed Avro bytes and back, with the writer's own schema."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any, cast

from fastavro import schemaless_reader, schemaless_writer

from schemas.contracts import MAGIC, Contract

Record = dict[str, Any]
PREFIX_BYTES = 5


class BadFrame(ValueError):
    """The bytes do not begin with the Confluent framing: byte 0 and a 4-byte schema id."""


def encode_body(contract: Contract, record: Mapping[str, Any]) -> bytes:
    """The Avro body alone, without framing."""
    out = BytesIO()
    schemaless_writer(out, contract.parsed, record)
    return out.getvalue()


def encode(contract: Contract, record: Mapping[str, Any]) -> bytes:
    """Byte 0, schema id, body: what any stock client reads."""
    out = BytesIO()
    out.write(contract.prefix)
    schemaless_writer(out, contract.parsed, record)
    return out.getvalue()


def split(value: bytes) -> tuple[int, bytes]:
    """Schema id and body of a framed value.

    Raises BadFrame.
    """
    if len(value) < PREFIX_BYTES or value[:1] != MAGIC:
        raise BadFrame
    return int.from_bytes(value[1:PREFIX_BYTES], "big"), value[PREFIX_BYTES:]


def decode_body(contract: Contract, body: bytes) -> Record:
    """The record in a body that was written with exactly this contract."""
    return cast("Record", schemaless_reader(BytesIO(body), contract.parsed, None))
