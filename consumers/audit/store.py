"""Writes segments and the rows derived from them; each segment is chained to the previous one."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from confluent_kafka import Message
from psycopg import Cursor

from backbone.errors import Stop
from backbone.tally import NONE, Tally, digest_of
from consumers.audit.hash_chain import BEGINNING, Link, chained
from schemas.codec import BadFrame, Record, decode_body, split
from schemas.institutions import INSTITUTIONS
from schemas.registry import SchemaBook, UnknownSchema

LAST = """
select wanted.partition, last.number, last.hash
from unnest(%s::int[]) wanted (partition) cross join lateral (
    select number, hash from audit.segment where partition = wanted.partition order by number desc limit 1
) last
"""
SEGMENT = """
copy audit.segment (partition, number, at, exchanged, refused, contract, body, previous, hash)
from stdin (format binary)
"""
SEGMENT_TYPES = ("int4", "int8", "timestamptz", "int4", "int4", "int4", "bytea", "bytea", "bytea")
DISCLOSURE = """
copy audit.disclosure (partition, number, event, person, recipient, deliberation, contract, replay)
from stdin (format binary)
"""
DISCLOSURE_TYPES = ("int4", "int8", "text", "bytea", "text", "text", "int4", "bool")
REFUSAL = "copy audit.refusal (partition, number, recipient, reason, events) from stdin"
REFUSED = "copy audit.refused (partition, number, person) from stdin (format binary)"
REFUSED_TYPES = ("int4", "int8", "bytea")
TALLY = """
insert into audit.tally as kept (what, recipient, deliberation, partition, day, number, digest)
select * from unnest(%s::text[], %s::text[], %s::text[], %s::int[], %s::date[], %s::bigint[], %s::numeric[])
on conflict (what, recipient, deliberation, partition, day) do update
set number = kept.number + excluded.number, digest = kept.digest + excluded.digest
"""
UNTOLD = datetime(1970, 1, 1, tzinfo=UTC)
"""The day of what was written by a version that did not sum up."""


class Segment(NamedTuple):
    """A record of disclosures to be stored: the previous link, its own, its contract, its bytes and its content."""

    partition: int
    before: Link
    link: Link
    contract: int
    body: bytes
    record: Record


def _last(cursor: Cursor[Any], partitions: set[int]) -> dict[int, Link]:
    cursor.execute(LAST, (list(partitions),))
    links = {partition: Link(number, kept) for partition, number, kept in cursor}
    return {partition: links.get(partition, Link(0, BEGINNING)) for partition in partitions}


def segments(cursor: Cursor[Any], messages: Iterable[Message], schemas: SchemaBook) -> list[Segment]:
    """Each message as a segment that follows the last of its partition.

    Raises Stop when one is not what an exchange writes.
    """
    received = list(messages)
    last = _last(cursor, {int(message.partition() or 0) for message in received})
    made = []
    for message in received:
        partition = int(message.partition() or 0)
        try:
            contract, body = split(message.value() or b"")
            record = decode_body(schemas.get(contract), body)
        except (BadFrame, UnknownSchema, ValueError, IndexError, EOFError) as error:
            position = f"{message.topic()}[{partition}]@{message.offset()}"
            raise Stop(f"{position} cannot be read.", "Nothing was skipped; look at who wrote it.") from error
        before = last[partition]
        last[partition] = chained(before, partition, contract, body)
        made.append(Segment(partition, before, last[partition], contract, body, record))
    return made


def named(segments: Iterable[Segment]) -> set[int]:
    """The schemas of these segments and of the copies they record."""
    numbers = {segment.contract for segment in segments}
    for segment in segments:
        numbers.update({disclosure["contract"] for disclosure in segment.record["disclosures"]})
    return numbers


def refused(record: Record) -> set[bytes]:
    """About whom a record holds refusals and no disclosure."""
    disclosed_to = {disclosure["person"] for disclosure in record["disclosures"]}
    return {refusal["person"] for refusal in record["refusals"]} - disclosed_to


def _refusals(record: Record) -> Iterator[tuple[str, str, int]]:
    """How many events each recipient did not get, by reason."""
    counted = Counter((refusal["recipient"], refusal["reason"]) for refusal in record["refusals"])
    # Records of before there were such counts have none.
    for count in record.get("counted", ()):
        counted[count["recipient"], count["reason"]] += count["events"]
    for (recipient, reason), events in counted.items():
        yield recipient, reason, events


Cell = tuple[str, str, str, int, datetime]
"""What, recipient, deliberation, partition and day of a tally."""


def tallies(segment: Segment) -> Iterator[tuple[Cell, Tally]]:
    """What a segment adds to the tallies."""
    partition, record = segment.partition, segment.record
    if "read" not in record:
        yield from _without_sums(segment)
        return
    day = record["at"] - (record["at"] - UNTOLD) % timedelta(days=1)
    if record["read"]:
        yield ("exchanged", "", "", partition, day), Tally(record["read"], int(record["digest"]))
    if unreadable := record["exchanged"] - record["read"]:
        yield ("unreadable", "", "", partition, day), Tally(unreadable, None)
    for accounted in record["accounted"]:
        yield (
            ("accounted", accounted["recipient"], "", partition, day),
            Tally(accounted["number"], int(accounted["digest"])),
        )
    for delivered in record["delivered"]:
        cell = "delivered", delivered["recipient"], delivered["deliberation"], partition, delivered["day"]
        yield cell, Tally(delivered["number"], int(delivered["digest"]))


def _without_sums(segment: Segment) -> Iterator[tuple[Cell, Tally]]:
    """The tallies of a record of an earlier version, as far as it has them."""
    partition, record = segment.partition, segment.record
    for disclosure in record["disclosures"]:
        cell = "delivered", disclosure["recipient"], disclosure["deliberation"], partition, UNTOLD
        yield cell, Tally(1, digest_of(disclosure["event"]))
    if record.get("replay", False):
        return
    reached = Counter(
        name for name, _ in {(disclosure["recipient"], disclosure["event"]) for disclosure in record["disclosures"]}
    )
    for name, _, events in _refusals(record):
        reached[name] += events
    for name, number in reached.items():
        if name in INSTITUTIONS:
            yield ("accounted", name, "", partition, UNTOLD), Tally(number, None)
    if record["exchanged"]:
        yield ("exchanged", "", "", partition, UNTOLD), Tally(record["exchanged"], None)


def _sum_up(cursor: Cursor[Any], segments: list[Segment]) -> None:
    summed: dict[Cell, Tally] = {}
    for segment in segments:
        for cell, tally in tallies(segment):
            summed[cell] = summed.get(cell, NONE).plus(tally)
    if summed:
        rows = [(*cell, *summed[cell]) for cell in sorted(summed)]
        cursor.execute(TALLY, [list(column) for column in zip(*rows, strict=True)])


def write(cursor: Cursor[Any], segments: list[Segment]) -> None:
    """Add the rows of segments, and what they come to."""
    _sum_up(cursor, segments)
    with cursor.copy(SEGMENT) as copy:
        copy.set_types(SEGMENT_TYPES)
        for partition, before, link, contract, body, record in segments:
            entries = len(record["refusals"])
            copy.write_row(
                (
                    partition, link.number, record["at"], record["exchanged"], entries, contract, body, before.hash,
                    link.hash,
                )
            )  # fmt: skip
    with cursor.copy(DISCLOSURE) as copy:
        copy.set_types(DISCLOSURE_TYPES)
        for segment in segments:
            partition, number = segment.partition, segment.link.number
            # Records from before replays existed lack the field.
            replay = segment.record.get("replay", False)
            for disclosure in segment.record["disclosures"]:
                copy.write_row(
                    (
                        partition, number, disclosure["event"], disclosure["person"], disclosure["recipient"],
                        disclosure["deliberation"], disclosure["contract"], replay,
                    )
                )  # fmt: skip
    with cursor.copy(REFUSAL) as copy:
        for segment in segments:
            for recipient, reason, events in _refusals(segment.record):
                copy.write_row((segment.partition, segment.link.number, recipient, reason, events))
    with cursor.copy(REFUSED) as copy:
        copy.set_types(REFUSED_TYPES)
        for segment in segments:
            for person in refused(segment.record):
                copy.write_row((segment.partition, segment.link.number, person))
