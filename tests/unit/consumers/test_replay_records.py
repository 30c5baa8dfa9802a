"""A replay gives what is permitted now and was permitted then, once, marked; nothing else of the past."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import pytest
import yaml
from confluent_kafka import murmur2

from consumers.deliberations import Deliberation, load, read
from consumers.deliberations.store import StoredDeliberation
from consumers.directory import Dossier
from consumers.narrowing.projection import projections
from consumers.replay.due import Disclosed, EarlierEvent
from consumers.replay.look_back import LookBack, replayable
from consumers.replay.records import Moment, Past, replayed
from kruispunt.provisioning.declared_state import wanted
from schemas.codec import decode_body, encode, split
from schemas.contracts import contract
from schemas.identifiers import derive, inss, pseudonym
from schemas.registry import SchemaBook
from schemas.samples import sample
from schemas.topics import DISCLOSURES, delivery

WAGES, TIME = "declarations.wages", "declarations.working-time"
TODAY = date(2026, 11, 1)
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PEPPER = b"pepper"
ANN = inss(850101000, after_2000=False)
BOB = inss(850101002, after_2000=False)
PARTITIONS = 4
MOMENT = Moment(NOW, 7, PARTITIONS)
FIRST: dict[str, Any] = {
    "number": "97/001",
    "version": 1,
    "recipient": "rva",
    "basis": "An act.",
    "purpose": "A purpose.",
    "names": dict.fromkeys(("nl", "fr", "de", "en"), "name"),
    "from": date(2025, 1, 1),
    "until": date(2026, 6, 30),
    "retention": 1,
    "population": ["18/1", "18/4"],
    "fields": {TIME: ["lines.worker_code", "lines.occupations.mean_hours", "lines.occupations.start"]},
}
SECOND = FIRST | {
    "version": 2,
    "from": date(2026, 7, 1),
    "until": None,
    "history": 3,
    "population": ["18/1"],
    "fields": {TIME: ["lines.worker_code", "lines.employer_class", "lines.occupations.start"]},
}
OLD, NEW = datetime(2026, 5, 2, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC)
JOB_SEEKER, UNEMPLOYED = "18/4", "18/1"


def versions(*written: dict[str, Any]) -> list[Deliberation]:
    texts = [
        (f"{number}.yaml", yaml.safe_dump({key: value for key, value in one.items() if value is not None}))
        for number, one in enumerate(written)
    ]
    return list(read(texts))


def held(*written: dict[str, Any], withdrawn: datetime | None = None) -> list[StoredDeliberation]:
    """`withdrawn` is that of the newest."""
    found = versions(*written)
    newest = max(one.version for one in found)
    return [StoredDeliberation(one, OLD, withdrawn if one.version == newest else None) for one in found]


def event(person: str, at: datetime, kind: str = TIME, **changes: Any) -> EarlierEvent:
    record = sample(kind) | {
        "person": person, "event": derive("event", person, kind, at.isoformat()), "quarter": "2026Q3",
    } | changes  # fmt: skip
    return EarlierEvent(pseudonym(PEPPER, person), encode(contract(kind), record), at)


def made(
    kept: Iterable[StoredDeliberation],
    *events: EarlierEvent,
    quality: str = UNEMPLOYED,
    since: date = date(2020, 1, 1),
    until: date | None = None,
    disclosed: Disclosed = frozenset(),
    comers: Iterable[str] = (ANN,),
    institution: str = "rva",
) -> list[dict[str, Any]]:
    """The copies of a replay, each with topic and partition."""
    look_back = LookBack(kept, TODAY)
    book = SchemaBook()
    for projection in look_back.projections:
        book.add(projection.contract)
    dossiers = {person: [Dossier("rva", quality, since, until)] for person in (ANN, BOB)}
    keys = {institution: {pseudonym(PEPPER, person) for person in comers}}
    copies = []
    for one in replayed(Past(events, dossiers, disclosed), keys, look_back, SchemaBook(), MOMENT):
        number, body = split(one.value)
        record = decode_body(book.get(number), body)
        if one.topic != DISCLOSURES:
            copies.append(record | {"topic": one.topic, "partition": one.partition, "key": one.key})
    return copies


def test_a_copy_of_the_past_is_marked_and_lies_where_the_events_of_the_person_lie() -> None:
    (copy,) = made(held(FIRST, SECOND), event(ANN, NEW))
    key = pseudonym(PEPPER, ANN)
    assert (copy["topic"], copy["key"], copy["partition"]) == (delivery("rva"), key, murmur2(key, PARTITIONS))
    assert (copy["replay"], copy["deliberation"], copy["person"]) == (True, "97/001@2", ANN)


def test_an_old_event_brings_the_fields_that_are_permitted_now_and_were_permitted_then() -> None:
    old, new = made(held(FIRST, SECOND), event(ANN, OLD), event(ANN, NEW))
    assert set(old["lines"][0]) == {"worker_code", "occupations"}
    assert set(new["lines"][0]) == {"worker_code", "employer_class", "occupations"}
    assert {field for line in old["lines"] for one in line["occupations"] for field in one} == {"start"}
    assert old["deliberation"] == new["deliberation"] == "97/001@2"


def test_a_quality_that_admits_now_but_did_not_then_brings_nothing_and_the_other_way_round() -> None:
    assert made(held(FIRST, SECOND), event(ANN, OLD), event(ANN, NEW), quality=JOB_SEEKER) == []
    wider, narrower = SECOND | {"population": ["18/1", "18/4"]}, FIRST | {"population": ["18/1"]}
    (new,) = made(held(narrower, wider), event(ANN, OLD), event(ANN, NEW), quality=JOB_SEEKER)
    assert "employer_class" in new["lines"][0]


@pytest.mark.parametrize(
    ("kept", "at"),
    [
        (held(FIRST, SECOND), datetime(2024, 12, 31, tzinfo=UTC)),
        (held(SECOND), OLD),
        (held(FIRST, SECOND, withdrawn=NOW), NEW),
        (held(FIRST), OLD),
        (held(FIRST, SECOND | {"history": None}), NEW),
        (held(FIRST | {"from": date(2020, 1, 1)}, SECOND), datetime(2023, 10, 31, tzinfo=UTC)),
        (held(FIRST, SECOND | {"fields": {TIME: ["lines.employer_class"]}}), OLD),
        (held(FIRST, SECOND | {"fields": {WAGES: ["lines.worker_code"]}}), OLD),
    ],
    ids=[
        "before the first version", "of a day without a version", "on a withdrawn version", "on a version that is over",
        "without a right to the past", "further back than that right goes", "where the versions share no field",
        "where the versions share no kind",
    ],
)  # fmt: skip
def test_nothing_is_copied(kept: list[StoredDeliberation], at: datetime) -> None:
    assert made(kept, event(ANN, at)) == []


def test_history_reaches_back_to_the_day() -> None:
    longer = held(FIRST | {"from": date(2020, 1, 1)}, SECOND)
    assert len(made(longer, event(ANN, datetime(2023, 11, 1, tzinfo=UTC)))) == 1


def test_a_dossier_has_to_cover_the_period_of_the_event_as_for_any_other() -> None:
    assert made(held(SECOND), event(ANN, NEW), since=date(2026, 10, 1)) == []
    assert made(held(SECOND), event(ANN, NEW), until=date(2026, 6, 30)) == []
    assert len(made(held(SECOND), event(ANN, NEW), until=date(2026, 7, 1))) == 1


def test_what_was_disclosed_on_that_deliberation_is_left_out_and_nothing_else() -> None:
    first, second = event(ANN, NEW), event(ANN, NEW.replace(day=3))
    (other,) = made(held(SECOND), second)
    done = derive("event", ANN, TIME, NEW.isoformat())
    for number, left in (("97/001", [other["event"]]), ("20/296", [done, other["event"]])):
        found = made(held(SECOND), first, second, disclosed=frozenset({("rva", done, number)}))
        assert [one["event"] for one in found] == left
    assert len(made(held(SECOND), first, disclosed=frozenset({("fpd", done, "97/001")}))) == 1


def test_only_who_came_on_file_and_only_there_is_replayed() -> None:
    assert [one["person"] for one in made(held(SECOND), event(BOB, NEW), event(ANN, NEW), comers=[BOB])] == [BOB]
    assert made(held(SECOND), event(ANN, NEW), institution="fpd") == []


def test_a_replay_is_on_record_as_such_and_counts_no_event_again() -> None:
    past = Past([event(ANN, NEW), event(BOB, NEW)], {ANN: [Dossier("rva", UNEMPLOYED, OLD.date(), None)]}, frozenset())
    keys = {"rva": {pseudonym(PEPPER, person) for person in (ANN, BOB)}}
    out = list(replayed(past, keys, LookBack(held(SECOND), TODAY), SchemaBook(), MOMENT))
    (disclosure,) = [decode_body(contract(DISCLOSURES), split(one.value)[1]) for one in out if one.topic == DISCLOSURES]
    assert (disclosure["replay"], disclosure["exchanged"], disclosure["revision"]) == (True, 0, 7)
    assert (disclosure["refusals"], disclosure["counted"]) == ([], [])
    (one,) = disclosure["disclosures"]
    assert (one["recipient"], one["deliberation"], one["person"]) == ("rva", "97/001@2", pseudonym(PEPPER, ANN))


def test_a_fact_that_cannot_be_read_stops_nobody() -> None:
    broken = EarlierEvent(pseudonym(PEPPER, ANN), b"\0\0\0\0\1 no event", NEW)
    assert len(made(held(SECOND), broken, event(ANN, NEW))) == 1


def test_every_schema_a_replay_can_produce_is_published_with_the_versions_it_comes_from() -> None:
    for found in (versions(FIRST, SECOND), list(load())):
        published = {one.id for _, one in wanted(found)}
        assert {one.contract.id for one in replayable(found)} <= published
        assert {one.contract.id for one in projections(found)} <= published
    assert {one.contract.id for one in replayable(versions(FIRST, SECOND))} - {
        one.contract.id for one in projections(versions(FIRST, SECOND))
    }
