"""Checks one person of an update: quoted as far as it is declared already, and each of its worker lines once."""

from typing import Any

from lxml.etree import _Element

from producers.intake.anomalies import Anomalies, shown
from producers.intake.dmfa.block_types import HEAD, WAGES, BlockCheck, BlockRecords
from producers.intake.dmfa.checks.updates import child_or_self
from schemas.dmfa.update_tables import UpdateAction

PERSON_ZONES = (
    ("natural_person_pid", "00549", "NaturalPersonPID"),
    ("person_pid", "00548", "DeclNaturalPersonPID"),
    ("version", "00620", "DeclNaturalPersonVersionNbr"),
)
"""Field, zone and XML name of what identifies a person who is declared already."""
WITHIN = frozenset({"person_pid", "version"})
"""Those that nobody has who is not in the declaration yet."""


def person(_quarter: str) -> BlockCheck:
    """Whether a person is quoted as far as it is declared, and each worker line is named once."""

    def check(element: _Element, outs: BlockRecords, anomalies: Anomalies) -> None:
        head = outs[HEAD]
        _quoted(element, head, anomalies)
        lines = element.findall("WorkerRecordUpdate")
        _last_situations_once(lines, head["lines"], anomalies)
        _lines_once(lines, outs, anomalies)

    return check


def _quoted(element: _Element, head: dict[str, Any], anomalies: Anomalies) -> None:
    """A person with a stored line, or of whom something is quoted, is declared already: all of it is quoted."""
    there = {name for name, _, label in PERSON_ZONES if element.find(label) is not None}
    stored = [action for line in head["lines"] if (action := line.get("content", {}).get("action")) not in (None, 3)]
    if not stored and not there & WITHIN:
        return
    for name, zone, label in PERSON_ZONES:
        if name not in there:
            message = f"{label} is missing. Quote what is stored of the person; a new one has new lines only."
            anomalies.tell(element, f"{zone}-001", label, message, below=label, blocking=True)


def _last_situations_once(lines: list[_Element], heads: list[dict[str, Any]], anomalies: Anomalies) -> None:
    """A last situation is corrected once."""
    met = set()
    for line, head in zip(lines, heads, strict=False):
        version = head.get("last_situation", {}).get("version")
        if version in met:
            label = "WorkerRecordVersionNbr"
            place = child_or_self(child_or_self(line, "LastSituationWR"), label)
            message = f"{shown(version)} is quoted for two lines. Say once what happens to a line."
            anomalies.tell(place, "00610-006", label, message, blocking=True)
        elif version is not None:
            met.add(version)


def _lines_once(lines: list[_Element], outs: BlockRecords, anomalies: Anomalies) -> None:
    """A person has one line of an employer class and worker code when the update is applied (block 90012)."""
    met = set()
    for line, head, said in zip(lines, outs[HEAD]["lines"], outs[WAGES]["lines"], strict=False):
        content = said.get("content", {})
        named = content.get("employer_class"), content.get("worker_code")
        if head.get("content", {}).get("action") in (None, UpdateAction.DELETE) or None in named:
            continue
        if named in met:
            label = "WorkerRecordUpdateAction"
            message = f"The person has two lines {shown(' '.join(named))}. Put the occupations on one line."
            anomalies.tell(child_or_self(line, label), "90225-006", label, message, blocking=True)
        met.add(named)
