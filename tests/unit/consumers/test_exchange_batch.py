"""What the exchange writes for a batch: copies beside their events, bundles that fit, every message on record."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import pytest

from backbone.tally import Tally, digest_of
from consumers.deliberations import RULES, load
from consumers.directory import Dossier
from consumers.exchange import records as module
from consumers.exchange.batch import Received, concerned, opened
from consumers.exchange.records import OutgoingRecord, exchanged
from consumers.narrowing.access import Access
from consumers.narrowing.projection import in_force, projections
from schemas.codec import decode_body, encode, split
from schemas.contracts import contract
from schemas.identifiers import derive, pseudonym
from schemas.institutions import INSTITUTIONS
from schemas.legal_day import legal_day
from schemas.qualities import QUALITIES
from schemas.registry import SchemaBook
from schemas.samples import sample
from schemas.topics import DEAD_LETTERS, DECLARATIONS, DISCLOSURES, FACTS, delivery
from tests.builders.persons import national_number

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ACCESS = Access(in_force(projections(load()), NOW.date()))
PEPPER = b"pepper"
KINDS = DECLARATIONS[:3]


def message(kind: str, number: int, partition: int = 0, **changes: Any) -> Received:
    who = national_number(number)
    record = sample(kind) | {"person": who, "event": derive("event", who, kind)} | changes
    return Received(kind, partition, number, pseudonym(PEPPER, who), encode(contract(kind), record))


def written(messages: list[Received], dossiers: dict[str, list[Dossier]] | None = None) -> list[OutgoingRecord]:
    return list(exchanged(opened(messages, SchemaBook()), ACCESS, dossiers or {}, NOW))


def records(found: list[OutgoingRecord], topic: str) -> list[tuple[int, dict[str, Any]]]:
    book = SchemaBook()
    for projection in projections(load()):
        book.add(projection.contract)
    result = []
    for one in found:
        if one.topic == topic:
            number, body = split(one.value)
            result.append((one.partition, decode_body(book.get(number), body)))
    return result


@pytest.mark.parametrize(
    ("moment", "delivers"),
    [
        (datetime(2026, 6, 30, 21, 59, tzinfo=UTC), True),
        (datetime(2026, 6, 30, 22, tzinfo=UTC), False),
        (datetime(2026, 6, 30, 23, 30, tzinfo=UTC), False),
    ],
)
def test_a_deliberation_until_30_june_delivers_until_midnight_in_belgium(moment: datetime, delivers: bool) -> None:
    (rva,) = (one for one in load() if one.id == "20/296@2")
    ending = projections([rva.model_copy(update={"since": date(2020, 1, 1), "until": date(2026, 6, 30)})])
    assert bool(in_force(ending, legal_day(moment))) == delivers


def test_a_copy_lies_in_the_partition_and_under_the_key_of_its_event() -> None:
    dossiers = {national_number(number): [Dossier("rva", "18/1", date(2020, 1, 1), None)] for number in range(4)}
    found = written([message("declarations.working-time", number, number % 2) for number in range(4)], dossiers)
    copies = [one for one in found if one.topic == delivery("rva")]
    assert [(one.partition, one.key) for one in copies] == [
        (number % 2, pseudonym(PEPPER, national_number(number))) for number in range(4)
    ]


def test_the_facts_of_a_partition_travel_together_in_their_order() -> None:
    events = [message(kind, number, number % 2) for number in range(6) for kind in KINDS]
    bundles = records(written(events), FACTS)
    assert [(partition, len(bundle["facts"])) for partition, bundle in bundles] == [(0, 9), (1, 9)]
    assert [fact["person"] for fact in bundles[1][1]["facts"]] == [
        pseudonym(PEPPER, national_number(number)) for number in (1, 3, 5) for _ in KINDS
    ]


def test_a_bundle_never_outgrows_a_message(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "RECORD_BYTES", 2_000)
    found = written([message(kind, number) for number in range(30) for kind in KINDS])
    sizes = [len(one.value) for one in found if one.topic == FACTS]
    assert len(sizes) > 1
    assert max(sizes) < 2_600
    assert sum(len(bundle["facts"]) for _, bundle in records(found, FACTS)) == 90


def test_every_copy_and_every_refusal_is_on_record(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "ENTRIES", 10)
    dossiers = {national_number(number): [Dossier("rjv", "10/10", date(2020, 1, 1), None)] for number in range(0, 8, 2)}
    found = written([message(kind, number, number % 2) for number in range(8) for kind in KINDS], dossiers)
    kept = records(found, DISCLOSURES)
    assert all(len(one["disclosures"]) + len(one["refusals"]) <= 10 for _, one in kept)
    assert Counter({0: 12, 1: 12}) == sum((Counter({at: one["exchanged"]}) for at, one in kept), Counter())
    logged = Counter(one["recipient"] for _, record in kept for one in record["disclosures"])
    assert logged == {RULES: 24, "rjv": len([one for one in found if one.topic == delivery("rjv")])}
    refused = Counter((one["recipient"], one["reason"]) for _, record in kept for one in record["refusals"])
    assert refused["rjv", "not authorised"] == 4
    assert refused["rjv", "person not integrated"] == 8


@pytest.mark.parametrize("seed", range(6))
def test_every_event_is_delivered_to_an_institution_or_refused_or_counted(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - repetition is the purpose
    files = [(name, quality) for name in INSTITUTIONS for quality in QUALITIES[name]]
    dossiers = {
        national_number(number): [
            Dossier(*file, date(random.choice((2015, 2030)), 1, 1), None) for file in random.sample(files, 9)
        ]
        for number in range(0, 30, 2)
    }
    events = [message(kind, number, number % 3) for number in range(30) for kind in DECLARATIONS]
    broken = [one._replace(value=one.value[:-3]) for one in events[::7]]
    kept = [record for _, record in records(written([*events, *broken], dossiers), DISCLOSURES)]
    copies = {(one["event"], one["recipient"]) for record in kept for one in record["disclosures"]}
    outcomes = Counter(recipient for _, recipient in copies if recipient != RULES)
    refused = [(one["event"], one["recipient"]) for record in kept for one in record["refusals"]]
    assert copies.isdisjoint(refused)
    outcomes.update(recipient for _, recipient in refused)
    for record in kept:
        for one in record["counted"]:
            outcomes[one["recipient"]] += one["events"]
    assert outcomes == dict.fromkeys(INSTITUTIONS, len(events))


def test_a_message_that_is_no_event_is_kept_whole_and_counted() -> None:
    good = message(KINDS[0], 1)
    bad = [
        good._replace(offset=2, value=b"\x01nonsense"),
        good._replace(offset=3, value=b"\x00\xff\xff\xff\xff"),
        good._replace(offset=4, key=b"short"),
        good._replace(offset=5, value=good.value[:-3]),
        good._replace(offset=6, value=encode(contract("relay.positions"), sample("relay.positions"))),
    ]
    found = written([good, *bad])
    dead = [record for _, record in records(found, DEAD_LETTERS)]
    assert {(one["offset"], one["value"]) for one in dead} == {(one.offset, one.value) for one in bad}
    assert all(one["reason"] for one in dead)
    assert [one["exchanged"] for _, one in records(found, DISCLOSURES)] == [6]
    assert sum(len(bundle["facts"]) for _, bundle in records(found, FACTS)) == 1


def test_directory_is_asked_about_readable_events_only() -> None:
    good = message(KINDS[0], 1)
    assert concerned(opened([good, good._replace(value=b"")], SchemaBook())) == {national_number(1)}


def test_what_was_read_what_left_and_what_became_of_it_are_summed_up_by_partition() -> None:
    dossiers = {national_number(number): [Dossier("rjv", "10/10", date(2020, 1, 1), None)] for number in range(0, 8, 2)}
    events = [message(kind, number, number % 3) for number in range(8) for kind in DECLARATIONS]
    found = written([*events, events[0]._replace(value=events[0].value[:-3])], dossiers)
    kept = [(partition, record) for partition, record in records(found, DISCLOSURES) if record["exchanged"]]
    everything = {
        derive("event", national_number(number), kind): number % 3 for number in range(8) for kind in DECLARATIONS
    }
    for partition, record in kept:
        mine = Tally(record["read"], int(record["digest"]))
        assert mine == summed([event for event, place in everything.items() if place == partition])
        assert record["exchanged"] - record["read"] == (partition == 0)
        assert {one["recipient"] for one in record["accounted"]} == INSTITUTIONS.keys()
        assert all(Tally(one["number"], int(one["digest"])) == mine for one in record["accounted"])
        for name in (RULES, "rjv"):
            copied = summed([one["event"] for one in record["disclosures"] if one["recipient"] == name])
            left = [one for one in record["delivered"] if one["recipient"] == name]
            assert Tally(sum(one["number"] for one in left), sum(int(one["digest"]) for one in left)) == copied
    assert {one["day"] for _, record in kept for one in record["delivered"]} == {
        sample(kind)["occurred_at"].replace(hour=0, minute=0, second=0, microsecond=0) for kind in DECLARATIONS
    }


def summed(events: Sequence[str]) -> Tally:
    return Tally(len(events), sum(map(digest_of, events)))
