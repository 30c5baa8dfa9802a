"""Reconciles Kafka with a database that was restored to an earlier moment; nothing is published twice.

1. Readers take from the topics again what the database forgot. 2. Each outbox is compared with its topics. 3. What the
register lost is put back from its topics, and what people were told is taken from the topic of notices. 4. What is on
no topic is published, with the position behind it; 5. then the database has the mark that Kafka has. A repair that is
cut off is begun again by the same command: until its last step, nobody else publishes.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial

from backbone import postgres
from backbone.errors import Retry
from backbone.settings import Settings
from backbone.trouble import translated
from consumers import acts
from kruispunt import settings
from kruispunt.commands.stack.reconciliation import Repair, agree
from kruispunt.commands.stack.repair_report import RepairReport, show
from kruispunt.declared_outboxes import OUTBOXES
from kruispunt.monitoring.lag import MAIN, Inspector
from kruispunt.output import Exit, as_json, progress
from producers.intake import register
from schemas.institutions import INSTITUTIONS
from schemas.roles import Role
from schemas.topics import DISCLOSURES, FACTS, changes

PAUSE_S = 0.2


def repair(*, dry_run: bool, timeout: float, json: bool) -> int:
    """The command `repair`: 0 when all is there, 1 when there is something to do, for the command or for people."""
    config = settings.load()
    report = RepairReport()
    if agree(config):
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
            published={outbox.source: outbox.missing for outbox in report.comparisons if outbox.missing},
            lost_submissions=len(report.lost),
            lost_events=report.lost_events,
        )
    work.bring_back(report)
    work.recall_notices(report)
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
        show(report, dry_run=dry_run)
    return Exit.NO if report.for_people or (dry_run and report.differing) else Exit.DONE


def _readers(look: Inspector) -> dict[str, Callable[[], int]]:
    """Who takes from the topics again what the database forgot, and how much is left."""
    dossiers = tuple(changes(name) for name in INSTITUTIONS)
    return {
        "dossiers": partial(look.behind, dossiers, partial(look.stored, MAIN, "directory")),
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
