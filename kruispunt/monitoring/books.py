"""Reads the books: what every store summed up where it happened and when it happened, with the data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from psycopg import Connection

from backbone import kafka, postgres
from backbone.progress import PublishedSums, summed
from backbone.schema_topic import published_book
from backbone.settings import Settings
from backbone.tally import NONE, Tally, digest_of, leading
from kruispunt.monitoring import dead_letter_counts
from kruispunt.monitoring.dead_letter_counts import DeadLetterCounts
from schemas.codec import decode_body, split
from schemas.contracts import contract
from schemas.institutions import HOSTED
from schemas.registry import SchemaBook
from schemas.roles import Role
from schemas.topics import FACTS, POSITIONS
from schemas.twins.dead_letters import DeadLetter as DeadLetterRecord

RULES = "rules"
EXCHANGE = "exchange"

REGISTERED: LiteralString = "select sum(number)::bigint, sum(digest) from register.tally"
LOGGED: LiteralString = "select what, recipient, deliberation, partition, day, number, digest from audit.tally"
STORED: LiteralString = "select deliberation, partition, day, number, digest from store.tally"
DECIDED: LiteralString = "select what, deliberation, partition, number, digest from rules.tally"
TOLD: LiteralString = "select what, sum(number)::bigint, sum(digest) from notifier.tally group by what"
STATES: LiteralString = "select state, coalesce(channel, ''), number, digest from notifier.notice_tally"
ACCEPTED: LiteralString = "select from register.fact_digest where digest = sha256(%b) limit 1"
MANIFESTS: LiteralString = "select sum(number)::bigint, sum(digest) from notifier.manifest"

ANSWERS_DUE: LiteralString = "select what, number, digest from register.answers_due"
ANSWERS_STORED: LiteralString = "select what, number, digest from register.answers_stored"
ACKNOWLEDGEMENTS, NOTIFICATIONS = "acknowledgements", "notifications"

Cells = Mapping[tuple[Any, ...], Tally]


class Logged(NamedTuple):
    """A cell of the tallies of the log."""

    what: str
    recipient: str
    deliberation: str
    partition: int
    day: datetime


@dataclass(frozen=True, slots=True)
class Books:
    """The tallies of every store."""

    answered: Mapping[str, tuple[Tally, Tally]]
    """By kind of answer to a submission, what is due and what is stored."""
    accepted: Tally
    published: Mapping[str, PublishedSums]
    log: Mapping[Logged, Tally]
    stored: Mapping[str, Cells]
    decided: Cells
    notified: Mapping[str, Tally]
    notices: Mapping[tuple[str, str], Tally]
    printed: Tally
    dead_letters: DeadLetterCounts
    dropped: Cells


def tally(number: Any, digest: Any) -> Tally:
    """A tally as a query gives it."""
    return Tally(int(number or 0), None if digest is None and number else int(digest or 0))


def cells(connection: Connection[Any], query: LiteralString) -> dict[tuple[Any, ...], Tally]:
    """The tallies of a query whose last two columns are number and digest, by the others."""
    return {tuple(key): tally(number, digest) for *key, number, digest in connection.execute(query)}


def single(connection: Connection[Any], query: LiteralString) -> Tally:
    """The one tally of a query."""
    return cells(connection, query).get((), NONE)


def published(settings: Settings) -> dict[str, PublishedSums]:
    """All that the relay published, by outbox and topic.

    Raises Retry.
    """
    return summed(kafka.read_all(settings, Role.INSPECTOR, POSITIONS))


def read(settings: Settings) -> Books:
    """The tallies of every store now.

    Raises Retry.
    """
    stored = {}
    for name in HOSTED:
        with postgres.connect(settings, Role.INSPECTOR, name) as connection:
            stored[name] = cells(connection, STORED)
    with postgres.connect(settings, Role.INSPECTOR) as connection:
        letters = dead_letter_counts.look(settings, connection)
        dropped = _dropped(settings, connection, letters.dropped) if letters.dropped else {}
        return Books(
            answered=_answered(connection),
            accepted=single(connection, REGISTERED),
            published=published(settings),
            log={Logged(*key): tally for key, tally in cells(connection, LOGGED).items()},
            stored=stored,
            decided=cells(connection, DECIDED),
            notified={key[0]: tally for key, tally in cells(connection, TOLD).items()},
            notices={(key[0], key[1]): tally for key, tally in cells(connection, STATES).items()},
            printed=single(connection, MANIFESTS),
            dead_letters=letters,
            dropped=dropped,
        )


def _answered(connection: Connection[Any]) -> dict[str, tuple[Tally, Tally]]:
    """What the submissions owe, and the answers that are stored."""
    due, stored = cells(connection, ANSWERS_DUE), cells(connection, ANSWERS_STORED)
    return {kind: (due.get((kind,), NONE), stored.get((kind,), NONE)) for kind in (ACKNOWLEDGEMENTS, NOTIFICATIONS)}


def _dropped(
    settings: Settings, connection: Connection[Any], letters: Iterable[DeadLetterRecord]
) -> dict[tuple[Any, ...], Tally]:
    """What of the facts and events that were published an operator decided to drop: they are not missing."""
    book = published_book(settings, Role.INSPECTOR)
    dropped: dict[tuple[Any, ...], Tally] = {}

    def drop(key: tuple[Any, ...], digest: int | None) -> None:
        dropped[key] = dropped.get(key, NONE).plus(Tally(1, digest))

    for letter in letters:
        stage, value = letter["stage"], bytes(letter.get("value") or b"")
        if stage == RULES and letter["topic"] == FACTS:
            for deliberation, event in _facts(value, book):
                drop((RULES, deliberation, letter["partition"]), digest_of(event))
        # Foreign records on the topic were never accepted, and are not missing.
        elif stage == EXCHANGE and connection.execute(ACCEPTED, (value,)).fetchone():
            drop((EXCHANGE,), digest_of(leading(value)))
    return dropped


def _facts(value: bytes, book: SchemaBook) -> Iterable[tuple[str, str]]:
    """Deliberation and event of the facts in a bundle, as far as they can be read."""
    try:
        facts = decode_body(contract(FACTS), split(value)[1])["facts"]
        for fact in facts:
            record = decode_body(book.get(fact["contract"]), fact["body"])
            yield record["deliberation"], record["event"]
    except Exception:  # noqa: BLE001 - bytes nobody could read are why a letter is dead
        return
