"""Says what is wrong in a declaration and what it leaves unclaimed, by the rules that decide in earnest."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.markup import escape

from backbone.errors import Reject
from kruispunt.output import Exit, as_json, console, fail, progress, readable, table
from kruispunt.submitting import show_anomalies
from producers.intake.anomalies import Anomaly
from producers.intake.check import Reading, read
from rules.catalogue import decide_all, decide_history, excesses
from rules.finding import Excess, Finding
from rules.history import of
from rules.situation import Situation, situation

AMOUNT = "DeductionAmount"
KINDS = ("declarations.wages", "declarations.working-time", "declarations.contributions")
SHOWN = 30
"""Findings shown to a person, the surest first; the others are in the JSON."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file is told."""

    file: str
    accepted: bool
    anomalies: list[Anomaly]
    findings: list[Finding]

    def as_dict(self) -> dict[str, Any]:
        """As in the JSON output."""
        return {
            "file": self.file,
            "accepted": self.accepted,
            "anomalies": [anomaly.as_dict() for anomaly in self.anomalies],
            "findings": [finding.as_json() for finding in self.findings],
        }


def _situations(reading: Reading) -> Iterator[tuple[str, date, Situation]]:
    """What the rules see of each person, where that person stands in the file, and the day of sending."""
    forms = {declared.declaration: number for number, declared in enumerate(reading.declarations, 1)}
    persons: Counter[str] = Counter()
    for events in reading.persons():
        if not all(kind in events for kind in KINDS):
            continue
        wages, working_time, contributions = (events[kind] for kind in KINDS)
        seen = situation(wages, working_time, contributions)
        declaration = events[KINDS[0]]["declaration"]
        persons[declaration] += 1
        place = f"/DmfAOriginal/Form[{forms[declaration]}]/EmployerDeclaration/NaturalPerson[{persons[declaration]}]"
        yield place, reading.sent_on[declaration], seen


def _anomaly(person: str, excess: Excess) -> Anomaly:
    line = f"{person}/WorkerRecord[{excess.line + 1}]"
    place = (
        f"{line}/WorkerDeduction[{excess.deduction + 1}]/{AMOUNT}"
        if excess.occupation is None
        else f"{line}/Occupation[{excess.occupation + 1}]/OccupationDeduction[{excess.deduction + 1}]/{AMOUNT}"
    )
    message = (
        f"Reduction {excess.deduction_code} takes {excess.claimed:.2f} euro where {excess.due:.2f} is due. "
        f"Declare {excess.due:.2f}, or check wages and working time."
    )
    return Anomaly(excess.code, excess.code.partition("-")[0], AMOUNT, "non-blocking", place, message)


def check_file(path: Path, on: date | None) -> Checked:
    """Read one file and decide the rules over it.

    Raises Reject when it cannot be opened.
    """
    with read(path, on) as reading:
        checked = Checked(reading.file, reading.accepted, list(reading.anomalies), [])
        total = sum(declared.persons for declared in reading.declarations)
        with progress() as bar:
            for place, day, seen in bar.track(_situations(reading), total=total, description=f"checking {path.name}"):
                checked.findings.extend(decide_all(seen, day))
                checked.findings.extend(decide_history(of(seen), day))
                checked.anomalies.extend(_anomaly(place, excess) for excess in excesses(seen))
    return checked


def check(files: Sequence[Path], *, json: bool, on: date | None) -> int:
    """The command `check`: 0 when every file would be accepted."""
    readable(files)
    found = []
    for file in files:
        try:
            found.append(check_file(file, on))
        except Reject as error:
            fail(Exit.WRONG_USE, f"{file}: {error.reason}", error.remedy or "")
    if json:
        as_json({"files": [one.as_dict() for one in found]})
    else:
        for one in found:
            _show(one)
    return Exit.DONE if all(one.accepted for one in found) else Exit.NO


def _show(one: Checked) -> None:
    console.print(
        f"[bold]{escape(Path(one.file).name)}[/]: "
        + ("[green]would be accepted[/]" if one.accepted else "[bold red]would be refused[/]")
    )
    show_anomalies(one.file, one.anomalies)
    if not one.findings:
        return
    missing = sum(finding.missing for finding in one.findings if finding.missing)
    console.print(f"\n{len(one.findings):,} findings, {missing:,.2f} euro left unclaimed")
    shown = table(
        "person",
        "occupation",
        "what",
        "code",
        "due",
        "claimed",
        "missing",
        "how sure",
        right=("due", "claimed", "missing"),
    )
    for finding in sorted(one.findings, key=lambda finding: finding.certainty.rank)[:SHOWN]:
        shown.add_row(
            finding.person,
            finding.occupation or "",
            finding.rule.replace("_", " "),
            finding.deduction_code or "",
            "" if finding.amount is None else f"{finding.amount:,.2f}",
            f"{finding.claimed:,.2f}",
            "" if finding.missing is None else f"{finding.missing:,.2f}",
            finding.certainty.value,
        )
    console.print(shown)
    if len(one.findings) > SHOWN:
        console.print(f"and {len(one.findings) - SHOWN:,} more; how each was reckoned: `kruispunt check --json`")
