"""Brings the embedded stack up and down, and shows how it is."""

import datetime as dt
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from rich.markup import escape

from backbone import postgres, served
from backbone.errors import Retry, Stop
from backbone.horizon import Holder
from backbone.settings import Settings
from backbone.stack import stack
from backbone.stack.programs import ProcessState, Program
from backbone.stack.stack import Leash, Plan
from consumers.directory import alarms
from consumers.directory.alarms import Alarm
from kruispunt import settings
from kruispunt.dead_letters.closings import open_by_stage
from kruispunt.monitoring import certificates, lag
from kruispunt.monitoring.alarms import REMEDY, as_document
from kruispunt.monitoring.lag import Wait
from kruispunt.output import Exit, as_json, console, fail, moment, table, working
from kruispunt.provisioning.provision import bring_embedded
from schemas.institutions import HOSTED
from schemas.roles import Role

Lag = dict[str, int | None]
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


PLAN = Plan(programs, bring_embedded)


def start(home: Path, plan: Plan = PLAN, leash: Leash | None = None) -> Settings:
    """Bring a stack up, saying what is going on."""
    with working("starting") as say:
        return stack.up(home, plan, leash=leash, progress=say)


def up() -> None:
    """The command `up`."""
    start(settings.home())
    console.print("[bold green]✓[/] everything runs")


def down(*, wipe: bool) -> None:
    """The command `down`."""
    with working("stopping"):
        stopped = stack.down(settings.home(), wipe=wipe)
    console.print("[bold green]✓[/] everything has stopped" if stopped else "nothing was running")


def _lag(config: Settings) -> Lag | None:
    """What waits for each stage; None where the servers do not answer, or one institution's own."""
    elsewhere = {f"sink-{name}" for name in config.postgres_elsewhere}
    found: Lag = {}
    try:
        for stage in lag.stages(config):
            with suppress(*((Retry, Stop) if stage.name in elsewhere else ())):
                found[stage.name] = None
                found[stage.name] = stage.waiting()
    except (Retry, Stop):
        return None
    return found


def _waits(config: Settings, waiting: Lag | None) -> list[Wait] | None:
    try:
        return None if waiting is None else lag.waits(config, waiting)
    except (Retry, Stop):
        return None


def _wait_entry(wait: Wait) -> dict[str, Any]:
    return {"stage": wait.stage, **wait.holder._asdict(), "since": moment(wait.holder.since)}


def _dead_letters(config: Settings) -> int | None:
    try:
        return sum(open_by_stage(config).values())
    except (Retry, Stop):
        return None


def _alarms(config: Settings) -> list[Alarm] | None:
    try:
        with postgres.connect(config, Role.INSPECTOR) as connection:
            return alarms.unacknowledged(connection)
    except (Retry, Stop, psycopg.Error):
        return None


def _entry(state: ProcessState) -> dict[str, Any]:
    return {"name": state.name, "pid": state.pid, "state": state.state, "port": state.port, "since": state.since}


def _in_words(holder: Holder) -> str:
    who = f"{holder.application} of " if holder.application not in {"", holder.role} else ""
    what = f"a transaction of {escape(who)}{escape(holder.role)} (pid {holder.pid}, {holder.state})"
    return f"{what}, open since {moment(holder.since)}"


def _behind(waiting: Lag, process: str) -> int | None:
    """What waits for a process; the relay does several stages."""
    mine = [number for stage, number in waiting.items() if stage == process or stage.startswith(f"{process} ")]
    known = [number for number in mine if number is not None]
    return sum(known) if known else None


def status(*, json: bool) -> int:
    """The command `status`: 0 only when everything runs, 3 when nothing does; a certificate that ends is warned of."""
    home = settings.home()
    states = stack.status(home)
    config = settings.load(home)
    well = bool(states) and all(state.state == RUNNING for state in states)
    alive = any(state.pid for state in states)
    waiting = _lag(config) if alive else None
    now = dt.datetime.now(dt.UTC)
    held = served.look(config) if alive else []
    waits = _waits(config, waiting)
    letters = _dead_letters(config) if waiting is not None else None
    raised = _alarms(config) if alive else None
    code = Exit.DONE if well else Exit.NO if alive else Exit.UNREACHABLE
    if json:
        as_json(
            {
                "processes": [_entry(state) for state in states],
                "lag": waiting,
                "waits": None if waits is None else [_wait_entry(wait) for wait in waits],
                "inbox": str(config.inbox),
                "certificates": certificates.entries(held, now),
                "dead_letters": letters,
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
    for wait in waits or ():
        console.print(f"[bold yellow]…[/] {wait.stage} waits for {_in_words(wait.holder)}", soft_wrap=True)
    if letters:
        console.print(f"[bold yellow]…[/] {letters:,} dead letters wait for a decision: `kruispunt dead` lists them")
    for one in raised or ():
        console.print(f"[bold yellow]![/] alarm: {one}. {REMEDY}", soft_wrap=True)
    console.print(f"mails: {config.inbox}\nletters: {config.outgoing}", soft_wrap=True, markup=False)
    certificates.warn(held, now)
    return code
