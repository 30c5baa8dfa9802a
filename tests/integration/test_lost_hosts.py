"""A host that is lost, or a process that is paused, holds up the others for half a minute at most and doubles nothing.

Lost means cut off, not killed: nothing is closed, nothing is reset, and nobody says that it is over.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from backbone import kafka, postgres, transactions
from backbone.errors import Retry
from backbone.settings import Settings
from backbone.standby import AGAIN_S, Standby
from kruispunt.declared_outboxes import OUTBOXES
from schemas.codec import encode_body
from schemas.contracts import contract
from schemas.identifiers import derive, pseudonym
from schemas.roles import Role
from schemas.samples import sample
from schemas.topics import DECLARATIONS, delivery
from tests.builders.persons import national_number
from tests.builders.processes import ask_to_stop, start, surroundings
from tests.builders.waiting import until

LOST_HOST = Path(__file__).parents[1] / "lost_host.py"
TAKEN_OVER_S = 30.0
PATIENCE_S = 60.0
SESSION_S = 3.0
PAUSED_SESSIONS = 2.5
"""Twice the session would do; so long, the broker has also ended what a paused writer left open."""
SETTLED_S = 1.0
WATCHED_S = 1.5
VERBS = (("relay",), ("exchange",), ("deliver", "rva"))
INSTITUTION, QUALITY = "rva", "18/1"
KIND = DECLARATIONS[1]
STATUS = "notices.status"
"""A topic nobody reads on the servers of a test run."""
PERSONS = [national_number(number, date(1973, 3, 3)) for number in range(40)]
PUT = "insert into notifier.outbox (topic, key, value) select * from unnest(%s::text[], %s::bytea[], %s::bytea[])"


class Hosts:
    """A relay, an exchange and a sink, of which each can be lost."""

    def __init__(self, settings: Settings) -> None:
        session = {"KRUISPUNT_KAFKA_SESSION_SECONDS": str(SESSION_S)}
        self._environment = {**os.environ, **surroundings(settings.home, session)}
        # The sinks ask it for schemas.
        self._running = [start(settings.home, "api", environment=session)]

    def start(self) -> list[subprocess.Popen[bytes]]:
        """One more of each."""
        command = [sys.executable, "-P", str(LOST_HOST)]
        started = [subprocess.Popen([*command, *verb], env=self._environment) for verb in VERBS]
        self._running += started
        return started

    def end(self, some: list[subprocess.Popen[bytes]] | None = None) -> None:
        for one in some or self._running:
            one.send_signal(signal.SIGCONT)
            ask_to_stop(one)
        for one in some or self._running:
            try:
                one.wait(20)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()


def lose(processes: list[subprocess.Popen[bytes]], sign: signal.Signals, traffic: "Traffic") -> None:
    """Lose each between write and commit: the sink first, as nothing reaches it once the others are gone."""
    for group in (processes[-1:], processes[:-1]):
        for one in group:
            one.send_signal(sign)
        traffic.give()
        until(partial(stand_still, group), "a process is not lost")


def stand_still(processes: list[subprocess.Popen[bytes]]) -> bool:
    return all(state(one.pid) == "T" for one in processes)


def come_back(processes: list[subprocess.Popen[bytes]]) -> None:
    for one in processes:
        one.send_signal(signal.SIGCONT)


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]


@pytest.fixture
def hosts(servers: Settings) -> Iterator[Hosts]:
    running = Hosts(servers)
    yield running
    running.end()


class Traffic:
    """What is given to each of the three, and what came out."""

    def __init__(self, settings: Settings, mark: str) -> None:
        self._settings = settings
        self._mark = mark
        self._keys = [pseudonym(settings.pepper(), person) for person in PERSONS]
        self._writer = transactions.writer(settings, Role.RELAY, f"{Role.RELAY}-lost-hosts")
        self._given = 0
        with postgres.connect(settings, "operator") as connection:
            connection.execute(
                "insert into directory.dossier select person, %s, %s, '2020-01-01' from unnest(%s::text[]) as person"
                " on conflict do nothing",
                (INSTITUTION, QUALITY, PERSONS),
            )

    def give(self) -> None:
        """Rows for the relay, and events for the exchange, whose copies are the sink's."""
        round_, self._given = self._given, self._given + 1
        values = [f"{self._mark} {round_} {number}".encode() for number in range(len(PERSONS))]
        with postgres.connect(self._settings, "notifier") as connection:
            connection.execute(PUT, ([STATUS] * len(PERSONS), self._keys, values))
        with transactions.transaction(self._writer):
            for person, key in zip(PERSONS, self._keys, strict=True):
                event = derive(self._mark, person, str(round_))
                record = sample(KIND) | {"event": event, "declaration": self._mark, "person": person}
                body = encode_body(contract(KIND), record | {"quarter": "2026Q3", "version": round_ + 1})
                transactions.send(self._writer, KIND, contract(KIND).prefix + body, key)

    @property
    def wanted(self) -> int:
        return self._given * len(PERSONS)

    def published(self) -> list[bytes]:
        return self._found(STATUS)

    def exchanged(self) -> list[bytes]:
        return self._found(delivery(INSTITUTION))

    def stored(self) -> list[str]:
        with postgres.connect(self._settings, INSTITUTION, INSTITUTION) as connection:
            rows = connection.execute("select event from store.record where declaration = %s", (self._mark,)).fetchall()
        return [event for (event,) in rows]

    def _found(self, topic: str) -> list[bytes]:
        try:
            messages = list(kafka.read_all(self._settings, "inspector", topic, patience=1.0))
        except Retry:
            # A lost writer hides what others wrote after it.
            return []
        return [value for message in messages if self._mark.encode() in (value := message.value() or b"")]

    def arrived(self) -> bool:
        # The dear questions last.
        return all(len(found()) >= self.wanted for found in (self.stored, self.published, self.exchanged))

    def check(self) -> None:
        """Each once."""
        assert Counter(Counter(self.published()).values()) == {1: self.wanted}
        assert Counter(Counter(self.exchanged()).values()) == {1: self.wanted}
        assert Counter(Counter(self.stored()).values()) == {1: self.wanted}


def test_what_a_paused_and_a_lost_relay_exchange_and_sink_had_in_hand_arrives_once(
    servers: Settings, hosts: Hosts
) -> None:
    traffic = Traffic(servers, derive("lost", str(time.time_ns())))
    paused = hosts.start()
    traffic.give()
    until(traffic.arrived, "nothing arrives while all is well")
    # 1. Each stands still between write and commit, with its locks, its partitions and its transaction.
    lose(paused, signal.SIGUSR2, traffic)
    since = time.monotonic()
    lost = hosts.start()
    traffic.give()
    time.sleep(max(0.0, since + PAUSED_SESSIONS * SESSION_S - time.monotonic()))
    come_back(paused)
    traffic.give()
    until(traffic.arrived, "a pause holds up what was given")
    traffic.check()
    hosts.end(paused)
    # 2. The same, and nothing is heard of them any more.
    lose(lost, signal.SIGUSR1, traffic)
    hosts.start()
    traffic.give()
    until(traffic.arrived, "nobody takes over from a lost host", TAKEN_OVER_S)
    # Whoever comes back finds its place taken, and doubles nothing.
    come_back(lost)
    traffic.give()
    until(traffic.arrived, "what was given does not arrive")
    time.sleep(SETTLED_S)
    traffic.check()


def test_a_standby_waits_on_one_session_and_gets_over_its_loss(servers: Settings) -> None:
    with ExitStack() as stack:
        for number in range(len(OUTBOXES)):
            holder = stack.enter_context(postgres.connect(servers, "owner", autocommit=True))
            assert postgres.try_lock(holder, postgres.Lock.OUTBOX, number)
        watching = stack.enter_context(postgres.connect(servers, "owner", autocommit=True))

        def sessions() -> list[int]:
            query = "select pid from pg_stat_activity where usename = %s and datname = 'kruispunt'"
            return [pid for (pid,) in watching.execute(query, (Role.RELAY,))]

        process = start(servers.home, "relay")
        stack.callback(process.wait)
        stack.callback(process.terminate)
        until(lambda: len(sessions()) == 1, "the standby does not wait")
        seen = set(sessions())
        end = time.monotonic() + WATCHED_S
        while time.monotonic() < end:
            seen.update(sessions())
            time.sleep(0.02)
        assert seen == set(sessions())
        assert len(seen) == 1
        killer = stack.enter_context(postgres.connect(servers, Role.RELAY, autocommit=True))
        killer.execute("select pg_terminate_backend(%s)", tuple(seen))
        killer.close()
        until(lambda: len(sessions()) == 1 and not seen & set(sessions()), "the standby does not wait again")
        ask_to_stop(process)
        assert process.wait(10) == 0


def test_a_standby_gets_the_lock_on_the_session_it_waited_on(servers: Settings) -> None:
    with (
        closing(Standby(servers, Role.RELAY)) as waiting,
        postgres.connect(servers, "owner", autocommit=True) as holder,
    ):
        assert postgres.try_lock(holder, postgres.Lock.OUTBOX, 0)
        assert waiting.take(postgres.Lock.OUTBOX, 0) is None
        waited_on = waiting._connection
        assert waited_on is not None
        postgres.unlock(holder, postgres.Lock.OUTBOX, 0)
        time.sleep(AGAIN_S)
        assert waiting.take(postgres.Lock.OUTBOX, 0) is waited_on
        assert not postgres.try_lock(holder, postgres.Lock.OUTBOX, 0)
        waited_on.close()
