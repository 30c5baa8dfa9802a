"""Tells the story of one declaration, live, on real Kafka, PostgreSQL and SMTP; then stops it all."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from backbone.settings import Settings
from backbone.stack.leash import stop_in_order
from backbone.stack.stack import Leash, Plan
from backbone.stack.stack import down as stack_down
from kruispunt import stack
from kruispunt.commands.accounts import notices as accounts
from kruispunt.commands.institutions import load as loading
from kruispunt.commands.intake import submit as submitting
from kruispunt.commands.intake.generate import generate
from kruispunt.commands.stack import demo_evidence as evidence
from kruispunt.commands.stack.demo_evidence import InstitutionShare, Story
from kruispunt.monitoring import lag
from kruispunt.output import Exit, console, euro, fail, progress, table
from notifier.render import words
from notifier.render.texts import texts
from producers.intake.dmfa.checks.sending_date import due
from schemas.institutions import INSTITUTIONS
from schemas.languages import Language

EXAMPLES = Path("examples")
KEPT = Path("demo-output")
QUARTER = "2026Q3"
BATCH = 300
BATCH_QUARTER = "2026Q2"
SETTLE_S = 0.5
"""In real life findings settle for a day; here nobody corrects anything."""
PATIENCE_S = 120.0
PAUSE_S = 0.25
"""How often the bars move."""
WIDTH = 80
"""A terminal that is wider shows the same story."""
HALF = WIDTH // 2 - 1
COPY_LINES = 14
MAIL_PARAGRAPHS = 3
NAME_WIDTH = 35
ENGLISH: Final = "en"
NAMES_OF_LANGUAGES: dict[Language, str] = {"nl": "Dutch", "fr": "French", "de": "German", "en": "English"}
KINDS = {
    "declarations.working-time": "working time",
    "declarations.wages": "wages",
    "declarations.contributions": "contributions",
    "declarations.entitlements": "decisions",
}
REASONS = {
    "not authorised": "no legal basis",
    "person not integrated": "not on file",
    "not in the period": "file of other years",
    "not that quality": "file of another kind",
}


def run() -> int:
    """Everything, in order; 0 only when the ledger balances."""
    if not EXAMPLES.is_dir():
        fail(Exit.WRONG_USE, "There is no folder examples/ here.", "Run `make demo` in the checkout.")
    console.width = min(console.width, WIDTH)
    began = time.monotonic()
    with _stack() as config:
        processes = len(stack.programs(config))
        ready = time.monotonic() - began
        _title(1, "An employer declares, once")
        console.print(
            f"Kafka, PostgreSQL, a mail inbox and {processes} processes started in {ready:.0f} s.\n"
            f"The declaration is {EXAMPLES}/dmfa-{QUARTER}-0001.xml. No person in it exists.\n"
        )
        _declare(config)
        citizen, employer = evidence.told(config, "citizen"), evidence.told(config, "employer")
        _title(2, f"Who received what about {citizen.name}")
        shares = evidence.shares(config, citizen.recipient)
        _show_shares(shares)
        _show_contrast(config, citizen, shares)
        _title(3, "A right that nobody asked for")
        _show_finding(citizen)
        _show_notice(config, citizen)
        _show_employer(config, employer)
        _title(4, f"The same for {BATCH} persons at once")
        _batch(config)
        _title(5, "Nothing lost, nothing twice")
        console.print("Every effect is counted in two places that do not know of each other.\n")
        balanced = accounts.ledger(json=False)
    console.print(f"\nDone in {time.monotonic() - began:.0f} s, and stopped. What was sent is in [bold]{KEPT}/[/].")
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


def _title(number: int, what: str) -> None:
    console.print()
    console.rule(f"[bold]{number}. {escape(what)}[/]", align="left", characters="─")
    console.print()


def _done(what: str) -> None:
    console.print(f"[bold green]✓[/] {what}")


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


def _submit(files: Sequence[Path], quarter: str) -> None:
    receipts = submitting.register(files, on=due(quarter))
    for receipt in receipts:
        if not receipt.accepted:
            submitting.show(receipts)
            fail(Exit.NO, f"{receipt.file} was refused.", "See the anomalies above.")
    declarations = [part for receipt in receipts for part in receipt.declarations if part.employer]
    new = [receipt for receipt in receipts if not receipt.already_received]
    if new:
        _done(f"accepted: {_count(len(declarations), 'declaration')} in {_count(len(files), 'file')}")
    else:
        _done("the same files again: the same receipts, and nothing new")


def _declare(config: Settings) -> None:
    loading.load(EXAMPLES)
    files = [EXAMPLES / "entitlements.jsonl", *sorted(EXAMPLES.glob("*.xml"))]
    _submit(files, QUARTER)
    _submit(files, QUARTER)
    _arrive(config)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _name(recipient: str) -> str:
    return INSTITUTIONS[recipient].names[ENGLISH]


def _show_shares(shares: Sequence[InstitutionShare]) -> None:
    """One line for each institution that got something, and one for each reason why another did not."""
    institutions = [share for share in shares if share.recipient in INSTITUTIONS]
    received = sorted((one for one in institutions if one.fields), key=lambda one: -sum(one.fields.values()))
    refused = [one for one in institutions if not one.fields]
    examples = {
        one.reasons[0]: one for one in sorted(refused, key=lambda one: -len(_name(one.recipient))) if one.reasons
    }
    shown = table("institution", "fields it received", "legal basis")
    shown.columns[0].width, shown.columns[0].no_wrap, shown.columns[0].overflow = NAME_WIDTH, True, "ellipsis"
    for one in received:
        fields = ", ".join(f"{KINDS[kind]} {number}" for kind, number in sorted(one.fields.items(), reverse=True))
        shown.add_row(_name(one.recipient), f"[green]{fields}[/]", ", ".join(one.bases))
    for reason, one in examples.items():
        shown.add_row(f"[dim]{_name(one.recipient)}[/]", "[dim]nothing[/]", f"[yellow]{REASONS.get(reason, reason)}[/]")
    console.print(shown)
    others = [one.recipient for one in refused if one not in examples.values()]
    kinds = {kind for one in shares for kind in one.fields}
    whole = ", ".join(f"{KINDS[kind]} {evidence.whole(kind)}" for kind in sorted(kinds, reverse=True))
    console.print(f"\n[dim]Fields in the declaration: {whole}.[/]")
    if others:
        console.print(f"[dim]Also nothing for: {', '.join(others)}.[/]")


def _show_contrast(config: Settings, person: Story, shares: Sequence[InstitutionShare]) -> None:
    found = evidence.contrast(shares)
    if found is None:
        return
    kind, *holders = found
    panels = Table.grid(padding=(0, 1, 0, 0))
    copies = []
    for one in holders:
        lines = evidence.copy_held(config, one.recipient, person.recipient, kind).splitlines()
        more = len(lines) - COPY_LINES
        text = "\n".join([*lines[:COPY_LINES], *([f"… {more} more lines"] if more > 0 else [])])
        title = f"{one.recipient}: {one.fields[kind]} fields of {KINDS[kind]}"
        copies.append(Panel(Text(text, no_wrap=True, overflow="ellipsis"), title=title, title_align="left", width=HALF))
    panels.add_row(*copies)
    console.print("\nThe same event in the databases of two institutions:\n")
    console.print(panels)


def _amount(story: Story) -> str:
    if story.missing is None:
        return "no amount: only the institution can say"
    return f"{euro(story.missing)} euro not claimed"


def _rule(story: Story) -> str:
    """What a rule is called in English."""
    said = texts(ENGLISH)
    return said.say(f"{said.rule(story.rule, story.side)}.title")


def _why(story: Story) -> list[dict[str, Any]]:
    """Three steps of a trace: what was earned, what the rule gives, what was claimed; else the first conditions."""
    steps = story.trace
    money = [step for step in steps if step["unit"] == "EUR"]
    claimed = [step for step in steps if step["step"] == "claimed"]
    before = [step for step in money if step not in claimed]
    return [before[0], before[-1], claimed[0]] if len(before) > 1 and claimed else list(steps[:3])


def _show_finding(story: Story) -> None:
    said = texts(ENGLISH)
    sure = story.certainty.replace("_", " ")
    console.print(f"[bold]{_rule(story)}[/] for {escape(story.name)}: [bold]{_amount(story)}[/], {sure}.\n")
    shown = table("why", "", "source", right=("",))
    for step in _why(story):
        value = words.quantity(step["value"], step["unit"], said)
        shown.add_row(words.label(step["step"], said), value, step["source"])
    console.print(shown)
    console.print(f"[dim]and {len(story.trace) - 3} more steps, each with its figure and its source[/]\n")


def _show_notice(config: Settings, story: Story) -> None:
    KEPT.mkdir(exist_ok=True)
    mail = evidence.mail(config, story.notice)
    if mail:
        console.print("The e-mail says that there is a notice, and not what is in it:\n")
        text = "\n\n".join([*mail.paragraphs[:MAIL_PARAGRAPHS], "…"])
        console.print(Panel(Text(text), title=escape(mail.subject), title_align="left"))
        shutil.copy(mail.path, KEPT / "e-mail.eml")
    picture = _keep_letter(config, story)
    console.print(f"The letter, in {NAMES_OF_LANGUAGES[story.language]}, says it all: [bold]{picture}[/]")


def _keep_letter(config: Settings, story: Story) -> Path:
    picture = KEPT / f"letter-to-{story.side}.png"
    evidence.keep_letter(config, story.notice, picture.with_suffix(".pdf"), picture)
    return picture


def _show_employer(config: Settings, story: Story) -> None:
    picture = _keep_letter(config, story)
    totals = evidence.totals(config)
    console.print(
        f"\n[bold]{_rule(story)}[/] for {escape(story.name)}: [bold]{_amount(story)}[/].\n"
        f"The letter to this employer: [bold]{picture}[/]\n\n"
        f"In all {_count(totals['citizen'], 'citizen')} and {_count(totals['employer'], 'employer')} got a notice:"
        f" {totals['e-mail']} by e-mail, {totals['letter']} by post."
    )


def _batch(config: Settings) -> None:
    with tempfile.TemporaryDirectory(prefix="kruispunt-batch-") as place:
        folder = Path(place)
        generate(persons=BATCH, quarter=BATCH_QUARTER, out=folder, seed=BATCH)
        loading.load(folder)
        began = time.monotonic()
        _submit(sorted(folder.glob("*.xml")), BATCH_QUARTER)
        _arrive(config)
    _done(f"delivered, decided and told in {time.monotonic() - began:.1f} s\n")
    copies = evidence.delivered(config)
    listed = ", ".join(f"{name} {copies[name]:,}" for name in INSTITUTIONS)
    console.print(f"Copies delivered so far: {listed}; to the rules {copies[evidence.RULES]:,}.")
