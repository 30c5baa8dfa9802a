"""What an outbox holds is published once and in order, whatever commits late and whoever is killed."""

import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date

import psycopg
import pytest
from confluent_kafka import Message

from backbone import kafka, postgres, transactions
from backbone.errors import Retry
from backbone.outbox_pruning import Pruner
from backbone.outbox_relay import Publisher
from backbone.progress import BEGINNING, Progress, published, record
from backbone.settings import Settings
from kruispunt.declared_outboxes import BY_NAME
from schemas.identifiers import derive, pseudonym
from schemas.topics import POSITIONS
from tests.builders.persons import national_number
from tests.builders.processes import ask_to_stop, start
from tests.builders.waiting import until

TOPIC = "notices.status"
"""A topic nobody reads on the servers of a test run."""
SOURCE = "notifier"
OUTBOX = BY_NAME[SOURCE]
PUT = "insert into notifier.outbox (topic, key, value) select * from unnest(%s::text[], %s::bytea[], %s::bytea[])"
KEYS = [pseudonym(b"relay", national_number(number, date(1970, 2, 1))) for number in range(50)]


def put(settings: Settings, values: list[bytes]) -> None:
    keys = [KEYS[number % len(KEYS)] for number in range(len(values))]
    with postgres.connect(settings, "notifier") as connection:
        connection.execute(PUT, ([TOPIC] * len(values), keys, values))


def values(mark: str, number: int) -> list[bytes]:
    return [f"{mark} {index:06d}".encode() for index in range(number)]


def found(settings: Settings, mark: str) -> list[Message]:
    return [
        message
        for message in kafka.read_all(settings, "inspector", TOPIC)
        if (message.value() or b"").startswith(mark.encode())
    ]


@pytest.fixture
def publisher(servers: Settings) -> Iterator[Publisher]:
    end = time.monotonic() + 10
    # Whoever had it before has closed its session, and the server may not have noticed yet.
    while (opened := Publisher.open(servers, OUTBOX)) is None:
        assert time.monotonic() < end, "another relay has the outbox"
    while opened.publish():
        pass
    yield opened
    opened.close()


def test_a_transaction_that_commits_late_is_not_skipped(servers: Settings, publisher: Publisher) -> None:
    mark = derive("late", str(time.time_ns()))
    slow = postgres.connect(servers, "notifier")
    slow.execute(PUT, ([TOPIC], [KEYS[0]], [f"{mark} slow".encode()]))
    put(servers, [f"{mark} quick".encode()])
    assert publisher.publish() == 0
    slow.commit()
    slow.close()
    assert publisher.publish() == 2
    assert [message.value() for message in found(servers, mark)] == [f"{mark} slow".encode(), f"{mark} quick".encode()]


@pytest.mark.parametrize(("role", "database"), [("rva", "rva"), ("operator", "kruispunt"), ("inspector", "rva")])
def test_a_transaction_of_who_cannot_write_to_the_outbox_holds_up_nothing(
    servers: Settings, publisher: Publisher, role: str, database: str
) -> None:
    mark = derive("open", role, database, str(time.time_ns()))
    with postgres.connect(servers, role, database) as idle:
        idle.execute("select pg_current_xact_id()")
        put(servers, [f"{mark} published".encode()])
        assert publisher.publish() == 1
    assert len(found(servers, mark)) == 1


@pytest.mark.parametrize("role", ["notifier", "owner"])
def test_a_writer_that_has_its_number_long_before_it_writes_is_not_skipped(
    servers: Settings, publisher: Publisher, role: str
) -> None:
    mark = derive("early", role, str(time.time_ns()))
    with postgres.connect(servers, role) as early:
        early.execute("select pg_current_xact_id()")
        put(servers, [f"{mark} quick".encode()])
        assert publisher.publish() == 0
        early.execute(PUT, ([TOPIC], [KEYS[0]], [f"{mark} early".encode()]))
        assert publisher.publish() == 0
    assert publisher.publish() == 2
    assert [message.value() for message in found(servers, mark)] == [f"{mark} early".encode(), f"{mark} quick".encode()]


def test_many_writers_that_dawdle_end_and_are_cut_off_lose_nothing(servers: Settings, publisher: Publisher) -> None:
    mark = derive("writers", str(time.time_ns()))
    committed: list[bytes] = []
    working = threading.Event()

    def write(number: int) -> None:
        dice = random.Random(number)  # noqa: S311 - moments to wait for
        for turn in range(25):
            value = f"{mark} {number} {turn}".encode()
            with postgres.connect(servers, "notifier") as connection, suppress(psycopg.OperationalError):
                connection.execute("select pg_current_xact_id()")
                time.sleep(dice.random() / 50)
                connection.execute(PUT, ([TOPIC], [KEYS[number]], [value]))
                time.sleep(dice.random() / 50)
                if not turn % 5:
                    connection.execute("select pg_terminate_backend(pg_backend_pid())")
                connection.commit()
                committed.append(value)

    def idle() -> None:
        while not working.is_set():
            with postgres.connect(servers, "rva", "rva") as connection:
                connection.execute("select pg_current_xact_id()")
                time.sleep(0.01)

    with ThreadPoolExecutor(7) as pool:
        bystander = pool.submit(idle)
        writers = [pool.submit(write, number) for number in range(6)]
        while not all(writer.done() for writer in writers):
            publisher.publish()
        working.set()
        for one in (*writers, bystander):
            one.result()
    while publisher.publish():
        pass
    assert len(committed) == 6 * 20
    assert sorted(message.value() or b"" for message in found(servers, mark)) == sorted(committed)


def test_what_was_published_long_ago_leaves_the_outbox_and_nothing_else_does(
    servers: Settings, publisher: Publisher
) -> None:
    mark = derive("pruned", str(time.time_ns()))
    put(servers, [f"{mark} {name}".encode() for name in ("old", "young")])
    with postgres.connect(servers, "owner", autocommit=True) as owner:
        old = "update notifier.outbox set at = now() - interval '16 days' where value = %s"

        def left() -> list[str]:
            rows = owner.execute(
                "select value from notifier.outbox where value like %s order by id", (f"{mark}%".encode(),)
            )
            return [bytes(value).decode().removeprefix(f"{mark} ") for (value,) in rows]

        owner.execute(old, (f"{mark} old".encode(),))
        Pruner(OUTBOX).prune(publisher._connection, BEGINNING, 0.0)
        assert left() == ["old", "young"]
        assert publisher.publish() == 2
        publisher.prune()
        assert left() == ["young"]
        put(servers, [f"{mark} waiting".encode()])
        owner.execute(old, (f"{mark} waiting".encode(),))
        Pruner(OUTBOX).prune(publisher._connection, publisher._position, 0.0)
        assert left() == ["young", "waiting"]
    assert publisher.publish() == 1
    assert len(found(servers, mark)) == 3


def test_only_one_relay_publishes_an_outbox(servers: Settings, publisher: Publisher) -> None:
    assert Publisher.open(servers, OUTBOX) is None
    publisher.close()
    time.sleep(0.5)
    follower = Publisher.open(servers, OUTBOX)
    assert follower is not None
    assert follower.publish() == 0
    follower.close()


def test_a_person_stays_in_the_partition_every_other_client_would_choose(
    servers: Settings, publisher: Publisher
) -> None:
    mark = derive("partition", str(time.time_ns()))
    put(servers, values(mark, 200))
    assert publisher.publish() == 200
    places: dict[bytes, set[int]] = {}
    for message in found(servers, mark):
        places.setdefault(bytes(message.key() or b""), set()).add(int(message.partition() or 0))
    assert {len(numbers) for numbers in places.values()} == {1}
    assert set().union(*places.values()) == set(range(servers.partitions))


def test_killing_the_relay_again_and_again_loses_nothing_and_doubles_nothing(servers: Settings) -> None:
    mark = derive("killed", str(time.time_ns()))
    number = 40_000
    put(servers, [value + b" " * 1_000 for value in values(mark, number)])
    dice = random.Random(7)  # noqa: S311 - moments to kill at
    last = ends(servers)
    killed = 0
    while reached(servers) < last:
        before = reached(servers)
        process = relay(servers)
        progress(servers, before)
        time.sleep(dice.random() / 5)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        killed += 1
    assert killed > 1
    messages = found(servers, mark)
    assert len(messages) == number
    assert Counter(message.value() for message in messages).most_common(1)[0][1] == 1
    order: dict[bytes, list[bytes]] = {}
    for message in messages:
        order.setdefault(bytes(message.key() or b""), []).append(bytes(message.value() or b""))
    assert all(one == sorted(one) for one in order.values())


def test_a_relay_that_is_asked_to_stop_stops_well(servers: Settings) -> None:
    before = reached(servers)
    put(servers, values("stop", 1))
    process = relay(servers)
    progress(servers, before)
    ask_to_stop(process)
    assert process.wait(30) == 0


def test_no_position_is_trusted_while_an_open_transaction_may_hide_a_newer_one(
    servers: Settings, publisher: Publisher
) -> None:
    mark = derive("hidden", str(time.time_ns()))
    before = reached(servers)
    # Somebody who writes to the same topic stops between write and commit: a paused process, a lost host.
    paused = transactions.writer(servers, "replay", "replay-paused")
    paused.begin_transaction()
    key, value = record("replay-paused", Progress(1, 1))
    transactions.send(paused, POSITIONS, value, key)
    paused.flush(30)
    put(servers, [f"{mark} published".encode()])
    assert publisher.publish() == 1
    publisher.close()
    time.sleep(0.5)
    # What is committed behind the open transaction cannot be read yet; what can be read is too old.
    with pytest.raises(Retry, match="open transaction"):
        Publisher.open(servers, OUTBOX)
    paused.abort_transaction(30)
    follower = Publisher.open(servers, OUTBOX)
    assert follower is not None
    assert follower.publish() == 0
    follower.close()
    assert reached(servers) > before
    assert len(found(servers, mark)) == 1


def reached(settings: Settings) -> Progress:
    return published(kafka.read_all(settings, "relay", POSITIONS)).get(SOURCE, BEGINNING)


def ends(settings: Settings) -> Progress:
    with postgres.connect(settings, "relay") as connection:
        row = connection.execute(
            "select tx::text::bigint, id from notifier.outbox order by tx desc, id desc limit 1"
        ).fetchone()
    assert row is not None
    return Progress(*row)


def progress(settings: Settings, before: Progress) -> None:
    """Wait until the relay has published something more."""
    until(lambda: reached(settings) != before, "the relay publishes nothing")


def relay(settings: Settings) -> subprocess.Popen[bytes]:
    return start(settings.home, "relay")
