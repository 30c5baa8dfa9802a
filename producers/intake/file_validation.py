"""Validates one file of either kind: anomalies, declarations, and the encoded events of what is accepted."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from backbone.errors import Reject
from producers.intake import decisions as entitlements
from producers.intake.anomalies import Anomalies, TooMany
from producers.intake.decisions import SubmittedDecision
from producers.intake.dmfa.declaration import Declaration
from producers.intake.dmfa.updates.content import PersonUpdate, UpdatedDeclaration
from producers.intake.dmfa.updates.update_walk import UpdateWalk
from producers.intake.dmfa.walk import Walk
from producers.intake.dmfa.xml_stream import Stream
from producers.intake.event_encoder import EventEncoder
from producers.intake.format_errors import UnreadableFile
from producers.intake.receipts import ReceiptEntry
from producers.intake.submission_answers import JudgedDeclaration
from schemas.dmfa.forms import UPDATE

BEGINNING = 64
UPDATES = "00297"
"""The zone with the type of a form; reported when the type is not accepted."""
NOT_REGISTERED = (
    "Updates (DmfAUpdate) are not taken in yet: nothing stores them. `kruispunt check` reads them. Send originals "
    "(DmfAOriginal)."
)

PersonUpdates = Callable[[PersonUpdate], None]
"""Takes each person of a file of updates, in file order; none after something that blocks."""
Versions = Callable[[Iterable[SubmittedDecision]], dict[str, tuple[int, bytes]]]
"""The last version and digest that is registered of each of these decisions."""


def unregistered(_decisions: Iterable[SubmittedDecision]) -> dict[str, tuple[int, bytes]]:
    """Where there is no register, every decision is new."""
    return {}


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """What the register stores about a declaration or decision beside its facts."""

    declared: ReceiptEntry
    kind: Literal["dmfa", "decision"]
    trusteeship: bool
    digest: bytes
    content: dict[str, Any]


@dataclass(slots=True)
class FileValidation:
    """The result of validating one file. Its events are in the spool only when it is `accepted`."""

    anomalies: Anomalies = field(default_factory=Anomalies)
    entries: list[RegisterEntry] = field(default_factory=list)
    unchanged: list[ReceiptEntry] = field(default_factory=list)
    """Decisions that are registered already with the same content."""
    judged: list[JudgedDeclaration] = field(default_factory=list)
    """Every declaration that was read to its end, accepted or not."""
    updates: list[UpdatedDeclaration] | None = None
    """What a file of updates corrects, empty when it is refused; None for any other file."""

    @property
    def accepted(self) -> bool:
        """Whether nothing blocks."""
        return not self.anomalies.blocking

    @property
    def declared(self) -> tuple[ReceiptEntry, ...]:
        """Everything the file declares, in its order as far as it is new."""
        return (*(entry.declared for entry in self.entries), *self.unchanged)


def judge(
    path: Path,
    events: EventEncoder,
    *,
    on: date | None = None,
    versions: Versions = unregistered,
    updates: PersonUpdates | None = None,
) -> FileValidation:
    """Read a file whole. `on` is the day of sending, by default the day the form was made.

    `updates` takes the persons of a file of updates; without it such a file is refused.

    Raises Reject when the file cannot be opened.
    """
    judgement = FileValidation()
    try:
        if _is_json(path):
            _judge_decisions(path, events, judgement, versions)
        else:
            _judge_declarations(path, events, judgement, on, updates)
    except UnreadableFile as error:
        _tell_unreadable(error, judgement.anomalies)
    except TooMany:
        pass
    except OSError as error:
        raise Reject("unreadable", f"cannot be read: {error.strerror}.", place=str(path), remedy="Check it.") from error
    judgement.anomalies.count_unread()
    if not judgement.accepted:
        judgement.entries, judgement.unchanged = [], []
        judgement.updates = None if judgement.updates is None else []
    return judgement


def _tell_unreadable(error: UnreadableFile, anomalies: Anomalies) -> None:
    """Report why a file is not read on: at its root, where that is one of an update."""
    form = anomalies.form
    code = f"{UPDATES if error.code == '163' else form.number}-{error.code}"
    label = "TypeForm" if error.code == "163" else form.root
    path = f"/{form.root}" if form is UPDATE and error.path == "/" else error.path
    anomalies.tell(path, code, label, error.message, blocking=True)


def _is_json(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(BEGINNING).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def _judge_updates(stream: Stream, judgement: FileValidation, on: date | None, updates: PersonUpdates | None) -> None:
    if updates is None:
        raise UnreadableFile("163", NOT_REGISTERED, f"/{UPDATE.root}")
    walk = UpdateWalk(stream, on)
    judgement.anomalies, judgement.updates = walk.anomalies, walk.declarations
    for person in walk.persons():
        updates(person)


def _judge_declarations(
    path: Path, events: EventEncoder, judgement: FileValidation, on: date | None, updates: PersonUpdates | None
) -> None:
    stream = Stream(path)
    if stream.form is UPDATE:
        _judge_updates(stream, judgement, on, updates)
        return
    walk = Walk(stream, on)
    judgement.anomalies = walk.anomalies
    for person in walk.persons():
        if not walk.anomalies.blocking:
            events.person(person.declaration, person.records)
    judgement.entries = [_entry(declaration) for declaration in walk.declarations]
    judgement.judged = [
        JudgedDeclaration(declaration.place, declaration.heading(), entry.declared)
        for declaration, entry in zip(walk.declarations, judgement.entries, strict=True)
    ]


def _entry(declaration: Declaration) -> RegisterEntry:
    declared = ReceiptEntry(declaration.id, declaration.employer, declaration.quarter, declaration.persons)
    return RegisterEntry(declared, "dmfa", declaration.trusteeship, b"", declaration.content())


def _judge_decisions(path: Path, events: EventEncoder, judgement: FileValidation, versions: Versions) -> None:
    for group in entitlements.groups(entitlements.read(path, judgement.anomalies)):
        known = versions(decision for _, decision in group)
        for place, decision in group:
            version, digest = known.get(decision.id, (0, b""))
            if digest == decision.digest():
                status: Literal["original", "changed"] = "original" if version == 1 else "changed"
                declared = ReceiptEntry(decision.id, "", decision.quarter, 1, version, status)
                judgement.unchanged.append(declared)
            else:
                declared = _add(decision, version + 1, events, judgement)
            judgement.judged.append(JudgedDeclaration(place, {"quarter": decision.quarter}, declared))


def _add(decision: SubmittedDecision, version: int, events: EventEncoder, judgement: FileValidation) -> ReceiptEntry:
    status: Literal["original", "changed"] = "original" if version == 1 else "changed"
    declared = ReceiptEntry(decision.id, "", decision.quarter, 1, version, status)
    content = {"institution": decision.institution, "decision": decision.decision}
    judgement.entries.append(RegisterEntry(declared, "decision", False, decision.digest(), content))
    if judgement.accepted:
        events.decision(decision.id, version, decision.quarter, decision.content())
    return declared
