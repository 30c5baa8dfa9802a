"""Whoever comes on file while events are on their way: the institution has each of them once, whoever is killed."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import Any

import pytest

from backbone import postgres, transactions
from backbone.errors import Retry
from backbone.offsets import Offsets
from backbone.progress import Progress, record
from backbone.settings import Settings
from consumers.replay import barrier
from kruispunt.monitoring import lag
from schemas.identifiers import derive, inss, pseudonym
from schemas.topics import DECLARATIONS, DISCLOSURES, POSITIONS, delivery
from tests.builders import waiting
from tests.builders.events import accept, copies
from tests.builders.persons import national_number
from tests.builders.processes import ask_to_stop, running, start

MARK = derive("replay", str(time.time_ns()))
PERSONS = [national_number(number, date(1913, 1, 1)) for number in range(3_000)]
STEP = 500
"""More than one transaction of the replay."""
NUMBER = "20/296"
until = partial(waiting.until, patience=120.0)
DOSSIER = (
    "insert into directory.dossier (person, institution, quality, since)"
    " select *, 'rva', '18/1', '2020-01-01' from unnest(%s::text[])"
)
INTEGRATION = (
    "insert into directory.integration (person, institution, quality, since)"
    " select *, 'rva', '18/1', '2020-01-01' from unnest(%s::text[])"
)


def integrate(settings: Settings, persons: list[str]) -> None:
    """What an institution's change would have put there."""
    with postgres.connect(settings, "operator") as connection:
        connection.execute(DOSSIER, (persons,))
        connection.execute(INTEGRATION, (persons,))


@pytest.fixture(scope="module")
def arrived(servers: Settings) -> Iterator[Callable[[], bool]]:
    """Whether everything is exchanged, replayed and on record."""
    look = lag.Inspector(servers)
    asked: list[Callable[[], int]] = [
        partial(look.unpublished, "register"),
        partial(look.behind, DECLARATIONS, look.committed),
        look.unreplayed,
        partial(look.behind, (DISCLOSURES,), partial(look.stored, "kruispunt", "audit")),
    ]
    yield lambda: not any(one() for one in asked)
    look.close()


def with_a_past(settings: Settings) -> list[dict[str, Any]]:
    """The copies of this run on the deliberation with a right to the past."""
    return [one for one in copies(settings, MARK) if one["deliberation"].startswith(NUMBER)]


@pytest.fixture(scope="module")
def exchanged_while_people_come_on_file(servers: Settings, arrived: Callable[[], bool]) -> list[dict[str, Any]]:
    """Everybody has three events; everybody comes on file somewhere between them, and processes are killed."""
    look = Offsets(servers, "inspector")

    def written() -> int:
        return sum(look.ends([delivery("rva")], servers.partitions, open_too=True).values())

    dice = random.Random(20261124)  # noqa: S311 - any order will do
    people = PERSONS[:]
    dice.shuffle(people)
    with running(servers.home, "relay", "exchange", "replay", "audit") as alive:
        accept(servers, MARK, PERSONS, "first")
        until(arrived, "the first events do not arrive")
        for step in range(len(people) // STEP):
            before = written()
            integrate(servers, people[step * STEP : step * STEP + STEP])
            if step in {1, 3}:
                accept(servers, MARK, PERSONS, f"event {step}")
                time.sleep(dice.random())
            # Killed as soon as it writes: what it had in hand, and what it had committed, are two different things.
            until(lambda before=before: written() > before, "nothing is replayed")  # type: ignore[misc]  # bound at once
            for verb in ("replay", "exchange", "audit")[: 1 + step % 3]:
                alive[verb].send_signal(signal.SIGKILL)
                alive[verb].wait()
                alive[verb] = start(servers.home, verb)
        until(arrived, "not everything arrives")
    look.close()
    return with_a_past(servers)


Found = list[dict[str, Any]]


def test_each_event_about_each_person_is_delivered_once(exchanged_while_people_come_on_file: Found) -> None:
    counted = Counter(one["event"] for one in exchanged_while_people_come_on_file)
    wanted = {derive(MARK, person, name) for person in PERSONS for name in ("first", "event 1", "event 3")}
    assert wanted - counted.keys() == set()
    assert [event for event, number in counted.items() if number > 1] == []


def test_what_was_published_before_is_marked_and_what_came_after_is_not(
    exchanged_while_people_come_on_file: Found,
) -> None:
    marked = Counter(one["replay"] for one in exchanged_while_people_come_on_file)
    first = {derive(MARK, person, "first") for person in PERSONS}
    assert {one["replay"] for one in exchanged_while_people_come_on_file if one["event"] in first} == {True}
    assert marked[False] > len(PERSONS) / 2


def test_the_record_has_each_replay_and_the_account_of_the_first_exchange_stays(
    servers: Settings, exchanged_while_people_come_on_file: Found
) -> None:
    with postgres.connect(servers, "audit") as connection:
        rows = connection.execute(
            "select event, replay from audit.disclosure where recipient = 'rva' and deliberation like %s"
            " and person = any(%s)",
            (f"{NUMBER}%", [pseudonym(servers.pepper(), person) for person in PERSONS]),
        ).fetchall()
        counted = connection.execute(
            "select count(*), coalesce(sum(exchanged), 0), coalesce(sum(refused), 0),"
            " (select count(*) from audit.refusal join audit.disclosure using (partition, number) where replay)"
            " from audit.segment where (partition, number) in"
            " (select partition, number from audit.disclosure where replay)"
        ).fetchone()
    assert Counter(rows) == Counter((one["event"], one["replay"]) for one in exchanged_while_people_come_on_file)
    assert counted is not None
    assert counted[0] > 0
    assert counted[1:] == (0, 0, 0)


def test_coming_on_file_again_brings_nothing_again(
    servers: Settings, arrived: Callable[[], bool], exchanged_while_people_come_on_file: Found
) -> None:
    with postgres.connect(servers, "operator") as connection:
        connection.execute(INTEGRATION, (PERSONS[:300],))
    with running(servers.home, "exchange", "replay", "audit"):
        until(arrived, "the replay does not come to its end")
    assert len(with_a_past(servers)) == len(exchanged_while_people_come_on_file)


def test_the_barrier_trusts_no_position_that_an_open_transaction_may_make_too_old(
    servers: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(barrier, "PATIENCE_S", 1.0)
    offsets = Offsets(servers, "replay")
    # A relay of another outbox that stops between write and commit.
    paused = transactions.writer(servers, "relay", "relay-paused")
    paused.begin_transaction()
    key, value = record("paused", Progress(1, 1))
    transactions.send(paused, POSITIONS, value, key)
    paused.flush(30)
    try:
        with postgres.connect(servers, "replay") as connection:
            gate = barrier.Barrier(offsets, connection, servers.partitions)
            with pytest.raises(Retry, match=f"open transaction of another writer hides records of {POSITIONS}"):
                gate.pass_(lambda: True)
    finally:
        paused.abort_transaction(30)
        offsets.close()


def test_two_replays_share_no_work(servers: Settings, arrived: Callable[[], bool]) -> None:
    person = inss(130201000, after_2000=False)
    with running(servers.home, "relay", "exchange", "replay", "audit"):
        accept(servers, MARK, [person], "alone")
        until(arrived, "the event does not arrive")
        other = start(servers.home, "replay")
        try:
            integrate(servers, [person])
            until(arrived, "nothing is replayed")
        finally:
            ask_to_stop(other)
            assert other.wait(30) == 0
    assert [one["replay"] for one in with_a_past(servers) if one["person"] == person] == [True]


def test_a_dossier_that_begins_later_brings_nothing_of_before(servers: Settings, arrived: Callable[[], bool]) -> None:
    person = inss(130202000, after_2000=False)
    with running(servers.home, "relay", "exchange", "replay", "audit"):
        accept(servers, MARK, [person], "early")
        until(arrived, "the event does not arrive")
        with postgres.connect(servers, "operator") as connection:
            for table in ("dossier", "integration"):
                connection.execute(
                    f"insert into directory.{table} (person, institution, quality, since)"  # noqa: S608
                    " values (%s, 'rva', '18/1', %s)",
                    (person, date(2026, 10, 1)),
                )
        until(arrived, "the replay does not come to its end")
    assert person not in {one["person"] for one in with_a_past(servers)}
