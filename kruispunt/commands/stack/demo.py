"""Shows the whole way of a declaration, live, on real Kafka, PostgreSQL and SMTP; then stops it all."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.columns import Columns
from rich.panel import Panel
from rich.text import Text

from backbone.settings import Settings
from backbone.stack.leash import stop_in_order
from backbone.stack.stack import Leash, Plan
from backbone.stack.stack import down as stack_down
from kruispunt import stack
from kruispunt.commands.accounts import notices as told
from kruispunt.commands.institutions import load as loading
from kruispunt.commands.intake import submit as submitting
from kruispunt.commands.intake.generate import generate
from kruispunt.commands.stack import demo_evidence as evidence
from kruispunt.monitoring import lag
from kruispunt.output import Exit, console, euro, fail, progress, table
from producers.intake.dmfa.checks.sending_date import due
from schemas.institutions import INSTITUTIONS

EXAMPLES = Path("examples")
KEPT = Path("demo-output")
QUARTER = "2026Q3"
BATCH = 300
BATCH_QUARTER = "2026Q2"
SETTLE_S = 0.5
"""In real life findings settle for a day; here nobody corrects anything."""
PATIENCE_S = 120.0
FIRST_STEPS, LAST_STEPS = 14, 7
"""How much of a long reasoning is shown; the letter and `kruispunt check --json` have all of it."""
PAUSE_S = 0.25
"""How often the bars move."""


def run() -> int:
    """Everything, in order; 0 only when the ledger balances."""
    if not EXAMPLES.is_dir():
        fail(Exit.WRONG_USE, "There is no folder examples/ here.", "Run `make demo` in the checkout.")
    began = time.monotonic()
    with _stack() as config:
        processes = len(stack.programs(config))
        ready = time.monotonic() - began
        _title(
            1,
            "Everything runs",
            f"a real broker, database and inbox, and {processes} processes, ready in {ready:.0f} s",
        )
        _declare(config)
        person = evidence.somebody_told(config, "citizen")
        _follow(config, person)
        _told(config, person)
        _batch(config)
        _title(6, "The account", "every effect counted in two places that know nothing of each other")
        balanced = told.ledger(json=False)
    console.print(
        f"\nAll of it took {time.monotonic() - began:.0f} s and is gone, but for what was sent: [bold]{KEPT}/[/]"
    )
    return balanced


@contextmanager
def _stack() -> Iterator[Settings]:
    stop_in_order()
    home = Path(tempfile.mkdtemp(prefix="kruispunt-demo-"))
    os.environ |= {"KRUISPUNT_HOME": str(home), "KRUISPUNT_FAST_START": "1"}
    plan = Plan(stack.programs, stack.PLAN.prepare, {"settle_seconds": SETTLE_S})
    try:
        yield stack.start(home, plan, Leash())
    finally:
        stack_down(home, wipe=True)


def _title(number: int, what: str, why: str) -> None:
    console.print()
    console.rule(f"[bold]{number}. {what}[/]", align="left", characters="─")
    console.print(Text(why, style="dim"))
    console.print()


def _arrive(config: Settings) -> None:
    """Wait for all stages, a bar for each."""
    stages = lag.stages(config)
    with progress() as bars:
        tasks = {one.name: bars.add_task(f"{one.name:16}", total=None) for one in stages}
        most: dict[str, int] = {}
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            left = 0
            for one in stages:
                waiting = one.waiting()
                left += waiting
                most[one.name] = max(most.get(one.name, 0), waiting)
                total = most[one.name] or 1
                bars.update(tasks[one.name], total=total, completed=total - waiting)
            if not left:
                return
            time.sleep(PAUSE_S)
    fail(Exit.NO, "Not everything arrived in time.", "See the logs named by `kruispunt status`.")


def _declare(config: Settings) -> None:
    _title(
        2,
        "Employers declare, once",
        f"the files in {EXAMPLES}/, DmfA of {QUARTER}, made for this demo: no person in them exists",
    )
    loading.load(EXAMPLES)
    files = [*sorted(EXAMPLES.glob("*.jsonl")), *sorted(EXAMPLES.glob("*.xml"))]
    submitting.submit(
        [file for file in files if file.suffix == ".xml" or file.name == "entitlements.jsonl"],
        json=False,
        on=due(QUARTER),
    )
    _arrive(config)


def _follow(config: Settings, person: evidence.Person) -> None:
    _title(
        3,
        f"What became of what was declared about {person.name}",
        "the same three events; each institution has the part a deliberation gives it, or a reason",
    )
    shown = table("institution", "kind", "received", "on which basis")
    for line in evidence.disclosures(config, person):
        name = (
            INSTITUTIONS[line.recipient].names["en"] if line.recipient in INSTITUTIONS else "the rules, to find rights"
        )
        if line.fields is None:
            shown.add_row(f"[dim]{name}[/]", f"[dim]{line.kind}[/]", f"[dim]nothing: {line.reason}[/]", "")
        else:
            shown.add_row(name, line.kind, f"[green]{line.fields} of {line.of} fields[/]", line.basis)
    console.print(shown)
    panels = [
        Panel(evidence.stored(config, name, person), title=f"in the database of {name}", title_align="left", width=58)
        for name in evidence.holders(config, person)[:2]
    ]
    console.print("", Columns(panels))


def _shortened(trace: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int, list[dict[str, Any]]]:
    """The beginning of a trace, how much is left out, and its end."""
    if len(trace) <= FIRST_STEPS + LAST_STEPS + 1:
        return trace, 0, []
    return trace[:FIRST_STEPS], len(trace) - FIRST_STEPS - LAST_STEPS, trace[-LAST_STEPS:]


def _told(config: Settings, person: evidence.Person) -> None:
    finding = evidence.finding(config, person)
    missing = f"{euro(finding.missing)} euro missing" if finding.missing else "how much, only the institution can say"
    _title(
        4,
        f"What nobody asked for: {finding.rule}",
        f"{finding.certainty}; {missing}; every figure says where it is from",
    )
    shown = table("step", "value", "unit", "source", right=("value",))
    first, hidden, last = _shortened(finding.trace)
    for step in first:
        shown.add_row(step["step"], step["value"], step["unit"] or "", step["source"])
    if hidden:
        shown.add_row(f"[dim]… {hidden} steps more[/]")
    for step in last:
        shown.add_row(step["step"], step["value"], step["unit"] or "", step["source"])
    console.print(shown)
    _title(5, "So people are told", "an e-mail says that there is a notice; the letter says it all")
    KEPT.mkdir(exist_ok=True)
    mail = evidence.mail(config, person)
    if mail:
        console.print(Panel(mail.text, title=mail.subject, title_align="left", width=92))
        shutil.copy(mail.path, KEPT / "e-mail.eml")
    for side, letter in evidence.letters(config).items():
        kept = KEPT / f"letter-to-{side}.pdf"
        shutil.copy(letter, kept)
        console.print(f"a letter, as the printer gets it: [bold]{kept}[/]")


def _batch(config: Settings) -> None:
    console.print()
    console.print(f"[bold]And now {BATCH} persons at once.[/]")
    with tempfile.TemporaryDirectory(prefix="kruispunt-batch-") as place:
        folder = Path(place)
        generate(persons=BATCH, quarter=BATCH_QUARTER, out=folder, seed=BATCH)
        loading.load(folder)
        began = time.monotonic()
        submitting.submit(sorted(folder.glob("*.xml")), json=False, on=due(BATCH_QUARTER))
        _arrive(config)
    seconds = time.monotonic() - began
    console.print(f"[bold green]✓[/] declared, delivered, decided and told in {seconds:.1f} s")
