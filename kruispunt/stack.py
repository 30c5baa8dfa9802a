"""Brings the embedded stack up and down, and shows how it is."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from rich.status import Status

from backbone import postgres, settings
from backbone.errors import Retry, Stop
from backbone.settings import Settings
from backbone.stack import stack
from backbone.stack.programs import Program, State
from backbone.stack.stack import Leash, Plan
from consumers.directory import alarms
from consumers.directory.alarms import Alarm
from kruispunt import lag
from kruispunt.alarming import REMEDY, as_document
from kruispunt.output import Exit, as_json, console, errors, fail, table
from kruispunt.provisioning import bring_when_ready
from schemas.institutions import HOSTED

RUNNING = "running"
NOTIFIERS = ("notifier", "notifier-2")
"""Two share the recipients: a letter takes longer than everything before it."""
MARKS = {RUNNING: "[green]●[/] running", "stopped": "[dim]○ stopped[/]"}


def programs(config: Settings) -> list[Program]:
    """Every process of Kruispunt itself, in the order data travels."""
    this = str(Path(sys.executable).with_name("kruispunt"))
    verbs = [
        ("relay", ("relay",)),
        ("dossiers", ("dossiers",)),
        ("exchange", ("exchange",)),
        ("replay", ("replay",)),
        *((f"sink-{name}", ("deliver", name)) for name in HOSTED),
        ("audit", ("audit",)),
        ("rules", ("rules",)),
        *((name, ("notify",)) for name in NOTIFIERS),
    ]
    home = {"KRUISPUNT_HOME": str(config.home)}
    found = [Program(name, (this, *verb), environment=home) for name, verb in verbs]
    return [*found, Program("api", (this, "api"), port=config.api_port, environment=home)]


PLAN = Plan(programs, bring_when_ready)


@contextmanager
def showing() -> Iterator[Status | None]:
    """A line that says what is being started, where somebody looks."""
    if not errors.is_terminal:
        yield None
        return
    with errors.status("starting") as line:
        yield line


def start(home: Path, plan: Plan = PLAN, leash: Leash | None = None) -> Settings:
    """Bring a stack up, saying what is going on."""
    with showing() as line:
        return stack.up(home, plan, leash=leash, progress=line.update if line else lambda _step: None)


def up() -> None:
    """The command `up`."""
    start(settings.home())
    console.print("[bold green]✓[/] everything runs")


def down(*, wipe: bool) -> None:
    """The command `down`."""
    stopped = stack.down(settings.home(), wipe=wipe)
    console.print("[bold green]✓[/] nothing runs any more" if stopped else "nothing ran here")


def _lag(config: Settings) -> dict[str, int] | None:
    try:
        return {stage.name: stage.waiting() for stage in lag.stages(config)}
    except (Retry, Stop):
        return None


def _alarms(config: Settings) -> list[Alarm] | None:
    try:
        with postgres.connect(config, lag.INSPECTOR) as connection:
            return alarms.unacknowledged(connection)
    except (Retry, Stop, psycopg.Error):
        return None


def _entry(state: State) -> dict[str, Any]:
    return {"name": state.name, "pid": state.pid, "state": state.state, "port": state.port, "since": state.since}


def _behind(waiting: dict[str, int], process: str) -> int | None:
    """What waits for a process; the relay does several stages."""
    mine = [number for stage, number in waiting.items() if stage == process or stage.startswith(f"{process} ")]
    return sum(mine) if mine else None


def status(*, json: bool) -> int:
    """The command `status`: 0 only when everything runs, 3 when nothing does."""
    home = settings.home()
    states = stack.status(home)
    config = settings.load(home)
    well = bool(states) and all(state.state == RUNNING for state in states)
    alive = any(state.pid for state in states)
    waiting = _lag(config) if alive else None
    raised = _alarms(config) if alive else None
    code = Exit.DONE if well else Exit.NO if alive else Exit.UNREACHABLE
    if json:
        as_json(
            {
                "processes": [_entry(state) for state in states],
                "lag": waiting,
                "inbox": str(config.inbox),
                "alarms": None if raised is None else [as_document(one) for one in raised],
            }
        )
        return code
    if not states:
        fail(Exit.UNREACHABLE, f"There is no stack in {home}.", "`kruispunt up` starts one.")
    shown = table("process", "state", "pid", "port", "waiting", right=("pid", "port", "waiting"))
    for state in states:
        behind = _behind(waiting or {}, state.name)
        shown.add_row(
            state.name,
            MARKS.get(state.state, f"[bold red]●[/] {state.state}"),
            str(state.pid or ""),
            str(state.port or ""),
            "" if behind is None else f"{behind:,}",
        )
    console.print(shown)
    for one in raised or ():
        console.print(f"[bold yellow]![/] alarm: {one}. {REMEDY}", soft_wrap=True)
    console.print(f"mails: {config.inbox}\nletters: {config.outgoing}", soft_wrap=True, markup=False)
    return code
