"""Measures the rules: deciding alone, the stream that also reads and writes the situation, and the check of a file.

Rates are persons per second of one core: time that other processes take from it does not count, in either. They are of
this machine; how they stand to each other is not.
"""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Message, TopicPartition

from backbone import kafka
from backbone.settings import Settings
from benchmarks.limits import ADMIN
from kruispunt.commands.intake import check as checking
from kruispunt.commands.intake import generate as generating
from kruispunt.output import console, table
from producers.intake.person_events import DeclaredEvents, watch
from rules.catalogue import decide_all, decide_history
from rules.law.load import shipped_law
from rules.stream.transaction import Decider
from rules.view.history import history_of
from rules.view.situation import situation
from schemas.legal_day import legal_today
from schemas.topics import FACTS

ROUNDS = 3
QUARTER = "2026Q4"


@dataclass(frozen=True, slots=True)
class Deciding:
    """Persons per second of one core."""

    pure: float
    stream: float
    stream_elapsed: float
    """Waiting for the database included."""
    check: float

    def as_dict(self) -> dict[str, float]:
        """As in the JSON figures."""
        return {
            "pure": self.pure,
            "stream": self.stream,
            "stream_elapsed": self.stream_elapsed,
            "stream_to_pure": self.stream / self.pure,
            "check": self.check,
            "check_to_pure": self.check / self.pure,
        }


def population(folder: Path, persons: int) -> None:
    """Write the declarations that are measured with."""
    generating.generate(persons=persons, quarter=QUARTER, out=folder, seed=persons + 1)


def bundles(settings: Settings) -> dict[int, int]:
    """Where each partition of the facts ends: what comes after is to be measured."""
    return {number: offset + 1 for number, offset in _last(settings).items()}


def measure(settings: Settings, folder: Path, since: dict[int, int]) -> Deciding:
    """Decide what lies in the facts from `since` on, with the rules' own process stopped; then check the files.

    Each is the best of a few, but the stream: a bundle is decided once.
    """
    files = sorted(folder.glob("*.xml"))
    seen: list[DeclaredEvents] = []
    for file in files:
        watch(file, seen.append)
    persons = len(seen)
    stream, elapsed = _stream(settings, since)
    law = shipped_law()
    checked = min(_of_core(lambda: [checking.check_file(file, None, law) for file in files]) for _ in range(ROUNDS))
    return Deciding(persons / _pure(seen), persons / stream, persons / elapsed, persons / checked)


def _pure(seen: list[DeclaredEvents]) -> float:
    situations = [situation(one.wages, one.working_time, one.contributions, []) for one in seen]
    histories = [history_of(one) for one in situations]
    day, law = legal_today(), shipped_law()

    def decide(on: date = day) -> None:
        for one in situations:
            decide_all(one, on, law)
        for history in histories:
            decide_history(history, on, law)

    return min(_of_core(decide) for _ in range(ROUNDS))


def _stream(settings: Settings, since: dict[int, int]) -> tuple[float, float]:
    """Seconds of this core, and of the clock, that the bundles took."""
    waiting = [
        (int(message.partition() or 0), int(message.offset() or 0), message.value() or b"")
        for message in _facts(settings)
        if (message.offset() or 0) >= since.get(int(message.partition() or 0), 0)
    ]
    decider = Decider(settings)
    started, clock = time.process_time(), time.perf_counter()
    try:
        if not all(decider.take(*bundle) for bundle in waiting):
            raise RuntimeError("the rules had decided these bundles before")
    finally:
        spent = time.process_time() - started, time.perf_counter() - clock
        decider.close()
    return spent


def _facts(settings: Settings) -> list[Message]:
    places = [TopicPartition(FACTS, number, OFFSET_BEGINNING) for number in range(settings.partitions)]
    return list(kafka.read_to_end(settings, ADMIN, places))


def _last(settings: Settings) -> dict[int, int]:
    found: dict[int, int] = {}
    for message in _facts(settings):
        number = int(message.partition() or 0)
        found[number] = max(found.get(number, 0), int(message.offset() or 0))
    return found


def _of_core(work: Callable[[], object]) -> float:
    gc.collect()
    started = time.process_time()
    work()
    return time.process_time() - started


def show(found: Deciding) -> None:
    """Print the rows."""
    figures = ("to deciding alone", "CPU ms/person", "persons/s")
    shown = table("the rules, one core", *figures, title="The whole catalogue", right=figures)
    for name, rate in (
        ("deciding alone", found.pure),
        ("stream, situation read and written", found.stream),
        ("check of a file", found.check),
    ):
        shown.add_row(name, f"{rate / found.pure:.2f}", f"{1000 / rate:.3f}", f"{rate:,.0f}")
    shown.add_row("stream, waiting for the database", "", "", f"{found.stream_elapsed:,.0f}")
    console.print(shown, "")
