"""Counts every effect in two independent places and says where they differ; zero everywhere or something is wrong."""

import json
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import LiteralString

from confluent_kafka import OFFSET_BEGINNING, TopicPartition

from backbone import kafka, postgres
from backbone.settings import Settings
from kruispunt.lag import INSPECTOR, Inspector
from schemas.codec import decode_body, split
from schemas.contracts import contract
from schemas.institutions import HOSTED, INSTITUTIONS
from schemas.topics import DEAD_LETTERS, DECLARATIONS, FACTS, FINDINGS, NOTICES, delivery

RULES = "rules"
EXCHANGE = "exchange"
HEADER = b"X-Kruispunt-Notice:"
DOUBTFUL = "select notice from notifier.notices where state = 'in doubt'"


@dataclass(frozen=True, slots=True)
class Row:
    """One effect: how often it should be there, and how often it is."""

    effect: str
    expected: int
    found: int

    @property
    def difference(self) -> int:
        """Positive: too many; negative: lost."""
        return self.found - self.expected


@dataclass(frozen=True, slots=True)
class Topics:
    """What lies in the topics, counted by reading every committed record."""

    records: Counter[str]
    facts: int
    notices: frozenset[str]
    unreadable: int


def read_topics(settings: Settings) -> Topics:
    """Read all topics once from beginning to end."""
    names = [*DECLARATIONS, *(delivery(name) for name in INSTITUTIONS), FACTS, FINDINGS, NOTICES, DEAD_LETTERS]
    records: Counter[str] = Counter()
    facts, notices, unreadable = 0, set(), 0
    bundle, status, dead = contract(FACTS), contract(NOTICES), contract(DEAD_LETTERS)
    places = [TopicPartition(name, number, OFFSET_BEGINNING) for name in names for number in range(settings.partitions)]
    for message in kafka.read_to_end(settings, INSPECTOR, places):
        topic, value = str(message.topic()), message.value()
        records[topic] += 1
        if topic == FACTS and value:
            facts += len(decode_body(bundle, split(value)[1])["facts"])
        elif topic == NOTICES and value:
            notices.add(decode_body(status, split(value)[1])["notice"])
        elif topic == DEAD_LETTERS and value:
            unreadable += decode_body(dead, split(value)[1])["stage"] == EXCHANGE
    return Topics(records, facts, frozenset(notices), unreadable)


def _count(settings: Settings, query: LiteralString, database: str = "kruispunt") -> int:
    with postgres.connect(settings, INSPECTOR, database) as connection:
        row = connection.execute(query).fetchone()
    return int(row[0] or 0) if row else 0


def _withheld(settings: Settings) -> dict[str, int]:
    """What was delivered and not stored yet when an institution lost its right to read: it never will be."""
    with closing(Inspector(settings)) as look:
        entitled = look.entitled()
        return {name: look.unread(name) for name in HOSTED if name not in entitled}


def _groups(settings: Settings, query: LiteralString) -> dict[str, int]:
    with postgres.connect(settings, INSPECTOR) as connection:
        return {str(name): int(number) for name, number in connection.execute(query)}


def _inbox(settings: Settings) -> int:
    """How many different notices lie in the inbox; those in doubt may or may not, so they are left out."""
    with postgres.connect(settings, INSPECTOR) as connection:
        doubtful = {row[0].encode() for row in connection.execute(DOUBTFUL)}
    found = set()
    for mail in settings.inbox.iterdir() if settings.inbox.is_dir() else ():
        with mail.open("rb") as lines:
            for line in lines:
                if line.startswith(HEADER):
                    found.add(line.removeprefix(HEADER).strip())
                    break
                if not line.strip():
                    break
    return len(found - doubtful)


def _letters(settings: Settings) -> int:
    """How many different letters the manifests for the printer name, each with its file beside it."""
    found = set()
    for manifest in settings.outgoing.glob("*/manifest.jsonl") if settings.outgoing.is_dir() else ():
        for line in manifest.read_text("utf-8").splitlines():
            notice = json.loads(line)["notice"]
            if (manifest.parent / f"{notice}.pdf").is_file():
                found.add(notice)
    return len(found)


def rows(settings: Settings) -> list[Row]:
    """Every effect, in the order data travels."""
    disclosed = _groups(settings, "select recipient, count(*) from audit.disclosure group by 1")
    topics = read_topics(settings)
    published = sum(topics.records[name] for name in DECLARATIONS)
    states = _groups(settings, "select state, number from notifier.states")
    by_channel = _groups(
        settings, "select coalesce(channel, ''), count(*) from notifier.notices where state = 'handed over' group by 1"
    )
    delivered = {name: topics.records[delivery(name)] for name in INSTITUTIONS}
    withheld = _withheld(settings)
    exchanged = _count(settings, "select sum(exchanged) from audit.segment")
    reached = _groups(
        settings, "select recipient, count(distinct event) from audit.disclosure where not replay group by 1"
    )
    refused = _groups(settings, "select recipient, sum(events) from audit.refusal group by 1")
    return [
        Row("accepted facts = published events", _count(settings, "select count(*) from register.outbox"), published),
        Row("published events = exchanged events", published, exchanged),
        *(
            Row(
                f"exchanged events = delivered or refused ({name})",
                exchanged - topics.unreadable,
                reached.get(name, 0) + refused.get(name, 0),
            )
            for name in INSTITUTIONS
        ),
        *(
            Row(
                f"delivered records = stored records ({name})",
                delivered[name] - withheld.get(name, 0),
                _count(settings, "select count(*) from store.record", name),
            )
            for name in HOSTED
        ),
        Row(
            "disclosures logged = delivered records",
            sum(number for name, number in disclosed.items() if name != RULES),
            sum(delivered.values()),
        ),
        Row("disclosures logged = facts for the rules", disclosed.get(RULES, 0), topics.facts),
        Row(
            "findings made = published findings",
            _count(settings, "select count(*) from rules.outbox where topic = 'findings'"),
            topics.records[FINDINGS],
        ),
        Row(
            "findings = settled findings",
            topics.records[FINDINGS],
            _count(settings, "select number from notifier.counts where what = 'versions settled'"),
        ),
        Row("notices = handed over + suppressed + in progress", len(topics.notices), sum(states.values())),
        Row("e-mails handed over = e-mails in the inbox", by_channel.get("e-mail", 0), _inbox(settings)),
        Row("letters handed over = letters for the printer", by_channel.get("letter", 0), _letters(settings)),
    ]
