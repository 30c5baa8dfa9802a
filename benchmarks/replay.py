"""Takes many people on file at once, and measures their replay and what it does to the delivery of live events."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import quantiles

from confluent_kafka import TopicPartition

from backbone import kafka, postgres
from backbone.offsets import Offsets
from backbone.settings import Settings
from kruispunt.monitoring import lag
from kruispunt.output import console, table
from schemas.codec import encode
from schemas.contracts import contract
from schemas.identifiers import derive, inss, pseudonym
from schemas.samples import sample
from schemas.topics import delivery

INSTITUTION, QUALITY = "fpd", "5/10"
"""Its deliberation gives the whole career."""
KIND = "declarations.working-time"
PROBES = 40
EVERY_S = 0.25
PAUSE_S = 0.1
PATIENCE_S = 600
STRANGERS = """
select distinct person from directory.dossier d
where not exists (select from directory.dossier o where o.person = d.person and o.institution = %s) limit %s
"""
INTEGRATE = """
with taken as (
    insert into directory.dossier (person, institution, quality, since)
    select person, %(institution)s, %(quality)s, date '1990-01-01' from unnest(%(persons)s::text[]) person
    returning person, institution, quality, since
)
insert into directory.integration (person, institution, quality, since) select * from taken
"""


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from acceptance to the institution, as half and 99 of 100 live events have them."""

    half: float
    most: float


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many persons and records a replay gave in how many seconds, and live events before and meanwhile."""

    persons: int
    records: int
    seconds: float
    quiet: Latency
    meanwhile: Latency


def _accept(settings: Settings, person: str, number: int) -> str:
    event = derive("probe", str(time.time_ns()), str(number))
    record = sample(KIND) | {"event": event, "person": person, "quarter": "2026Q3"}
    with postgres.connect(settings, "intake") as connection:
        connection.execute(
            "insert into register.outbox (topic, key, value) values (%s, %s, %s)",
            (KIND, pseudonym(settings.pepper(), person), encode(contract(KIND), record)),
        )
    return event


@contextmanager
def _arrivals(settings: Settings) -> Iterator[dict[str, float]]:
    """When each event of a probe reaches the topic of the institution, while open."""
    look, seen, ending = Offsets(settings, "inspector"), dict[str, float](), threading.Event()
    ends = look.ends([delivery(INSTITUTION)], settings.partitions)
    look.close()
    reader = kafka.consumer(settings, INSTITUTION, f"{INSTITUTION}.probe", fetch_wait_max_ms=10)
    reader.assign([TopicPartition(*place, offset) for place, offset in ends.items()])

    def read() -> None:
        while not ending.is_set():
            for message in reader.consume(1_000, 0.05):
                value = message.value()
                if value:
                    # Framing, then the event: a string of 32 characters behind its length.
                    seen.setdefault(value[6:38].decode("ascii", "replace"), time.monotonic())
        reader.close()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield seen
    finally:
        ending.set()
        thread.join()


def _probe(settings: Settings, person: str, seen: dict[str, float]) -> Latency:
    sent = {}
    for number in range(PROBES):
        sent[_accept(settings, person, number)] = time.monotonic()
        time.sleep(EVERY_S)
    deadline = time.monotonic() + PATIENCE_S
    while not sent.keys() <= seen.keys():
        if time.monotonic() > deadline:
            raise TimeoutError("a live event does not arrive")
        time.sleep(PAUSE_S)
    took = [seen[event] - at for event, at in sent.items()]
    steps = quantiles(took, n=100)
    return Latency(steps[49], steps[98])


def _integrate(settings: Settings, persons: list[str]) -> None:
    with postgres.connect(settings, "operator") as connection:
        connection.execute(INTEGRATE, {"institution": INSTITUTION, "quality": QUALITY, "persons": persons})


def measure(settings: Settings, most: int) -> Replayed:
    """Take up to `most` persons of the stored population on file where they are not, on a stack that is idle."""
    prober = inss(690809000 + time.time_ns() % 990, after_2000=False)
    with postgres.connect(settings, "operator") as connection:
        persons = [row[0] for row in connection.execute(STRANGERS, (INSTITUTION, most))]
    look = lag.Inspector(settings)
    with _arrivals(settings) as seen:
        _integrate(settings, [prober])
        quiet = _probe(settings, prober, seen)
        before, started = len(seen), time.monotonic()
        _integrate(settings, persons)
        done: list[float] = []

        def wait() -> None:
            while look.unreplayed():
                time.sleep(PAUSE_S)
            done.append(time.monotonic() - started)

        waiting = threading.Thread(target=wait)
        waiting.start()
        meanwhile = _probe(settings, prober, seen)
        waiting.join()
        records = len(seen) - before - PROBES
    look.close()
    return Replayed(len(persons), records, done[0], quiet, meanwhile)


def show(found: Replayed) -> None:
    """The figures for a person."""
    shown = table("live events", "p50", "p99", title="Live deliveries beside a replay", right=("p50", "p99"))
    for name, one in (("quiet", found.quiet), ("during the replay", found.meanwhile)):
        shown.add_row(name, f"{one.half:.2f} s", f"{one.most:.2f} s")
    console.print(shown)
    rate, records = found.persons / found.seconds, found.records / found.seconds
    console.print(f"replayed {found.persons:,} persons: {rate:,.0f} persons/s, {records:,.0f} events/s", "")
