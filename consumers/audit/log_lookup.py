"""Reads what the log says about one person, opening only the segments that name that person."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection

from consumers.audit.contracts import kept
from schemas.codec import decode_body
from schemas.contracts import Contract

SEGMENTS = """
select s.partition, s.number, s.contract, s.body from (
    select partition, number from audit.disclosure where person = %(person)s
    union
    select partition, number from audit.refused where person = %(person)s
) named join audit.segment s on s.partition = named.partition and s.number = named.number
order by s.at desc, s.partition, s.number desc
"""
FETCH = 10
"""A segment is a few hundred kilobytes."""


class LogEntry(NamedTuple):
    """What became of one event for one recipient: a copy on a `deliberation` with a `contract`, or a `reason` why not.

    `chain` and `segment` say where in the log it stands; `replay` whether the event is from before the person was on
    file there.
    """

    at: datetime
    event: str
    recipient: str
    deliberation: str | None
    contract: Contract | None
    reason: str | None
    replay: bool
    chain: int
    segment: int


def look_up(connection: Connection[Any], person: bytes) -> Iterator[LogEntry]:
    """Every disclosure and every refusal about a person, by pseudonym, the newest segment first; streamed.

    The connection is not in autocommit. Everything is read from the segments, which are chained and signed.
    """
    schemas = kept(connection)
    with connection.cursor(name="about_a_person", binary=True) as cursor:
        cursor.itersize = FETCH
        cursor.execute(SEGMENTS, {"person": person})
        for chain, segment, contract, body in cursor:
            record = decode_body(schemas.get(contract), body)
            at, replay = record["at"], bool(record.get("replay"))
            for disclosure in record["disclosures"]:
                if disclosure["person"] == person:
                    yield LogEntry(
                        at, disclosure["event"], disclosure["recipient"], disclosure["deliberation"],
                        schemas.get(disclosure["contract"]), None, replay, chain, segment,
                    )  # fmt: skip
            for refusal in record["refusals"]:
                if refusal["person"] == person:
                    yield LogEntry(
                        at,
                        refusal["event"],
                        refusal["recipient"],
                        None,
                        None,
                        refusal["reason"],
                        replay,
                        chain,
                        segment,
                    )
