"""Measures how long a right outlives its withdrawal: from the command to the last record a reader still gets.

An institution is far behind on a long topic and reads it, with a stock client and its own credentials; in the middle
of that its only deliberation is withdrawn. The second figure is the last copy the exchange makes on it under load.
"""

import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import OffsetSpec

from backbone import kafka, postgres
from backbone.settings import Settings
from consumers.deliberations import store
from kruispunt.commands.institutions import deliberations as deliberating
from kruispunt.output import console, table
from kruispunt.provisioning import provision as provisioning
from kruispunt.provisioning.declared_state import register
from schemas.codec import encode
from schemas.contracts import contract
from schemas.identifiers import derive, inss, pseudonym
from schemas.samples import sample
from schemas.topics import delivery

INSTITUTION, QUALITY, KIND = "energie", "70/0", "declarations.entitlements"
RECORDS, SIZE = 200_000, 300
PER_SECOND = 20_000
"""How fast the reader takes records: about what an institution's sink stores. It needs ten seconds for the topic."""
IN_THE_MIDDLE = 15_000
SMALL_QUEUE = {"queued.min.messages": 1_000, "queued.max.messages.kbytes": 1_024, "fetch.message.max.bytes": 65_536}
"""What a client fetched before the withdrawal is not what a broker still delivers: its queue is small."""
QUIET_S = 1.0
"""Nothing for so long after the refusal: that was the last record."""
LOAD_S, LOAD_BATCH = 2.0, 500
SECONDS = 300.0
"""Longer than anything takes: what has not come by then does not come."""
COMMAND = Path(sys.executable).with_name("kruispunt")
PERSON = inss(700101000 + 7, after_2000=False)
Withdraw = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds from the command: until its return, and until the last record; how many records came, of how many."""

    returned: float
    last: float
    read: int


def percentile(values: list[float], share: float) -> float:
    """The smallest value that this share of them does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _grant(config: Settings, number: int) -> str:
    """A deliberation of its own for this time; gives its name."""
    name = f"9{number // 1000 % 10}/{number % 1000:03}"
    text: dict[str, Any] = {
        "number": name, "version": 1, "recipient": INSTITUTION, "basis": "A benchmark.", "purpose": "See how it ends.",
        "names": dict.fromkeys(("nl", "fr", "de", "en"), "Benchmark"), "from": date(2026, 1, 1), "retention": 1,
        "population": [QUALITY], "fields": {KIND: ["kind", "from", "until"]},
    }  # fmt: skip
    with postgres.connect(config, "operator") as connection:
        store.add(connection, [("bench.yaml", yaml.safe_dump(text))], reason="a benchmark", register=register(config))
    list(provisioning.follow(config, [INSTITUTION], "a benchmark"))
    return name


def _fill(config: Settings) -> None:
    writer = kafka.producer(config, "exchange")
    for number in range(RECORDS):
        writer.produce(delivery(INSTITUTION), key=number.to_bytes(16, "big"), value=number.to_bytes(SIZE, "big"))
        if number % 10_000 == 0:
            writer.poll(0)
    writer.flush(SECONDS)


class Reader:
    """A stock client that reads the topic from its beginning until it is refused, and knows when the last one came."""

    def __init__(self, config: Settings) -> None:
        self.read = 0
        self.last = math.nan
        self.refused = False
        self._client = Consumer(
            kafka.client(config, INSTITUTION, log_level=kafka.SILENT)
            | SMALL_QUEUE
            | {"group.id": f"{INSTITUTION}.bench.{time.time_ns()}", "auto.offset.reset": "earliest"}
        )
        self._client.subscribe([delivery(INSTITUTION)])
        self._thread = threading.Thread(target=self._follow)

    def _follow(self) -> None:
        quiet_since = math.inf
        began = time.perf_counter()
        while time.perf_counter() < quiet_since + QUIET_S:
            for message in self._client.consume(500, 0.05):
                error = message.error()
                if error is None:
                    self.read += 1
                    self.last = quiet_since = time.perf_counter()
                elif error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                    self.refused = True
            if not self.refused:
                quiet_since = math.inf
            elif quiet_since == math.inf:
                quiet_since = time.perf_counter()
            if self.read == 0:
                began = time.perf_counter()
            time.sleep(max(0.0, self.read / PER_SECOND - (time.perf_counter() - began)))
        self._client.close()

    def start(self) -> None:
        """Read until it is in the middle, and go on beside."""
        self._thread.start()
        deadline = time.perf_counter() + SECONDS
        while self.read < IN_THE_MIDDLE:
            if time.perf_counter() > deadline:
                raise TimeoutError("the reader did not come to the middle")
            time.sleep(0.01)

    def finish(self) -> None:
        """Wait until it is refused and silent."""
        self._thread.join(SECONDS)
        if not self.refused or self._thread.is_alive():
            raise TimeoutError("the reader was not refused")


def _called(name: str) -> None:
    deliberating.withdraw([name], "a benchmark")


def _by_command(name: str) -> None:
    subprocess.run([COMMAND, "withdraw", name, "--reason", "a benchmark"], check=True, stdout=subprocess.DEVNULL)


def _in_the_middle(config: Settings, number: int, withdraw: Withdraw) -> Measured:
    name = _grant(config, number)
    reader = Reader(config)
    reader.start()
    started = time.perf_counter()
    withdraw(name)
    returned = time.perf_counter() - started
    reader.finish()
    return Measured(returned, max(0.0, reader.last - started), reader.read)


def _ends(config: Settings) -> dict[int, int]:
    client = kafka.admin(config)
    places = [TopicPartition(delivery(INSTITUTION), number) for number in range(config.partitions)]
    found = client.list_offsets({place: OffsetSpec.latest() for place in places})  # type: ignore[no-untyped-call]
    return {place.partition: answer.result(SECONDS).offset for place, answer in found.items()}


@contextmanager
def _load(config: Settings) -> Iterator[None]:
    """Decisions about one person who is on file there, as fast as one thread writes them."""
    body = sample(KIND) | {"person": PERSON, "kind": "integration_income", "quarter": "2026Q3"}
    key, over = pseudonym(config.pepper(), PERSON), threading.Event()
    writer = kafka.producer(config, "relay")

    def write() -> None:
        while not over.is_set():
            for _ in range(LOAD_BATCH):
                record = body | {"event": derive("withdrawal", str(time.time_ns()))}
                writer.produce(KIND, encode(contract(KIND), record), key)
            writer.flush(SECONDS)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _last_copy(config: Settings, number: int) -> float:
    """Seconds from the command to the last copy the exchange makes while events pour in."""
    name = _grant(config, number)
    with _load(config):
        time.sleep(LOAD_S)
        before = _ends(config)
        started = time.time()
        _called(name)
        time.sleep(LOAD_S)
    places = [TopicPartition(delivery(INSTITUTION), partition, offset) for partition, offset in before.items()]
    made = [message.timestamp()[1] / 1000 for message in kafka.read_to_end(config, "inspector", places)]
    return max(0.0, max(made, default=started) - started)


def measure(config: Settings, repetitions: int) -> dict[str, float]:
    """The figures, in seconds; every deliberation of the institution is withdrawn for good."""
    began, console.quiet = int(time.time()) % 9_000, True
    try:
        with postgres.connect(config, "operator") as connection, connection.cursor() as cursor:
            usable = {one.recipient for one in store.current(cursor).usable}
            cursor.execute(
                "insert into directory.dossier values (%s, %s, %s, '2020-01-01') on conflict do nothing",
                (PERSON, INSTITUTION, QUALITY),
            )
        if INSTITUTION in usable:
            deliberating.withdraw([INSTITUTION], "a benchmark")
        _fill(config)
        found = [_in_the_middle(config, began + number, _called) for number in range(repetitions)]
        command = _in_the_middle(config, began + repetitions, _by_command)
        copies = [_last_copy(config, began + repetitions + 1 + number) for number in range(max(1, repetitions // 4))]
    finally:
        console.quiet = False
    last = [one.last for one in found]
    return {
        "repetitions": repetitions,
        "last_record_p50": percentile(last, 0.5),
        "last_record_p99": percentile(last, 0.99),
        "returned_p50": percentile([one.returned for one in found], 0.5),
        "returned_p99": percentile([one.returned for one in found], 0.99),
        "command_line_last_record": command.last,
        "command_line_returned": command.returned,
        "last_copy_worst": max(copies),
        "at_least": sum(one.read >= RECORDS for one in (*found, command)),
    }


def show(figures: dict[str, float]) -> None:
    """Print them."""
    shown = table("from the command to", "p50", "p99", title="A right is withdrawn", right=("p50", "p99"))
    shown.add_row("its return", f"{figures['returned_p50']:.2f} s", f"{figures['returned_p99']:.2f} s")
    shown.add_row(
        "the last record a reader gets", f"{figures['last_record_p50']:.2f} s", f"{figures['last_record_p99']:.2f} s"
    )
    console.print(shown)
    console.print(
        f"as a command line: last record after {figures['command_line_last_record']:.2f} s, back after"
        f" {figures['command_line_returned']:.2f} s; last copy of the exchange under load after"
        f" {figures['last_copy_worst']:.2f} s at worst"
    )
    if figures["at_least"]:
        console.print(f"{figures['at_least']:.0f} readers came to the end of the topic first: theirs took longer")
