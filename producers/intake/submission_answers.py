"""Builds the answers to a submission: the acknowledgement of the file, then a notification for each declaration.

An answer says whose declaration it is about and what was wrong where. It never holds a value of the file, nor a person.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from producers.intake.anomalies import Anomaly
from producers.intake.receipts import ReceiptEntry
from schemas.dmfa.code_lists import Severity
from schemas.dmfa.tables import ROOT

ACKNOWLEDGEMENT = 0
"""The number of the first answer; the others are numbered as the declarations are ordered in the file."""
PLACE = re.compile(rf"/(?:{ROOT}/Form|line)\[([0-9]+)\]")
"""Where a declaration begins, of an anomaly in it."""

AnswerResult = Literal["received", "accepted", "refused"]


@dataclass(frozen=True, slots=True)
class JudgedDeclaration:
    """A declaration that was read to its end: `place` in the file, whose it is, and what it is if it is accepted."""

    place: str
    about: dict[str, Any]
    declared: ReceiptEntry


@dataclass(frozen=True, slots=True)
class AnsweredAnomaly:
    """An anomaly as an answer keeps it: without the message, which may quote a value of the file."""

    code: str
    label: str
    severity: Severity
    path: str


@dataclass(frozen=True, slots=True)
class SubmissionAnswer:
    """One answer. `about` names the declaration it is about; it is empty in the acknowledgement."""

    number: int
    result: AnswerResult
    about: dict[str, Any]
    anomalies: tuple[AnsweredAnomaly, ...] = field(default=())

    @property
    def kind(self) -> Literal["acknowledgement", "notification"]:
        """Which answer it is."""
        return "notification" if self.number > ACKNOWLEDGEMENT else "acknowledgement"


def answers(
    accepted: bool, judged: Iterable[JudgedDeclaration], anomalies: Sequence[Anomaly]
) -> list[SubmissionAnswer]:
    """All answers to a file, the acknowledgement first.

    A file in which something blocks that belongs to no declaration is not processed: its acknowledgement refuses it,
    holds every anomaly, and is the only answer.
    """
    of_file: list[Anomaly] = []
    by_place: dict[str, list[Anomaly]] = defaultdict(list)
    for anomaly in anomalies:
        found = PLACE.match(anomaly.path)
        (by_place[found.group()] if found else of_file).append(anomaly)
    if any(anomaly.severity == "blocking" for anomaly in of_file):
        return [SubmissionAnswer(ACKNOWLEDGEMENT, "refused", {}, _kept(anomalies))]
    known = {declaration.place: declaration for declaration in reversed(list(judged))}
    made = [SubmissionAnswer(ACKNOWLEDGEMENT, "received", {}, _kept(of_file))]
    for number, place in enumerate(sorted({*known, *by_place}, key=_order), 1):
        about = {"place": place, **_about(known.get(place), accepted=accepted)}
        result: AnswerResult = "accepted" if accepted else "refused"
        made.append(SubmissionAnswer(number, result, about, _kept(by_place.get(place, ()))))
    return made


def _about(declaration: JudgedDeclaration | None, *, accepted: bool) -> dict[str, Any]:
    if declaration is None:
        return {}
    if not accepted:
        return declaration.about
    entry = declaration.declared
    return {
        **declaration.about,
        "declaration": entry.declaration,
        "version": entry.version,
        "status": entry.status,
        "persons": entry.persons,
    }


def _order(place: str) -> int:
    found = PLACE.match(place)
    return int(found.group(1)) if found else 0


def _kept(anomalies: Iterable[Anomaly]) -> tuple[AnsweredAnomaly, ...]:
    return tuple(AnsweredAnomaly(one.code, one.label, one.severity, one.path) for one in anomalies)
