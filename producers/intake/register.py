"""Writes and queries the register; every write belongs to its caller's transaction."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import orjson
from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from producers.intake.anomalies import Anomaly
from producers.intake.decisions import SubmittedDecision
from producers.intake.file_validation import RegisterEntry
from producers.intake.receipts import Receipt, ReceiptEntry
from producers.intake.spool import Spool
from schemas.identifiers import EVENT_AT, EVENT_BYTES

Item = TypeVar("Item")
SUBMISSION = """
insert into register.submission (id, digest, accepted, declarations, anomalies, judged)
values (%s, %s, %s, %s, %s, %s)
on conflict do nothing
"""
DECLARATIONS = """
insert into register.declaration
    (id, version, submission, kind, status, employer, quarter, trusteeship, persons, digest, content)
select id, version, %s, kind, status, employer, quarter, trusteeship, persons, digest, content
from unnest(%s::text[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bool[], %s::int[], %s::bytea[],
            %s::jsonb[])
    as new (id, version, kind, status, employer, quarter, trusteeship, persons, digest, content)
order by id
on conflict (id, version) do nothing
returning id
"""
FACTS = "copy {} (topic, key, value) from stdin (format binary)"
RECEIPT = "select id, accepted, declarations, anomalies from register.submission where digest = %s"
ARRIVING = """
create temporary table arriving (number bigint generated always as identity, topic text, key bytea, value bytea)
on commit drop
"""
NOT_LOST = """
insert into register.outbox (topic, key, value)
select topic, key, value from arriving
where not exists (
    select from register.lost where event = encode(substring(arriving.value from %s for %s), 'escape'))
order by number
"""
LOST = "select exists (select from register.lost where submission = %s)"
LOST_ELSEWHERE = """
select distinct lost.declaration from register.lost
where lost.declaration = any(%s) and lost.submission <> %s
  and not exists (select from register.declaration kept
                  where kept.id = lost.declaration and kept.version >= lost.version)
"""
LOST_VERSIONS = """
select declaration, max(version) from register.lost where declaration = any(%s) and submission <> %s group by 1
"""
STILL_LOST = """
select distinct lost.submission, lost.declaration from register.lost
where not exists (select from register.declaration kept
                  where kept.id = lost.declaration and kept.version >= lost.version)
"""
PART = 10_000
"""Declarations in one value or one statement: PostgreSQL takes 256 MB of JSON, and 1 GB at once."""
PARTS = "copy register.receipt_part (submission, number, declarations) from stdin"
FURTHER = "select declarations from register.receipt_part where submission = %s order by number"
VERSIONS = """
select distinct on (id) id, version, digest from register.declaration where id = any(%s) order by id, version desc
"""


class Lost(NamedTuple):
    """A published event, as the topic has it, that the register has lost."""

    topic: str
    key: bytes
    value: bytes
    at: datetime
    event: str
    declaration: str
    version: int
    submission: str


def _json(value: Any) -> Jsonb:
    return Jsonb(value, dumps=orjson.dumps)


def receipt(connection: Connection[Any], digest: bytes, file: str) -> Receipt | None:
    """The receipt of bytes that came before, None when they are new."""
    row = connection.execute(RECEIPT, (digest,)).fetchone()
    if row is None:
        return None
    submission, accepted, declarations, anomalies = row
    declared = [ReceiptEntry(**declaration) for declaration in declarations]
    with connection.cursor() as cursor:
        # One part at a time: together they may be larger than the client likes to hold twice.
        for (further,) in cursor.stream(FURTHER, (submission,)):
            declared += [ReceiptEntry(**declaration) for declaration in further]
    return Receipt(
        file,
        submission,
        accepted,
        True,
        tuple(declared),
        tuple(Anomaly(**anomaly) for anomaly in anomalies),
    )


def versions(
    connection: Connection[Any], decisions: Iterable[SubmittedDecision], submission: str
) -> dict[str, tuple[int, bytes]]:
    """The last version and digest of each of these decisions that is registered, or that another file lost."""
    names = [decision.id for decision in decisions]
    known = {name: (version, bytes(digest)) for name, version, digest in connection.execute(VERSIONS, (names,))}
    for name, version in connection.execute(LOST_VERSIONS, (names, submission)):
        if version > known.get(name, (0, b""))[0]:
            known[name] = version, b""
    return known


def still_lost(connection: Connection[Any]) -> dict[str, set[str]]:
    """By submission, the declarations that were published and lost, and are not restored yet."""
    by_submission: dict[str, set[str]] = {}
    for submission, declaration in connection.execute(STILL_LOST):
        by_submission.setdefault(submission, set()).add(declaration)
    return by_submission


def lost_elsewhere(connection: Connection[Any], submission: str, names: Sequence[str]) -> set[str]:
    """Those of these declarations that were published and lost, and that only another file brings back."""
    return {name for (name,) in connection.execute(LOST_ELSEWHERE, (list(names), submission))}


def add_submission(connection: Connection[Any], given: Receipt, digest: bytes, judged: int) -> bool:
    """Register the receipt of a file, in which so many declarations were judged.

    False when the same bytes are registered already.
    """
    parts = _parts(given.declarations)
    first = _json([asdict(declared) for declared in next(parts, ())])
    anomalies = _json([asdict(anomaly) for anomaly in given.anomalies])
    values = (given.submission, digest, given.accepted, first, anomalies, judged)
    if connection.execute(SUBMISSION, values).rowcount != 1:
        return False
    if len(given.declarations) <= PART:
        return True
    with connection.cursor() as cursor, cursor.copy(PARTS) as copy:
        for number, part in enumerate(parts, 1):
            copy.write_row((given.submission, number, _json([asdict(declared) for declared in part])))
    return True


def _parts(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + PART] for start in range(0, len(items), PART))


def add_declarations(connection: Connection[Any], submission: str, entries: Sequence[RegisterEntry]) -> set[str]:
    """Register declarations; returns the ids that were free and are now taken."""
    # In one order for everybody: two files with the same decisions wait for each other, and never both.
    ordered = sorted(entries, key=lambda entry: entry.declared.declaration)
    return {name for part in _parts(ordered) for name in _add_part(connection, submission, part)}


def _add_part(connection: Connection[Any], submission: str, entries: Sequence[RegisterEntry]) -> Iterator[str]:
    columns = zip(
        *(
            (
                entry.declared.declaration,
                entry.declared.version,
                entry.kind,
                entry.declared.status,
                entry.declared.employer,
                entry.declared.quarter,
                entry.trusteeship,
                entry.declared.persons,
                entry.digest,
                _json(entry.content),
            )
            for entry in entries
        ),
        strict=True,
    )
    return (row[0] for row in connection.execute(DECLARATIONS, (submission, *map(list, columns))))


def add_facts(connection: Connection[Any], spool: Spool, submission: str) -> None:
    """Put the events of a submission into the outbox: all but those that were lost and are restored already."""
    lost = connection.execute(LOST, (submission,)).fetchone()
    if not lost or not lost[0]:
        _copy(connection, spool, sql.Identifier("register", "outbox"))
        return
    connection.execute(ARRIVING)
    _copy(connection, spool, sql.Identifier("arriving"))
    # PostgreSQL counts from 1.
    connection.execute(NOT_LOST, (EVENT_AT + 1, EVENT_BYTES))


def _copy(connection: Connection[Any], spool: Spool, table: sql.Identifier) -> None:
    with connection.cursor() as cursor, cursor.copy(sql.SQL(FACTS).format(table)) as copy:
        for chunk in spool.chunks():
            copy.write(chunk)


def bring_back(connection: Connection[Any], lost: Sequence[Lost]) -> None:
    """Put events that were published and lost back into the outbox, from where they were published."""
    connection.cursor().executemany(
        "insert into register.outbox (topic, key, value, at) values (%s, %s, %s, %s)",
        [(event.topic, event.key, event.value, event.at) for event in lost],
    )
    connection.cursor().executemany(
        "insert into register.lost (event, declaration, version, submission) values (%s, %s, %s, %s)"
        " on conflict do nothing",
        [(event.event, event.declaration, event.version, event.submission) for event in lost],
    )
