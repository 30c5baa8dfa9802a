"""Runs a quarter's persons through everything, then stage by stage, and sets each stage beside the machine's own limit.

All figures come from one run on one machine: compare the ratios, not the rates. No time makes it fail; what is lost or
doubled does.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from backbone import surroundings
from backbone.settings import Settings
from backbone.stack.leash import stop_in_order
from backbone.stack.places import Places
from backbone.stack.stack import Leash
from backbone.stack.stack import down as stack_down
from backbone.stack.supervisor import Supervisor
from backbone.tally import NONE, total
from benchmarks import cpu, deciding, replay, withdrawal
from benchmarks.limits import Limit, measure
from kruispunt import stack
from kruispunt.commands.institutions import load as loading
from kruispunt.commands.intake import generate as generating
from kruispunt.commands.intake import submit as submitting
from kruispunt.monitoring import lag, ledger
from kruispunt.monitoring.books import read
from kruispunt.output import console, table, working
from producers.intake.dmfa.checks.sending_date import due
from schemas.institutions import HOSTED, INSTITUTIONS

SINKS = tuple(f"sink-{name}" for name in HOSTED)
PAUSE_S = 0.25
PATIENCE_S = 1800


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: the processes that do it, the waits that say it is done, the bare limit it is held against."""

    name: str
    processes: tuple[str, ...]
    done: tuple[str, ...]
    limit: str | None
    records: Callable[["Counts"], int]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many records went through each stage."""

    facts: int
    copies: int
    stored: int
    for_rules: int
    notices: int


STAGES = (
    Stage("relay", ("relay",), ("relay register",), "transaction", lambda counts: counts.facts),
    Stage("exchange", ("exchange",), ("exchange",), "transaction", lambda counts: counts.copies + counts.for_rules),
    Stage("six sinks", SINKS, SINKS, "copy", lambda counts: counts.stored),
    Stage("audit", ("audit",), ("audit",), "copy", lambda counts: counts.copies + counts.for_rules),
    Stage("rules", ("rules",), ("rules", "relay rules"), "decode", lambda counts: counts.for_rules),
    Stage("notifiers", stack.NOTIFIERS, ("notifier", "relay notifier"), None, lambda counts: counts.notices),
)
PROCESSES = tuple(process for stage in STAGES for process in stage.processes)


@dataclass(frozen=True, slots=True)
class Result:
    """What a stage did: `records` in `seconds`, of which its own processes worked `cpu` seconds."""

    name: str
    seconds: float
    cpu: float
    records: int
    limit: Limit | None


def _wait(config: Settings, names: tuple[str, ...]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    waits = [stage for stage in lag.stages(config) if stage.name in names]
    with working("waiting") as say:
        for stage in waits:
            while left := stage.waiting():
                say(f"{stage.name} still has {left:,} to do")
                if time.monotonic() > deadline:
                    raise TimeoutError(stage.name)
                time.sleep(PAUSE_S)


def _everything(config: Settings) -> tuple[str, ...]:
    return tuple(stage.name for stage in lag.stages(config))


def _timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _submit(folder: Path) -> None:
    files = sorted(folder.glob("*.xml"))
    day = due(files[0].stem.split("-")[1])
    refused = [receipt.file for receipt in submitting.register(files, on=day) if not receipt.accepted]
    if refused:
        raise RuntimeError(refused)


def _population(folder: Path, persons: int, quarter: str) -> None:
    generating.generate(persons=persons, quarter=quarter, out=folder, seed=persons)
    loading.load(folder)


def _counts(config: Settings) -> Counts:
    books = read(config)

    def copies(*names: str) -> int:
        return sum(total(ledger.delivered(books, name).values()).number for name in names)

    opened = books.notified.get("opened", NONE).number
    return Counts(books.accepted.number, copies(*INSTITUTIONS), copies(*HOSTED), copies("rules"), opened)


def _less(after: Counts, before: Counts) -> Counts:
    return Counts(
        after.facts - before.facts,
        after.copies - before.copies,
        after.stored - before.stored,
        after.for_rules - before.for_rules,
        after.notices - before.notices,
    )


def _stages(config: Settings, folder: Path, limits: dict[str, Limit], before: Counts) -> list[Result]:
    """Each stage alone, with all its work waiting for it."""
    supervisor = Supervisor(Places(config.home))
    supervisor.stop(PROCESSES)
    worked = time.process_time()
    intake = _timed(lambda: _submit(folder)), time.process_time() - worked
    spent = {}
    for stage in STAGES:
        supervisor.start(stage.processes)
        taken = _timed(lambda names=stage.done: _wait(config, names))  # type: ignore[misc]  # bound at once
        states = supervisor.states()
        spent[stage.name] = taken, cpu.seconds(states[process].pid for process in stage.processes)
        if stage.name != "relay":
            supervisor.stop(stage.processes)
    supervisor.start(PROCESSES)
    counts = _less(_counts(config), before)
    results = [Result("intake", *intake, counts.facts, limits["copy"])]
    return results + [
        Result(stage.name, *spent[stage.name], stage.records(counts), limits.get(stage.limit or "")) for stage in STAGES
    ]


def _rules(config: Settings, folder: Path, persons: int) -> deciding.Deciding:
    """The rules on a quarter of their own, with their process stopped while they are measured."""
    deciding.population(folder, persons)
    supervisor, since = Supervisor(Places(config.home)), deciding.bundles(config)
    supervisor.stop(("rules",))
    _submit(folder)
    _wait(config, ("relay register", "exchange"))
    found = deciding.measure(config, folder, since)
    supervisor.start(("rules",))
    return found


def _show(persons: int, whole: float, results: list[Result], limits: dict[str, Limit]) -> None:
    bare = table("bare limit", "records/s", title="What this machine does with nothing of ours", right=("records/s",))
    for limit in limits.values():
        bare.add_row(limit.name, f"{limit.per_second:,.0f}")
    console.print(bare, "")
    figures = ("share of the limit", "bare limit", "CPU ms/person", "persons/s", "records/s")
    shown = table("stage", *figures, title=f"{persons:,} persons, each stage alone", right=figures)
    for result in results:
        rate = result.records / result.seconds
        against = result.limit.name if result.limit else ""
        share = f"{rate / result.limit.per_second:.2f}" if result.limit else ""
        work = f"{1000 * result.cpu / persons:.2f}"
        shown.add_row(result.name, share, against, work, f"{persons / result.seconds:,.0f}", f"{rate:,.0f}")
    console.print(shown, "")
    console.print(f"[bold]end to end, all stages at once: {persons / whole:,.0f} persons/s[/] ({whole:.1f} s)")


def conclude(wrong: Sequence[str]) -> int:
    """The exit code: a slow machine is no fault, an effect that is lost or doubled is."""
    if wrong:
        console.print(f"[bold red]✗ the ledger does not balance:[/] {', '.join(wrong)}")
        return 1
    console.print("[bold green]✓[/] the ledger balances")
    return 0


def main(
    persons: Annotated[int, typer.Option(help="How many persons; the default takes about two minutes.")] = 15_000,
    withdrawals: Annotated[int, typer.Option(help="How often a right is withdrawn; three seconds each.", min=1)] = 20,
    json_to: Annotated[Path | None, typer.Option("--json", help="Also write the figures here.")] = None,
) -> None:
    """Measure the whole and each stage."""
    surroundings.settle()
    stop_in_order()
    with tempfile.TemporaryDirectory(prefix="kruispunt-bench-") as place:
        warm, folder = Path(place) / "whole", Path(place) / "stages"
        home = Path(tempfile.mkdtemp(prefix="kruispunt-bench-home-"))
        os.environ["KRUISPUNT_HOME"] = str(home)
        config = stack.start(home, leash=Leash(wipe=True))
        try:
            with working("measuring what this machine can do"):
                limits = measure(config)
            _population(warm, persons, "2026Q2")
            _population(folder, persons, "2026Q3")
            started = time.perf_counter()
            _submit(warm)
            _wait(config, _everything(config))
            whole = time.perf_counter() - started
            results = _stages(config, folder, limits, _counts(config))
            _wait(config, _everything(config))
            decided = _rules(config, Path(place) / "rules", persons)
            _wait(config, _everything(config))
            past = replay.measure(config, persons)
            _wait(config, _everything(config))
            wrong = [row.effect for row in ledger.rows(config) if row.difference]
            with working(f"withdrawing {withdrawals} times"):
                ended = withdrawal.measure(config, withdrawals)
        finally:
            stack_down(home, wipe=True)
    _show(persons, whole, results, limits)
    deciding.show(decided)
    replay.show(past)
    withdrawal.show(ended)
    if json_to:
        figures = {
            "persons": persons,
            "end_to_end": persons / whole,
            "stages": {result.name: persons / result.seconds for result in results},
            "cpu_ms": {result.name: 1000 * result.cpu / persons for result in results},
            "limits": {name: limit.per_second for name, limit in limits.items()},
            "rules": decided.as_dict(),
            "replay": asdict(past),
            "withdrawal": ended,
        }
        json_to.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    raise typer.Exit(conclude(wrong))


if __name__ == "__main__":
    typer.run(main)
