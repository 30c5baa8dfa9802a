"""Passwords and certificates are changed in the middle of everything, and nothing is lost or doubled.

In this stack a login is good for three seconds instead of a minute, so that an open session ends while a test looks. It
begins with certificates that end within the month, of an authority that ends within the year.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from confluent_kafka import OFFSET_END, Consumer, KafkaError, TopicPartition

from backbone import kafka
from backbone.postgres import connect
from backbone.settings import Settings
from backbone.stack.credentials import renew
from backbone.stack.places import Places
from backbone.stack.programs import ProcessState, Program
from backbone.stack.stack import Leash, Plan, status
from backbone.stack.stack import up as start
from backbone.stack.supervisor import Supervisor
from backbone.tally import digest_of
from consumers.deliberations import load
from consumers.narrowing.projection import projections
from kruispunt.provisioning.cluster_blueprint import BLUEPRINT
from kruispunt.stack import PLAN
from schemas.codec import encode
from schemas.identifiers import derive
from schemas.samples import sample
from schemas.topics import delivery
from tests.builders.processes import as_process
from tests.builders.waiting import eventually

SINK, STOCK = "rva", "fin"
SESSION_MS = 3_000
PATIENCE_S = 60.0
GONE_FOR_A_MOMENT = {KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN}
STORED = "select event from store.record"
BATCH, BATCHES, PAUSE_S = 200, 60, 0.2
"""A stream of twelve seconds: long enough for sessions to end, more than once."""
RECORDS, PER_SECOND = 40_000, 4_000


@pytest.fixture(scope="module")
def running(temporary_home: Callable[[str], Path]) -> Iterator[Settings]:
    """A sink, the rules, and what they need."""
    names = {f"sink-{SINK}", "rules", "api"}

    def programs(settings: Settings) -> list[Program]:
        return [program for program in PLAN.programs(settings) if program.name in names]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("backbone.stack.kafka.SESSION_MS", SESSION_MS)
        patch.setattr("backbone.stack.certificates.LIFETIME", timedelta(days=30))
        patch.setattr("backbone.stack.certificates.AUTHORITY_LIFETIME", timedelta(days=300))
        yield start(temporary_home("rotation"), Plan(programs, PLAN.prepare), leash=Leash())


def kruispunt(settings: Settings, *arguments: str) -> CompletedProcess[str]:
    return as_process(settings.home, *arguments)


def rotate(settings: Settings, institution: str) -> str:
    done = kruispunt(settings, "credentials", institution, "--rotate")
    assert done.returncode == 0, done.stderr
    return done.stdout


def state(settings: Settings, name: str) -> ProcessState:
    (found,) = (one for one in status(settings.home) if one.name == name)
    return found


def log(settings: Settings, name: str) -> str:
    return (Places(settings.home).logs / f"{name}.log").read_text("utf-8")


def copies(events: list[str]) -> list[bytes]:
    """What the exchange would have delivered to the sink."""
    copied = next(one for one in projections(load()) if one.recipient == SINK)
    record = sample(copied.contract.name) | {"deliberation": copied.deliberation, "replay": False}
    return [encode(copied.contract, record | {"event": event}) for event in events]


def delivered(settings: Settings, events: list[str]) -> None:
    """Sum up copies as the exchange would have, had it made them."""
    copied = next(one for one in projections(load()) if one.recipient == SINK)
    with connect(settings, "audit") as connection:
        connection.execute(
            "insert into audit.tally (what, recipient, deliberation, partition, day, number, digest)"
            " values ('delivered', %s, %s, 0, '1970-01-01', %s, %s)",
            (SINK, copied.deliberation, len(events), sum(map(digest_of, events))),
        )


def stored(settings: Settings) -> Counter[str]:
    with connect(settings, SINK, SINK) as connection:
        return Counter(event for (event,) in connection.execute(STORED))


def test_a_sink_whose_password_is_changed_twice_in_mid_stream_stores_each_record_once(running: Settings) -> None:
    before = state(running, f"sink-{SINK}").pid
    writer, sent = kafka.producer(running, "exchange"), []
    for number in range(BATCHES):
        events = [derive("rotation", str(number), str(place)) for place in range(BATCH)]
        for value in copies(events):
            writer.produce(delivery(SINK), value)
        assert writer.flush(PATIENCE_S) == 0
        sent += events
        if number in {10, 35}:
            rotate(running, SINK)
        time.sleep(PAUSE_S)
    assert eventually(lambda: len(stored(running)) == len(sent))
    assert stored(running) == Counter(sent)
    # It was refused, took the new password, and never had to be started again.
    assert "refuses the login of this user" in log(running, f"sink-{SINK}")
    assert state(running, f"sink-{SINK}").pid == before


def test_the_rules_go_on_though_their_client_cannot_prove_a_password_anew(running: Settings) -> None:
    broker = kafka.admin(running)

    def members() -> tuple[str, ...]:
        found = broker.describe_consumer_groups(["rules"])["rules"].result(PATIENCE_S)
        return tuple(member.member_id for member in found.members)

    assert eventually(lambda: len(members()) == 1)
    before, pid = members(), state(running, "rules").pid
    end = time.monotonic() + 6 * SESSION_MS / 1000
    while time.monotonic() < end:
        # Its connections are closed again and again, yet nobody ever misses it in its group.
        assert members() == before
        time.sleep(0.1)
    after = state(running, "rules")
    assert (after.state, after.pid) == ("running", pid)


class Stock:
    """A client of an institution that keeps its position with its data, as its guide says, and nothing of ours."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._at = dict.fromkeys(range(settings.partitions), 0)
        self._refused = False
        self.read: list[int] = []
        self.reopened = 0
        self._open(settings.secret("kafka", STOCK))

    def _open(self, password: str) -> None:
        config = kafka.client(self._settings, STOCK, log_level=0)
        queue = {"queued.min.messages": 500, "fetch.message.max.bytes": 20_000}
        # A closing client first commits what it was to commit by itself, for which a refused one waits in vain.
        own = {
            "sasl.password": password,
            "enable.auto.commit": False,
            "group.id": f"{STOCK}.stock",
            "error_cb": self._hear,
        }
        self._refused = False
        self._client = Consumer(config | queue | own)
        self._client.assign([TopicPartition(delivery(STOCK), *place) for place in self._at.items()])

    def _hear(self, error: KafkaError) -> None:
        self._refused |= error.code() == KafkaError._AUTHENTICATION

    def step(self, password: str) -> None:
        """Read a little; when refused, come back with the password it was told."""
        for message in self._client.consume(PER_SECOND // 10, 0.1):
            assert message.error() is None
            self.read.append(int.from_bytes(message.value() or b"", "big"))
            self._at[message.partition() or 0] = (message.offset() or 0) + 1
        if self._refused:
            self._client.close()
            self.reopened += 1
            self._open(password)

    def close(self) -> None:
        self._client.close()


def test_a_stock_client_in_the_middle_of_a_long_topic_takes_the_new_password_and_reads_each_record_once(
    running: Settings,
) -> None:
    writer = kafka.producer(running, "exchange")
    for number in range(RECORDS):
        writer.produce(delivery(STOCK), number.to_bytes(400, "big"), partition=number % running.partitions)
    assert writer.flush(PATIENCE_S) == 0
    password = running.secret("kafka", STOCK)
    reader, told = Stock(running), False
    try:
        end = time.monotonic() + PATIENCE_S
        while len(reader.read) < RECORDS and time.monotonic() < end:
            reader.step(password)
            time.sleep(0.1)
            if not told and len(reader.read) > RECORDS // 10:
                lines = dict(line.split("=", 1) for line in rotate(running, STOCK).splitlines() if line[0] != "#")
                password, told = lines["sasl.password"], True
                assert len(reader.read) < RECORDS // 2
    finally:
        reader.close()
    assert reader.reopened > 0
    assert Counter(reader.read) == Counter(range(RECORDS))


def test_an_open_session_ends_with_its_login_when_the_password_was_changed(running: Settings) -> None:
    refused: list[float] = []
    config = kafka.client(running, STOCK, log_level=0)
    hear = lambda error: refused.append(time.monotonic()) if error.code() == KafkaError._AUTHENTICATION else None  # noqa: E731
    own = {"group.id": f"{STOCK}.open", "error_cb": hear, "enable.auto.commit": False}
    reader = Consumer(config | own)
    try:
        reader.assign([TopicPartition(delivery(STOCK), 0, 0)])
        assert reader.consume(1, PATIENCE_S)
        reader.consume(1_000, 2 * SESSION_MS / 1000)
        assert not refused, "a login with the right password is renewed without a word"
        rotate(running, STOCK)
        began = time.monotonic()
        while not refused and time.monotonic() < began + PATIENCE_S:
            reader.consume(1_000, 0.1)
    finally:
        reader.close()
    assert refused[0] - began < 2 * SESSION_MS / 1000


def test_a_sink_that_is_never_let_in_ends_and_says_so(running: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from backbone import process
    from backbone.kafka import AccessRefused
    from consumers.sink import run as sink

    supervisor = Supervisor(Places(running.home))
    supervisor.stop([f"sink-{SINK}"])
    monkeypatch.setattr(process, "PATIENCE_S", 3.0)
    path = running.secrets_folder / "kafka" / SINK
    before = path.read_bytes()
    renew(path)
    try:
        with pytest.raises(AccessRefused, match="refuses the login of this user"):
            sink.run(running, SINK)
    finally:
        path.write_bytes(before)
        supervisor.start([f"sink-{SINK}"])


def test_a_sink_waits_for_a_right_that_was_taken_away_and_goes_on_when_it_is_given_back(
    running: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backbone import provision
    from kruispunt.monitoring import ledger
    from kruispunt.monitoring.lag import Inspector
    from schemas.institutions import INSTITUTIONS

    sink = f"sink-{SINK}"
    already = sum(stored(running).values())
    assert eventually(lambda: state(running, sink).state == "running")
    provision.apply_access_rules(running, SINK, BLUEPRINT, entitled=INSTITUTIONS.keys() - {SINK})
    writer, events = kafka.producer(running, "exchange"), [derive("waiting", str(place)) for place in range(100)]
    for value in copies(events):
        writer.produce(delivery(SINK), value)
    assert writer.flush(PATIENCE_S) == 0
    assert eventually(lambda: "uthorization failed" in log(running, sink))
    pid = state(running, sink).pid
    # What it may read no more is nothing anybody waits for, nor a difference in the ledger.
    with closing(Inspector(running)) as look:
        assert (look.unread(SINK), look.unstored(SINK)) == (len(events), len(events))
        monkeypatch.setattr(Inspector, "entitled", lambda _self: frozenset())
        assert look.unstored(SINK) == 0
    delivered(running, [*stored(running), *events])
    (row,) = (row for row in ledger.rows(running) if row.effect == f"delivered records = stored records ({SINK})")
    assert (row.expected, row.difference) == (already, 0)
    monkeypatch.undo()
    assert sum(stored(running).values()) == already
    provision.apply_access_rules(running, SINK, BLUEPRINT)
    assert eventually(lambda: sum(stored(running).values()) == already + len(events))
    assert max(stored(running).values()) == 1
    assert state(running, sink).pid == pid


def held(settings: Settings) -> list[dict[str, Any]]:
    """What `status` says of the certificates."""
    answer = kruispunt(settings, "status", "--json")
    assert answer.returncode == 0, answer.stderr
    found: list[dict[str, Any]] = json.loads(answer.stdout)["certificates"]
    return found


def test_a_certificate_is_warned_of_ahead_of_its_end_and_status_still_says_that_all_runs(running: Settings) -> None:
    authority, broker, mail = held(running)
    assert (broker["owner"], mail["owner"]) == (
        f"kafka {running.kafka_bootstrap}",
        f"mail 127.0.0.1:{running.smtp_port}",
    )
    assert [one["warning"] for one in (authority, broker, mail)] == [False, True, True]
    assert [one["days"] for one in (authority, broker, mail)] == [299, 29, 29]
    assert datetime.fromisoformat(broker["ends"]).utcoffset() == timedelta(0)
    seen = kruispunt(running, "status")
    assert seen.returncode == 0
    assert f"The certificate of {broker['owner']} ends on {broker['ends'][:10]} " in seen.stderr
    assert "kruispunt certificates --rotate" in seen.stderr
    listed = kruispunt(running, "certificates")
    assert (listed.returncode, listed.stdout.count(broker["ends"][:10])) == (1, 2)


def records(reader: Consumer, seconds: float) -> Iterator[bytes]:
    """What comes within so many seconds; that a broker is away for a moment is told, and is not a record."""
    for message in reader.consume(10_000, seconds):
        error = message.error()
        assert error is None or error.retriable() or error.code() in GONE_FOR_A_MOMENT, error
        if error is None:
            yield message.value() or b""


def test_certificates_are_renewed_in_mid_stream_and_each_record_is_stored_once(running: Settings) -> None:
    """First with their authority, which is near its end, then without; a client that was there before both stays."""
    before = Counter(stored(running))
    ends = {one["owner"]: one["ends"] for one in held(running)}
    config = kafka.client(running, STOCK, log_level=0) | {"group.id": f"{STOCK}.stays", "enable.auto.commit": False}
    stays = Consumer(config)
    stays.assign([TopicPartition(delivery(STOCK), number, OFFSET_END) for number in range(running.partitions)])
    stays.poll(1.0)
    writer, read, pids = kafka.producer(running, "exchange"), Counter[bytes](), []
    sent: list[str] = []
    try:
        for turn in range(2):
            with ThreadPoolExecutor(1) as pool:
                done = pool.submit(kruispunt, running, "certificates", "--rotate", "--json")
                while not done.done():
                    events = [derive("certificates", str(len(sent)), str(place)) for place in range(BATCH)]
                    for event, value in zip(events, copies(events), strict=True):
                        writer.produce(delivery(SINK), value)
                        writer.produce(delivery(STOCK), event.encode())
                    sent += events
                    read.update(records(stays, PAUSE_S))
            answer = done.result()
            assert answer.returncode == 0, answer.stderr
            after = {one["owner"]: one for one in json.loads(answer.stdout)["certificates"]}
            assert after.keys() == ends.keys()
            assert not any(one["warning"] for one in after.values())
            assert all(one["ends"] > ends[name] for name, one in after.items()) or turn
            assert writer.flush(PATIENCE_S) == 0
            assert eventually(lambda: state(running, f"sink-{SINK}").state == "running")
            pids.append(state(running, f"sink-{SINK}").pid)
        assert eventually(lambda: sum(stored(running).values()) == sum(before.values()) + len(sent))
        assert stored(running) == before + Counter(sent)
        end = time.monotonic() + PATIENCE_S
        while sum(read.values()) < len(sent) and time.monotonic() < end:
            read.update(records(stays, 1.0))
    finally:
        stays.close()
    assert read == Counter(event.encode() for event in sent)
    # Where the authority is kept, only the servers start anew.
    assert pids[0] == pids[1]
    assert Places(running.home).ca.read_bytes().count(b"BEGIN CERTIFICATE") == 2
