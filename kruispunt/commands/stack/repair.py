"""Reconciles Kafka with a database that was restored to an earlier moment; nothing is published twice.

1. Readers take from the topics again what the database forgot. 2. Each outbox is compared with its topics. 3. What the
register lost is put back from its topics, and what people were told is taken from the topic of notices. 4. What is on
no topic is published, with the position behind it; 5. then the database has the mark that Kafka has. A repair that is
cut off is begun again by the same command: until its last step, nobody else publishes.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, cast

from confluent_kafka import Message, TopicPartition
from psycopg import Connection

from backbone import kafka, marks, postgres, transactions
from backbone.errors import Retry
from backbone.marks import TOKEN_BYTES, StoredMark
from backbone.offsets import Offsets
from backbone.outbox import OutboxRow, OutboxSource
from backbone.outbox_relay import added
from backbone.progress import START, Mark, OutboxPosition, Progress, PublishedSums, positions, record
from backbone.settings import Settings
from backbone.trouble import translated
from consumers import acts
from consumers.deliberations import store
from consumers.replay.run import SOURCE as REPLAY
from kruispunt import settings
from kruispunt.declared_outboxes import BY_NAME, OUTBOXES
from kruispunt.monitoring.lag import MAIN, Inspector
from kruispunt.monitoring.outboxes import Comparison, Outbox, otherwise, published
from kruispunt.output import Exit, as_json, console, errors, progress, table
from notifier import ledger_recovery as recall
from notifier.ledger_recovery import Recalled
from producers.intake import register
from producers.intake.register import Lost
from schemas.codec import decode_body, split
from schemas.identifiers import event_of, submission_of
from schemas.institutions import INSTITUTIONS
from schemas.registry import SchemaBook
from schemas.roles import Role
from schemas.topics import DISCLOSURES, FACTS, NOTICES, POSITIONS, changes
from schemas.twins.notices_status import NoticeStatus

NOTIFIER = "notifier"
REGISTER = "register"
AT_ONCE = 10_000
BATCH_BYTES = 8_000_000
PATIENCE_S = 30.0
"""A process that stops because of the restore lets go of its locks within this."""
PAUSE_S = 0.2
LOOKS = 5
LOOK_BACK = 100
"""So many of the last records of disclosures of each partition say by which deliberations was judged."""
SHOWN = 20


@dataclass
class RepairReport:
    """What differs, and what people have to do about it."""

    differing: list[str] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    lost: dict[str, set[str]] = field(default_factory=dict)
    """By submission, the declarations that are on the topics and not in the register."""
    lost_events: int = 0
    otherwise: list[str] = field(default_factory=list)
    notices: Recalled = field(default_factory=Recalled)
    revisions: tuple[int, int] = (0, 0)
    """By which revision of the deliberations was judged last, and which one the database has."""
    waiting: dict[str, int] = field(default_factory=dict)

    @property
    def for_people(self) -> bool:
        """Whether something is left that no command can bring back."""
        judged, here = self.revisions
        return bool(
            self.lost or self.otherwise or self.notices.doubted or self.notices.unknown or judged > here
        )  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "differing": self.differing,
            "outboxes": [
                {
                    "outbox": one.source,
                    "to_publish": one.missing,
                    "published_only": sum(one.only_published.values()),
                }
                for one in self.comparisons
            ],
            "lost": [
                {"submission": name, "declarations": sorted(declarations)}
                for name, declarations in sorted(self.lost.items())
            ],
            "lost_events": self.lost_events,
            "accepted_otherwise": self.otherwise,
            "notices": {
                "made_again": self.notices.made,
                "moved_on": self.notices.moved,
                "in_doubt": self.notices.doubted,
                "unknown": list(self.notices.unknown),
            },
            "deliberations": {"judged_by": self.revisions[0], "kept": self.revisions[1]},
            "waiting": self.waiting,
        }


def _there(config: Settings) -> dict[str, OutboxPosition]:
    return positions(kafka.read_all(config, Role.INSPECTOR, POSITIONS))


def _agree(config: Settings) -> bool:
    """Whether Kafka and the database are seen to agree, while somebody may be publishing."""
    with postgres.connect(config, Role.INSPECTOR, autocommit=True) as connection, translated():
        for _ in range(LOOKS):
            # Whoever publishes between the two makes them differ for this once.
            there = _there(config)
            if not marks.differing(marks.kept(connection), there, (*BY_NAME, REPLAY)):
                return True
            time.sleep(PAUSE_S)
    return False


class Repair:
    """One repair: holds the locks of all who publish from the beginning to the end."""

    def __init__(self, config: Settings, stack: ExitStack) -> None:
        self._config = config
        self._relay = stack.enter_context(postgres.connect(config, Role.RELAY, autocommit=True))
        self._replay = stack.enter_context(postgres.connect(config, Role.REPLAY, autocommit=True))
        for source in OUTBOXES:
            _lock(self._relay, postgres.Lock.OUTBOX, source.number, f"the relay of {source.name}")
        _lock(self._replay, postgres.Lock.REPLAY, None, "the replay")
        self._there = _there(config)
        with translated():
            self._here = marks.kept(self._relay)
        self.differing = marks.differing(self._here, self._there, (*BY_NAME, REPLAY))

    def _kept(self, source: str) -> StoredMark:
        return self._here.get(source, marks.NOTHING)

    def _position(self, source: str) -> OutboxPosition:
        return self._there.get(source, START)

    def _published(self, source: OutboxSource) -> tuple[StoredMark, Iterator[Message]]:
        """What the database has of an outbox, and what was published after that."""
        kept = self._kept(source.name)
        return kept, published(self._config, source, kept)

    def compare(self, report: RepairReport) -> None:
        """See what differs; changes nothing."""
        with progress() as bar:
            for source in OUTBOXES:
                kept, messages = self._published(source)
                task = bar.add_task(f"comparing {source.name}", total=None)
                outbox = Outbox(source, kept, messages)
                with translated():
                    found = outbox.compare(self._relay)
                report.comparisons.append(found)
                bar.update(task, total=1, completed=1)
                if source.name == REGISTER:
                    for lost in self._lost(found):
                        report.lost.setdefault(lost.submission, set()).add(lost.declaration)
                        report.lost_events += 1
                    if found.altered:
                        report.otherwise = otherwise(found.altered, self._published(source)[1])
        report.revisions = _revisions(self._config)

    def _lost(self, found: Comparison) -> Iterator[Lost]:
        """The events that are on their topics and not in the register, in the order of their partitions."""
        wanted, schemas = found.only_published.copy(), SchemaBook()
        if not wanted:
            return
        for message in self._published(BY_NAME[REGISTER])[1]:
            name, value = str(message.topic()), bytes(message.value() or b"")
            event = event_of(value)
            if wanted[name, event] > 0:
                wanted[name, event] -= 1
                number, body = split(value)
                said = decode_body(schemas.get(number), body)
                yield Lost(
                    name, bytes(message.key() or b""), value, said["occurred_at"], event, said["declaration"],
                    said["version"], submission_of(said["trace_parent"]),
                )  # fmt: skip

    def bring_back(self, report: RepairReport) -> None:
        """Put the lost events back into the register, all of them or none."""
        (found,) = (one for one in report.comparisons if one.source == REGISTER)
        with postgres.connect(self._config, Role.INTAKE) as connection, translated(), connection.transaction():
            lost = self._lost(found)
            while some := list(islice(lost, AT_ONCE)):
                register.bring_back(connection, some)

    def told(self, report: RepairReport) -> None:
        """Take back what people were told."""
        with postgres.connect(self._config, Role.NOTIFIER, autocommit=True) as connection, translated():
            recall.read_on(self._config, connection)
            notices = recall.last_states(
                cast("NoticeStatus", decode_body(schemas.get(number), body))
                for message in self._published(BY_NAME[Role.NOTIFIER])[1]
                if message.topic() == NOTICES
                for schemas in (SchemaBook(),)
                for number, body in (split(message.value() or b""),)
            )
            (found,) = (one for one in report.comparisons if one.source == NOTIFIER)
            announced = [identity for identity in found.only_published.elements() if identity[0] == NOTICES]
            report.notices = recall.recall(connection, notices, self._config.settle_seconds, announced)

    def publish(self, source: OutboxSource) -> int:
        """Publish what is on no topic, then the position behind it; gives how many rows."""
        kept, messages = self._published(source)
        outbox = Outbox(source, kept, messages)
        target = transactions.writer(self._config, Role.RELAY, f"{Role.RELAY}-{source.name}")
        found, done, tallies = Comparison(source.name, kept.reached), 0, self._position(source.name).published
        with translated():
            for some in _batches(outbox.unpublished(self._relay, found)):
                with transactions.transaction(target):
                    for row in some:
                        transactions.send(target, row.topic, row.value, row.key, row.partition)
                done += len(some)
                # What was never summed up is summed up by the relay, from the rows.
                tallies = None if tallies is None else added(source, tallies, some)
        self._settle(self._relay, target, source.name, found.last, tallies)
        return done

    def rewind(self) -> None:
        """Let the replay look again at who came on file since: what was copied is on record, and left out."""
        target = transactions.writer(self._config, Role.REPLAY, Role.REPLAY)
        self._settle(self._replay, target, REPLAY, self._kept(REPLAY).reached, None)

    def _settle(
        self, connection: Connection[Any], target: Any, source: str, last: Progress, tallies: PublishedSums | None
    ) -> None:
        number = max(self._kept(source).mark.number, self._position(source).mark.number) + 1
        mark = Mark(number, secrets.token_hex(TOKEN_BYTES))
        key, value = record(source, last, mark, tallies)
        with transactions.transaction(target):
            transactions.send(target, POSITIONS, value, key)
        marks.settle(connection, source, mark)


def _lock(connection: Connection[Any], lock: postgres.Lock, number: int | None, whose: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not postgres.try_lock(connection, lock, number):
        if time.monotonic() > deadline:
            raise Retry(f"{whose.capitalize()} is running.", "Stop it, then try again.")
        time.sleep(PAUSE_S)


def _batches(rows: Iterable[OutboxRow]) -> Iterator[list[OutboxRow]]:
    some: list[OutboxRow] = []
    size = 0
    for row in rows:
        some.append(row)
        size += len(row.value)
        if len(some) == AT_ONCE or size > BATCH_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


def _revisions(config: Settings) -> tuple[int, int]:
    """By which revision of the deliberations was judged last, and which one the database has."""
    schemas, judged = SchemaBook(), 0
    with closing(Offsets(config, Role.INSPECTOR)) as offsets:
        ends = offsets.ends((DISCLOSURES,), config.partitions)
    places = [TopicPartition(*place, max(end - LOOK_BACK, 0)) for place, end in ends.items() if end]
    for message in kafka.read_to_end(config, Role.INSPECTOR, places):
        number, body = split(message.value() or b"")
        judged = max(judged, decode_body(schemas.get(number), body).get("revision", 0))
    with postgres.connect(config, Role.INSPECTOR) as connection, connection.cursor() as cursor:
        return judged, store.revision(cursor)


def _readers(look: Inspector) -> dict[str, Callable[[], int]]:
    """Who takes from the topics again what the database forgot, and how much is left."""
    said = tuple(changes(name) for name in INSTITUTIONS)
    return {
        "dossiers": partial(look.behind, said, partial(look.stored, MAIN, "directory")),
        "audit": partial(look.behind, (DISCLOSURES,), partial(look.stored, MAIN, "audit")),
        "rules": partial(look.behind, (FACTS,), partial(look.stored, MAIN, "rules")),
    }


def _catch_up(config: Settings, timeout: float) -> dict[str, int]:
    """Wait until the readers have read everything; what is left for each at the timeout."""
    deadline = time.monotonic() + timeout
    with closing(Inspector(config)) as look, progress() as bar:
        task = bar.add_task("readers catch up", total=None)
        while True:
            left = {name: number for name, waiting in _readers(look).items() if (number := waiting())}
            if not left or time.monotonic() > deadline:
                return left
            bar.update(task, description=", ".join(f"{name} has {number:,} to read" for name, number in left.items()))
            time.sleep(PAUSE_S)


def repair(*, dry_run: bool, timeout: float, json: bool) -> int:
    """The command `repair`: 0 when all is there, 1 when there is something to do, for the command or for people."""
    config = settings.load()
    report = RepairReport()
    if _agree(config):
        report.lost = _still_lost(config)
        return _end(report, json=json, dry_run=dry_run)
    with ExitStack() as stack:
        work = Repair(config, stack)
        report.differing = work.differing
        report.waiting = _catch_up(config, 0 if dry_run else timeout)
        if report.waiting and not dry_run:
            names = ", ".join(report.waiting)
            raise Retry(f"Not everything has been read again: {names}.", "`kruispunt up` starts what does not run.")
        work.compare(report)
        if not dry_run:
            _repair(config, work, report)
            report.lost = _still_lost(config)
    return _end(report, json=json, dry_run=dry_run)


def _still_lost(config: Settings) -> dict[str, set[str]]:
    """By submission, the declarations that nobody has brought back yet."""
    with postgres.connect(config, Role.INTAKE) as connection, translated():
        return register.still_lost(connection)


def _repair(config: Settings, work: Repair, report: RepairReport) -> None:
    with postgres.connect(config, Role.OPERATOR) as connection, translated():
        # The act first: a repair that is cut off was begun all the same.
        acts.note(
            connection,
            "repaired after a restore",
            ", ".join(work.differing),
            published={one.source: one.missing for one in report.comparisons if one.missing},
            lost_submissions=len(report.lost),
            lost_events=report.lost_events,
        )
    work.bring_back(report)
    work.told(report)
    with progress() as bar:
        task = bar.add_task("publishing what is missing", total=len(OUTBOXES) + 1)
        for source in OUTBOXES:
            work.publish(source)
            bar.advance(task)
        work.rewind()
        bar.advance(task)


def _end(report: RepairReport, *, json: bool, dry_run: bool) -> int:
    if json:
        as_json(report.plain())
    else:
        _show(report, dry_run=dry_run)
    return Exit.NO if report.for_people or (dry_run and report.differing) else Exit.DONE


def _show(report: RepairReport, *, dry_run: bool) -> None:
    if not report.differing:
        console.print("[bold green]✓[/] Kafka and the database agree; there is nothing to repair")
        _show_lost(report)
        return
    for name, left in report.waiting.items():
        errors.print(f"{name} still has {left:,} to read: what follows may be less in the end")
    shown = table("outbox", "to publish", "published only", right=("to publish", "published only"))
    for one in report.comparisons:
        shown.add_row(one.source, f"{one.missing:,}", f"{sum(one.only_published.values()):,}")
    console.print(shown)
    _show_lost(report)
    _show_rest(report)
    if dry_run:
        console.print("Nothing was changed. `kruispunt repair` publishes what is missing.")
    else:
        console.print("[bold green]✓[/] repaired; `kruispunt up` starts what had stopped")


def _show_lost(report: RepairReport) -> None:
    if report.lost:
        console.print(
            f"{len(report.lost):,} submissions were published, and the register lost them. Their senders hand in the "
            "same files again: nothing of them is published twice."
        )
        for name, declarations in sorted(report.lost.items())[:SHOWN]:
            console.print(f"  submission {name}: {len(declarations):,} declarations", soft_wrap=True)
        if len(report.lost) > SHOWN:
            console.print(f"  and {len(report.lost) - SHOWN:,} more: `kruispunt repair --json`")


def _show_rest(report: RepairReport) -> None:
    for name in report.otherwise[:SHOWN]:
        console.print(
            f"declaration {name} was accepted again with other content: its sender corrects it", soft_wrap=True
        )
    told = report.notices
    if told.made or told.moved or told.doubted:
        console.print(f"notices: {told.made:,} made again, {told.moved:,} moved on, {told.doubted:,} in doubt")
    for name in told.unknown[:SHOWN]:
        console.print(f"notice {name} is on its topic, and its findings are gone", soft_wrap=True)
    judged, here = report.revisions
    if judged > here:
        console.print(
            f"Revision {judged} of the deliberations was in force, and the database has {here}: load or withdraw again "
            "what is missing before the exchange runs."
        )
