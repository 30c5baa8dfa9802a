"""Reconciles every effect, counted in two independent places, as sets; a difference means that something is wrong.

Each side was summed up where it happened and when it happened, with the data: in the register, in the positions of the
relay, in the log of disclosures, in each institution's database, in what the rules and the notifier keep. Nothing here
depends on what a topic still holds, but for dead letters, and nothing shows a declaration.
"""

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import TopicPartition

from backbone import kafka, postgres
from backbone.settings import Settings
from backbone.tally import NONE, Tally, compare, digest_of, leading, merged, total
from kruispunt.monitoring import recount
from kruispunt.monitoring.books import (
    ACKNOWLEDGEMENTS,
    EXCHANGE,
    NOTIFICATIONS,
    RULES,
    Books,
    Cells,
    Logged,
    cells,
    read,
    single,
)
from kruispunt.monitoring.lag import Inspector
from schemas.institutions import HOSTED, INSTITUTIONS
from schemas.roles import Role
from schemas.topics import FINDINGS, NOTICES, delivery

NOTIFIER = "notifier"
LETTER, E_MAIL = "letter", "e-mail"
HANDED_OVER, ON_ITS_WAY = "handed over", "handing over"
HEADER = b"X-Kruispunt-Notice:"
DOUBTFUL = "select notice from notifier.notices where state = 'in doubt'"
UNTOLD = datetime(1970, 1, 1, tzinfo=UTC)
"""The day under which lies what was counted before there were days."""
DEAD = ("dead letters",)


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One effect: how often it should be there, and how often it is; see `backbone.tally.compare`."""

    effect: str
    expected: int
    found: int

    @property
    def difference(self) -> int:
        """Positive: too many; negative: lost."""
        return self.found - self.expected


def _of(books: Books, what: str, recipient: str | None = None) -> dict[Logged, Tally]:
    return {
        cell: logged
        for cell, logged in books.log.items()
        if cell.what == what and (recipient is None or cell.recipient == recipient)
    }


def held(effect: str, expected: Mapping[Any, Tally], found: Mapping[Any, Tally]) -> LedgerRow:
    """The row that compares two stores, key by key."""
    return LedgerRow(effect, *compare(expected, found))


def in_all(effect: str, expected: Tally, found: Tally) -> LedgerRow:
    """The row that compares the totals of two stores."""
    return held(effect, {(): expected}, {(): found})


def by_day(expected: Cells, found: Cells) -> tuple[Cells, Cells]:
    """Both by deliberation, partition and day; by the first two where either has some that was counted without days."""
    dayless = {key[:-1] for key in (*expected, *found) if key[-1] == UNTOLD}

    def known(key: tuple[Any, ...]) -> tuple[Any, ...]:
        return key[:-1] if key[:-1] in dayless else key

    return merged(expected, known), merged(found, known)


def as_far_as_known(expected: Cells, found: Cells) -> tuple[Cells, Cells]:
    """Both as they are; as wholes where a part of either was counted before there were digests."""
    if all(kept.digest is not None for kept in (*expected.values(), *found.values())):
        return expected, found
    return {(): total(expected.values())}, {(): total(found.values())}


def _by_what(tallies: Cells, what: str) -> dict[tuple[Any, ...], Tally]:
    return {key[1:]: kept for key, kept in tallies.items() if key[0] == what}


def _with(tallies: Cells, added: Cells) -> Cells:
    return {key: tallies.get(key, NONE).plus(added.get(key, NONE)) for key in (*tallies, *added)}


def delivered(books: Books, name: str) -> Cells:
    """Copies for a recipient as they left, by deliberation, partition and day."""
    return merged(_of(books, "delivered", name), lambda cell: (cell.deliberation, cell.partition, cell.day))


def _withheld(settings: Settings) -> dict[str, Tally]:
    """What was delivered and not stored yet when an institution lost its right to read: it never will be."""
    withheld = {}
    with closing(Inspector(settings)) as look:
        entitled = look.entitled()
        for name in HOSTED:
            if name not in entitled and look.unread(name):
                withheld[name] = _unread(settings, look, name)
    return withheld


def _unread(settings: Settings, look: Inspector, name: str) -> Tally:
    topic, at = delivery(name), look.stored(name, "store")
    places = [TopicPartition(topic, number, at.get((topic, number), 0)) for number in range(settings.partitions)]
    unread = NONE
    for message in kafka.read_to_end(settings, Role.INSPECTOR, places):
        unread = unread.plus(Tally(1, digest_of(leading(bytes(message.value() or b"")))))
    return unread


def _stored(settings: Settings, books: Books) -> Iterable[LedgerRow]:
    withheld = _withheld(settings)
    for name in HOSTED:
        effect = f"delivered records = stored records ({name})"
        if name in withheld:
            whole, least = total(delivered(books, name).values()), withheld[name]
            known = whole.digest is not None
            expected = Tally(whole.number - least.number, (whole.digest or 0) - (least.digest or 0) if known else None)
            yield in_all(effect, expected, total(books.stored[name].values()))
        else:
            yield held(effect, *by_day(delivered(books, name), books.stored[name]))


def _answered(books: Books) -> Iterable[LedgerRow]:
    yield in_all("submissions received = acknowledgements stored", *books.answered[ACKNOWLEDGEMENTS])
    yield in_all("declarations judged = notifications stored", *books.answered[NOTIFICATIONS])


def _exchanged(books: Books) -> Iterable[LedgerRow]:
    read = merged(_of(books, "exchanged"), lambda cell: (cell.partition, cell.day))
    yield in_all(
        "published events = exchanged events",
        total(books.published.get("register", {}).values()),
        total(read.values()).plus(books.dropped.get((EXCHANGE,), NONE)),
    )
    # An unreadable message is owed to every institution until an operator has decided about it.
    owed = {DEAD: Tally(books.dead_letters.open[EXCHANGE])} if books.dead_letters.open[EXCHANGE] else {}
    for name in INSTITUTIONS:
        accounted = merged(_of(books, "accounted", name), lambda cell: (cell.partition, cell.day))
        yield held(f"exchanged events = delivered or refused ({name})", {**read, **owed}, accounted)


def _logged(books: Books) -> Iterable[LedgerRow]:
    def dayless(cell: Logged) -> tuple[Any, ...]:
        return cell.recipient, cell.deliberation, cell.partition

    logged, left = merged(_of(books, "logged"), dayless), merged(_of(books, "delivered"), dayless)
    for effect, rules in (
        ("disclosures logged = delivered records", False),
        ("disclosures logged = facts for the rules", True),
    ):
        expected, found = (
            {key: kept for key, kept in side.items() if (key[0] == RULES) == rules} for side in (logged, left)
        )
        yield held(effect, expected, found)


def _decided(books: Books) -> Iterable[LedgerRow]:
    def of(what: str) -> dict[tuple[Any, ...], Tally]:
        return _by_what(books.decided, what)

    dropped = _by_what(books.dropped, RULES)
    due = merged(delivered(books, RULES), lambda key: key[:2])
    yield held("facts for the rules = facts decided", *as_far_as_known(due, _with(of("decided"), dropped)))
    yield held(
        "facts for the rules = facts decided + facts set aside",
        *as_far_as_known(of("received"), _with(of("decided"), of("set aside"))),
    )


def _notified(settings: Settings, books: Books) -> Iterable[LedgerRow]:
    made, findings = (
        total(kept for key, kept in books.decided.items() if key[0] == "told"),
        _published(books, RULES, FINDINGS),
    )
    yield in_all("findings made = published findings", made, findings)
    yield in_all("findings = settled findings", findings, books.notified.get("settled", NONE))
    yield in_all(
        "notices = handed over + suppressed + in progress",
        books.notified.get("opened", NONE),
        total(books.notices.values()),
    )
    yield in_all(
        "states of notices = published states of notices",
        books.notified.get("announced", NONE),
        _published(books, NOTIFIER, NOTICES),
    )
    yield LedgerRow(
        "e-mails handed over = e-mails in the inbox",
        books.notices.get((HANDED_OVER, E_MAIL), NONE).number,
        _inbox(settings),
    )
    yield in_all(
        "letters handed over = letters for the printer",
        total(tally for (state, channel), tally in books.notices.items() if _printed(state, channel)),
        books.printed,
    )


def _printed(state: str, channel: str) -> bool:
    return channel == LETTER and state in {HANDED_OVER, ON_ITS_WAY}


def _published(books: Books, source: str, topic: str) -> Tally:
    return books.published.get(source, {}).get(topic, NONE)


def _letters(books: Books) -> Iterable[LedgerRow]:
    for stage in sorted({EXCHANGE, RULES, NOTIFIER, *books.dead_letters.letters}):
        number = books.dead_letters.letters[stage]
        yield LedgerRow(f"dead letters = replayed + dropped ({stage})", number, number - books.dead_letters.open[stage])


def _inbox(settings: Settings) -> int:
    """How many different notices are in the inbox; those in doubt may or may not be, so they are left out."""
    with postgres.connect(settings, Role.INSPECTOR) as connection:
        doubtful = {row[0].encode() for row in connection.execute(DOUBTFUL)}
    delivered_notices = set()
    for mail in settings.inbox.iterdir() if settings.inbox.is_dir() else ():
        with mail.open("rb") as lines:
            for line in lines:
                if line.startswith(HEADER):
                    delivered_notices.add(line.removeprefix(HEADER).strip())
                    break
                if not line.strip():
                    break
    return len(delivered_notices - doubtful)


def rows(settings: Settings) -> list[LedgerRow]:
    """Every effect, in the order data travels."""
    books = read(settings)
    return [
        *_answered(books),
        in_all(
            "accepted facts = published events",
            books.accepted,
            total(books.published.get("register", {}).values()),
        ),
        *_exchanged(books),
        *_stored(settings, books),
        *_logged(books),
        *_decided(books),
        *_notified(settings, books),
        *_letters(books),
    ]


def counted_anew(settings: Settings) -> list[LedgerRow]:
    """What should be held, derived from what was accepted, against what is held, record by record.

    Raises Retry.
    """
    books, owed = read(settings), recount.due(settings)
    withheld = _withheld(settings)
    with postgres.connect(settings, Role.INSPECTOR) as connection:
        facts = single(connection, "select number, digest from register.recounted")
        findings = single(connection, "select number, digest from rules.recounted")
        received = single(connection, "select number, digest from notifier.recounted")
    made: list[LedgerRow] = [in_all("accepted facts = accepted facts, counted anew", books.accepted, facts)]
    for name in INSTITUTIONS:
        due = recount.of(owed, name)
        left = merged(delivered(books, name), lambda key: key[:2])
        if name not in HOSTED or name in withheld:
            made.append(held(f"copies due = copies delivered ({name})", due, left))
            continue
        with postgres.connect(settings, Role.INSPECTOR, name) as connection:
            stored = cells(connection, "select deliberation, partition, number, digest from store.recounted")
        summed_up = merged(books.stored[name], lambda key: key[:2])
        made.append(held(f"copies due = records held ({name})", due, stored))
        made.append(held(f"stored records = records held ({name})", summed_up, stored))
    decided = _with(_by_what(books.decided, "decided"), _by_what(books.dropped, RULES))
    made.append(held("facts due = facts decided", *as_far_as_known(recount.of(owed, RULES), decided)))
    made.append(in_all("findings held = findings received", findings, received))
    return made
