"""Judges events again that were judged by a wrong day, and delivers once what was wrongly withheld.

Only deliberations that hold on the right day and did not hold on the wrong one are judged by: everything else was
judged as it should be. What was delivered on one that held on the wrong day only cannot be taken back; it is counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from confluent_kafka import murmur2
from psycopg import Connection

from backbone.progress import Progress
from consumers.audit.contracts import kept
from consumers.directory import look_up
from consumers.exchange.account import Account
from consumers.exchange.batch import EventBatch, Received, concerned, opened
from consumers.exchange.records import OutgoingRecord, bundles, deliveries, disclosures
from consumers.narrowing.access import Access
from consumers.narrowing.narrow import Narrowed, NarrowedCopy, narrow
from consumers.narrowing.projection import Projection, in_force
from consumers.replay import due
from consumers.replay.due import Disclosed
from schemas.codec import decode_body
from schemas.identifiers import event_of
from schemas.legal_day import legal_day
from schemas.registry import SchemaBook

SEGMENTS = """
select at, contract, body from audit.segment where at >= %s and at < %s order by partition, number
"""
PLACES = "select tx::text::bigint, id, at, value from register.outbox where key = any(%s) order by tx, id"
ACCEPTED = "select tx::text::bigint, id from register.outbox where at >= %s and at < %s order by tx, id limit 1"
BEFORE = """
select tx::text::bigint, id from (
    select tx, id, at from register.outbox where (tx, id) <= (%s::text::xid8, %s) order by tx desc, id desc limit %s
) as near where at >= %s order by tx, id limit 1
"""
AFTER = """
select tx::text::bigint, id from (
    select tx, id, at from register.outbox where (tx, id) >= (%s::text::xid8, %s) order by tx, id limit %s
) as near where at <= %s order by tx desc, id desc limit 1
"""
BETWEEN = """
select tx::text::bigint, id, topic, key, value from register.outbox
where (tx, id) >= (%s::text::xid8, %s) and (tx, id) <= (%s::text::xid8, %s) order by tx, id
"""
FETCH = 10
PERSONS = 500
AT_ONCE = 2_000
AROUND = timedelta(hours=1)
NEAR = 100_000
"""What the log does not name may lie before the first and behind the last that it names: so far, and so many."""


@dataclass
class ExchangedPeriod:
    """What the log says of a period: which day each event was judged by, about whom, and what was delivered on what."""

    days: dict[str, date] = field(default_factory=dict)
    persons: set[bytes] = field(default_factory=set)
    delivered: dict[date, Counter[tuple[str, str]]] = field(default_factory=dict)
    """By day, recipient and deliberation."""


class WrongDays(NamedTuple):
    """By wrong day: what held on the right day only, and what held on that day only."""

    withheld: dict[date, tuple[Projection, ...]]
    too_much: dict[date, frozenset[str]]


class RegisteredEvent(NamedTuple):
    """An event as the register has it, and where."""

    progress: Progress
    received: Received


def judged(connection: Connection[Any], since: datetime, until: datetime) -> ExchangedPeriod:
    """What was exchanged in a period, by the clock of the exchange; replays are not judged by a day of their own."""
    period, schemas = ExchangedPeriod(), kept(connection)
    with connection.cursor(name="judged", binary=True) as cursor:
        cursor.itersize = FETCH
        cursor.execute(SEGMENTS, (since, until))
        for at, contract, body in cursor:
            record = decode_body(schemas.get(contract), body)
            day = legal_day(at)
            delivered = period.delivered.setdefault(day, Counter())
            if record.get("replay"):
                continue
            for entry in (*record["disclosures"], *record["refusals"]):
                period.days[entry["event"]] = day
                period.persons.add(entry["person"])
            delivered.update((entry["recipient"], entry["deliberation"]) for entry in record["disclosures"])
    return period


def wrong(projections: Iterable[Projection], days: Iterable[date], right: date) -> WrongDays:
    """How judging by these days differs from judging by the right one; days that make no difference are left out."""
    every = tuple(projections)
    held = set(in_force(every, right))
    withheld, too_much = {}, {}
    for day in days:
        then = set(in_force(every, day))
        if lacking := held - then:
            withheld[day] = tuple(projection for projection in every if projection in lacking)
        if beyond := {projection.deliberation for projection in then - held}:
            too_much[day] = frozenset(beyond)
    return WrongDays(withheld, too_much)


def excess(period: ExchangedPeriod, difference: WrongDays) -> Counter[tuple[str, str]]:
    """How many copies were made on deliberations that did not hold, by recipient and deliberation."""
    made: Counter[tuple[str, str]] = Counter()
    for day, names in difference.too_much.items():
        for (recipient, deliberation), copies in period.delivered[day].items():
            if deliberation in names:
                made[recipient, deliberation] += copies
    return made


def candidates(
    connection: Connection[Any],
    period: ExchangedPeriod,
    since: datetime,
    until: datetime,
    published: Progress,
    partitions: int,
) -> Iterator[list[RegisteredEvent]]:
    """The events that may have been judged in that period, in the order they were published.

    Those the log names, and what lies between and around them: the log does not name an event that concerned nobody by
    that day. Where it names none, those that were accepted in the period by the register's own clock.
    """
    with connection.transaction():
        first, last = _range(connection, period)
        row = None if first else connection.execute(ACCEPTED, (since, until)).fetchone()
        if row:
            first, last = Progress(*row), published
        if first is None or last is None:
            return
        last = min(last, published)
        with connection.cursor(name="again", binary=True) as cursor:
            cursor.execute(BETWEEN, (str(first.tx), first.id, str(last.tx), last.id))
            while rows := cursor.fetchmany(AT_ONCE):
                yield [
                    RegisteredEvent(Progress(tx, number), Received(topic, murmur2(key, partitions), number, key, value))
                    for tx, number, topic, key, value in rows
                ]


def _range(connection: Connection[Any], period: ExchangedPeriod) -> tuple[Progress | None, Progress | None]:
    """The first and the last event in the register that the log names, and what was accepted around them."""
    named: list[tuple[Progress, datetime]] = []
    persons = sorted(period.persons)
    for start in range(0, len(persons), PERSONS):
        for tx, number, at, value in connection.execute(PLACES, (persons[start : start + PERSONS],), binary=True):
            if event_of(value) in period.days:
                named.append((Progress(tx, number), at))
        named = [min(named), max(named)] if named else []
    if not named:
        return None, None
    (first, began), (last, ended) = named
    before = connection.execute(BEFORE, (str(first.tx), first.id, NEAR, began - AROUND)).fetchone()
    after = connection.execute(AFTER, (str(last.tx), last.id, NEAR, ended + AROUND)).fetchone()
    return Progress(*before) if before else first, Progress(*after) if after else last


def again(
    connection: Connection[Any],
    entries: Sequence[RegisteredEvent],
    period: ExchangedPeriod,
    difference: WrongDays,
    schemas: SchemaBook,
    at: datetime,
    revision: int,
) -> Iterator[OutgoingRecord]:
    """Copies, bundles for the rules and disclosures of what was withheld by the wrong day alone."""
    batch = opened([entry.received for entry in entries], schemas)
    with connection.cursor() as cursor:
        dossiers = look_up(cursor, concerned(batch))
        recipients = {projection.recipient for withheld in difference.withheld.values() for projection in withheld}
        disclosed = due.disclosed(cursor, [message.key for message in batch.sources], sorted(recipients))
    copies: list[NarrowedCopy] = []
    for day, places in _by_day(batch, period, difference).items():
        # The day of an event that the log does not name is unknown: what any of the days withheld counts.
        withheld = difference.withheld[day] if day else _any(difference)
        narrowed = narrow([batch.events[index] for index in places], Access(withheld), dossiers, replay=True)
        copies += [copy._replace(source=places[copy.source]) for copy in narrowed.copies if not _had(disclosed, copy)]
    made = Narrowed(copies=sorted(copies, key=lambda copy: copy.source))
    events = EventBatch(batch.sources, batch.events, [], [])
    account = Account(events, made)
    yield from deliveries(events, made, account)
    yield from bundles(events, made, at, account)
    yield from disclosures(events, made, account, at, revision, replay=True)


def _by_day(batch: EventBatch, period: ExchangedPeriod, difference: WrongDays) -> dict[date | None, list[int]]:
    places: dict[date | None, list[int]] = {}
    for index, message in enumerate(batch.sources):
        day = period.days.get(event_of(message.value))
        if day is None or day in difference.withheld:
            places.setdefault(day, []).append(index)
    return places


def _any(difference: WrongDays) -> tuple[Projection, ...]:
    return tuple(dict.fromkeys(projection for withheld in difference.withheld.values() for projection in withheld))


def _had(disclosed: Disclosed, copy: NarrowedCopy) -> bool:
    number = copy.projection.deliberation.partition("@")[0]
    return (copy.projection.recipient, copy.event, number) in disclosed
