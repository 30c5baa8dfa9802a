"""Adds to a log that an earlier version began what this version stores beside it: schemas, and who was refused."""

from typing import Any

from psycopg import Connection

from backbone.postgres import hold
from consumers.audit.contracts import Contracts
from consumers.audit.store import REFUSED, REFUSED_TYPES, refused
from schemas.codec import decode_body
from schemas.locks import StageLock
from schemas.registry import SchemaBook

BEHIND = "select exists (select from audit.segment) and not exists (select from audit.contract)"
SEGMENTS = "select partition, number, contract, body from audit.segment"
FETCH = 50


def catch_up(connection: Connection[Any], schemas: SchemaBook) -> int:
    """Catch up in one transaction, unless it was done before; returns how many segments were read.

    Raises Stop when a schema the log names is published nowhere.
    """
    named: set[int] = set()
    count = 0
    with connection.transaction(), connection.cursor() as writing:
        hold(writing, StageLock.CHECKPOINT)
        if writing.execute(BEHIND).fetchone() != (True,):
            return 0
        with connection.cursor(name="catch_up", binary=True) as reading:
            reading.execute(SEGMENTS)
            while rows := reading.fetchmany(FETCH):
                segments = [(row, decode_body(schemas.get(row[2]), row[3])) for row in rows]
                with writing.copy(REFUSED) as copy:
                    copy.set_types(REFUSED_TYPES)
                    for (partition, number, contract, _), record in segments:
                        named |= {contract, *(disclosure["contract"] for disclosure in record["disclosures"])}
                        for person in refused(record):
                            copy.write_row((partition, number, person))
                count += len(rows)
        Contracts(schemas).keep(writing, named)
    return count
