"""Reports what is wrong in a declaration and what it leaves unclaimed, with the same rules as the stream."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.markup import escape

from backbone.errors import Reject
from kruispunt.commands.intake.excess import anomalies
from kruispunt.commands.intake.submit import show_anomalies
from kruispunt.commands.intake.unclaimed import show
from kruispunt.commands.intake.updates import as_json as update_as_json
from kruispunt.commands.intake.updates import show as show_updates
from kruispunt.commands.rules.law import as_known
from kruispunt.output import Exit, as_json, console, fail, progress, readable
from producers.intake.anomalies import Anomaly
from producers.intake.dmfa.updates.content import UpdatedDeclaration
from producers.intake.person_events import DeclaredEvents, watch
from rules.catalogue import decide_history, decide_with_excesses
from rules.findings.finding import Finding
from rules.law.law import Law
from rules.law.load import shipped_law
from rules.view.history import history_of
from rules.view.situation import situation


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file is told."""

    file: str
    accepted: bool
    anomalies: list[Anomaly]
    findings: list[Finding]
    updates: tuple[UpdatedDeclaration, ...] | None = None
    """What a file of updates corrects, empty when it is refused; None for any other file."""

    def as_dict(self) -> dict[str, Any]:
        """As in the JSON output."""
        checked: dict[str, Any] = {
            "file": self.file,
            "accepted": self.accepted,
            "anomalies": [anomaly.as_dict() for anomaly in self.anomalies],
            "findings": [finding.as_json() for finding in self.findings],
        }
        if self.updates is not None:
            checked["updates"] = [update_as_json(update) for update in self.updates]
        return checked


def check_file(path: Path, on: date | None, law: Law) -> Checked:
    """Read one file and decide the rules over it, person by person on the way.

    Raises Reject when it cannot be opened.
    """
    findings: list[Finding] = []
    too_much: list[Anomaly] = []
    with progress() as bar:
        task = bar.add_task(f"checking {path.name}", total=None)

        def see(one: DeclaredEvents) -> None:
            seen = situation(one.wages, one.working_time, one.contributions)
            missed, excesses = decide_with_excesses(seen, one.day, law)
            findings.extend(missed)
            findings.extend(decide_history(history_of(seen), one.day, law))
            too_much.extend(anomalies(one.place, excesses))
            bar.advance(task)

        found = watch(path, see, on, updates=lambda _person: bar.advance(task))
    if not found.accepted:
        return Checked(found.file, False, list(found.anomalies), [], found.updates)
    return Checked(found.file, True, [*found.anomalies, *too_much], findings, found.updates)


def check(
    files: Sequence[Path], *, json: bool, on: date | None, known: date | None = None, everybody: bool = False
) -> int:
    """The command `check`: 0 when every file would be accepted."""
    readable(files)
    found = []
    law = as_known(known, shipped_law())
    for file in files:
        try:
            found.append(check_file(file, on, law))
        except Reject as error:
            fail(Exit.WRONG_USE, f"{file}: {error.reason}", error.remedy or "")
    if json:
        as_json({"files": [one.as_dict() for one in found]})
    else:
        for one in found:
            _show(one, everybody=everybody)
    return Exit.DONE if all(one.accepted for one in found) else Exit.NO


def _show(one: Checked, *, everybody: bool) -> None:
    sound = "would be accepted" if one.updates is None else "nothing in it is wrong, as far as the file alone tells"
    console.print(
        f"[bold]{escape(Path(one.file).name)}[/]: "
        + (f"[green]{sound}[/]" if one.accepted else "[bold red]would be refused[/]")
    )
    show_anomalies(one.file, one.anomalies)
    if one.updates:
        show_updates(one.updates)
    if one.findings:
        show(one.findings, everybody=everybody)
