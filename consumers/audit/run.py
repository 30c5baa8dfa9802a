"""Keeps each record of disclosures exactly once, chained to the one before it."""

from collections import Counter
from typing import Any

from confluent_kafka import Message
from psycopg import Cursor

from backbone.errors import Stop
from backbone.settings import Settings
from consumers import keeper
from consumers.audit.chain import BEGINNING, Link, chained
from schemas.codec import BadFrame, Record, decode_body, split
from schemas.registry import SchemaBook, UnknownSchema
from schemas.topics import DISCLOSURES

AUDIT = "audit"
BATCH = 50
"""Records of disclosures are large: a few megabytes at a time."""

LAST = """
select distinct on (partition) partition, number, hash from audit.segment
where partition = any(%s) order by partition, number desc
"""
SEGMENT = """
copy audit.segment (partition, number, at, exchanged, refused, contract, body, previous, hash)
from stdin (format binary)
"""
SEGMENT_TYPES = ("int4", "int8", "timestamptz", "int4", "int4", "int4", "bytea", "bytea", "bytea")
DISCLOSURE = """
copy audit.disclosure (partition, number, event, person, recipient, deliberation, contract)
from stdin (format binary)
"""
DISCLOSURE_TYPES = ("int4", "int8", "text", "bytea", "text", "text", "int4")
REFUSAL = "copy audit.refusal (partition, number, recipient, reason, events) from stdin"

Segment = tuple[int, Link, Link, int, bytes, Record]


def _last(cursor: Cursor[Any], partitions: set[int]) -> dict[int, Link]:
    cursor.execute(LAST, (list(partitions),))
    found = {partition: Link(number, kept) for partition, number, kept in cursor}
    return {partition: found.get(partition, Link(0, BEGINNING)) for partition in partitions}


def _segments(cursor: Cursor[Any], messages: list[Message], schemas: SchemaBook) -> list[Segment]:
    """Each record with its partition, the link before it, its own link, its contract and its bytes.

    Raises Stop when one is not what an exchange writes.
    """
    last = _last(cursor, {int(message.partition() or 0) for message in messages})
    made = []
    for message in messages:
        partition = int(message.partition() or 0)
        try:
            contract, body = split(message.value() or b"")
            record = decode_body(schemas.get(contract), body)
        except (BadFrame, UnknownSchema, ValueError, IndexError, EOFError) as error:
            place = f"{message.topic()}[{partition}]@{message.offset()}"
            raise Stop(f"{place} cannot be read.", "Nothing was skipped; look at who wrote it.") from error
        before = last[partition]
        last[partition] = chained(before, partition, contract, body)
        made.append((partition, before, last[partition], contract, body, record))
    return made


def _write(cursor: Cursor[Any], segments: list[Segment]) -> None:
    with cursor.copy(SEGMENT) as copy:
        copy.set_types(SEGMENT_TYPES)
        for partition, before, link, contract, body, record in segments:
            refused = len(record["refusals"])
            copy.write_row(
                (
                    partition, link.number, record["at"], record["exchanged"], refused, contract, body, before.hash,
                    link.hash,
                )
            )  # fmt: skip
    with cursor.copy(DISCLOSURE) as copy:
        copy.set_types(DISCLOSURE_TYPES)
        for partition, _, link, _, _, record in segments:
            for one in record["disclosures"]:
                copy.write_row(
                    (
                        partition, link.number, one["event"], one["person"], one["recipient"], one["deliberation"],
                        one["contract"],
                    )
                )  # fmt: skip
    with cursor.copy(REFUSAL) as copy:
        for partition, _, link, _, _, record in segments:
            counted = Counter((one["recipient"], one["reason"]) for one in record["refusals"])
            # Records of before there were such counts have none.
            for one in record.get("counted", ()):
                counted[one["recipient"], one["reason"]] += one["events"]
            for (recipient, reason), events in counted.items():
                copy.write_row((partition, link.number, recipient, reason, events))


def run(settings: Settings) -> None:
    """Keep until asked to stop."""
    schemas = SchemaBook()

    def write(cursor: Cursor[Any], messages: list[Message]) -> None:
        _write(cursor, _segments(cursor, messages, schemas))

    keeper.run(
        settings,
        user=AUDIT,
        topics=(DISCLOSURES,),
        group=AUDIT,
        database="kruispunt",
        schema=AUDIT,
        write=write,
        batch=BATCH,
    )
