"""Registers declarations and decisions, and prints the receipts."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path

from rich.markup import escape

from backbone import postgres
from backbone.errors import Reject
from kruispunt import settings
from kruispunt.commands.intake.excess import look
from kruispunt.output import Exit, as_json, console, fail, progress, readable, table
from producers.intake.anomalies import Anomaly
from producers.intake.receipts import Receipt
from producers.intake.receive import receive
from rules.law.load import shipped_law
from schemas.roles import Role

SHOWN = 20
"""Anomalies shown to a person; the others are in the JSON."""


def register(files: Sequence[Path], *, on: date | None = None) -> list[Receipt]:
    """Register files one after the other on one connection; none when one of them cannot be read.

    `on` is the day of receipt, by default this day in Belgium.
    """
    readable(files)
    config = settings.load()
    pepper = config.pepper()
    found = []
    look_beyond = partial(look, law=shipped_law())
    with postgres.connect(config, Role.INTAKE, autocommit=True) as connection, progress() as bar:
        for file in bar.track(files, description="submitting"):
            try:
                found.append(receive(connection, file, pepper=pepper, on=on, look=look_beyond))
            except Reject as error:
                fail(Exit.WRONG_USE, f"{file}: {error.reason}", error.remedy or "")
    return found


def submit(files: Sequence[Path], *, json: bool, on: date | None = None) -> int:
    """The command `submit`: 0 only when every file was accepted."""
    receipts = register(files, on=on)
    if json:
        as_json({"submissions": [receipt.as_dict() for receipt in receipts]})
    else:
        show(receipts)
    return Exit.DONE if all(receipt.accepted for receipt in receipts) else Exit.NO


def show(receipts: Sequence[Receipt]) -> None:
    """Receipts for a person."""
    shown = table("file", "ticket", "declarations", "persons", "", right=("declarations", "persons"))
    # It is copied from here to fetch the answers.
    shown.columns[1].no_wrap = True
    for receipt in receipts:
        persons = sum(part.persons for part in receipt.declarations)
        verdict = "[green]accepted[/]" if receipt.accepted else "[bold red]refused[/]"
        if receipt.already_received:
            verdict += " [dim]before: nothing new[/]"
        name = escape(Path(receipt.file).name)
        shown.add_row(name, receipt.ticket, f"{len(receipt.declarations):,}", f"{persons:,}", verdict)
    console.print(shown)
    for receipt in receipts:
        show_anomalies(receipt.file, receipt.anomalies)


def show_anomalies(file: str, anomalies: Sequence[Anomaly]) -> None:
    """Anomalies for a person: what, where, and what to do."""
    if not anomalies:
        return
    blocking = sum(anomaly.severity == "blocking" for anomaly in anomalies)
    console.print(
        f"\n[bold]{escape(Path(file).name)}[/]: {blocking:,} blocking and {len(anomalies) - blocking:,} other anomalies"
    )
    for anomaly in sorted(anomalies, key=lambda one: one.severity != "blocking")[:SHOWN]:
        colour = "red" if anomaly.severity == "blocking" else "yellow"
        console.print(
            f"  [{colour}]{anomaly.code}[/] {escape(anomaly.label)}: {escape(anomaly.message)}", soft_wrap=True
        )
        console.print(f"      [dim]{escape(anomaly.path)}[/]", soft_wrap=True)
    if len(anomalies) > SHOWN:
        console.print(f"  and {len(anomalies) - SHOWN:,} more: `kruispunt check --json`")
