"""Passes on every person of a file while it is read, and stores nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from producers.intake.anomalies import Anomaly
from producers.intake.dmfa.block_types import BlockRecords
from producers.intake.dmfa.declaration import Declaration
from producers.intake.dmfa.updates.content import PersonUpdate, UpdatedDeclaration
from producers.intake.event_encoder import TOPICS, EventEncoder, WriteEvent
from producers.intake.file_validation import judge
from producers.intake.receipts import ReceiptEntry
from schemas.contracts import contract
from schemas.fields import defaults

EventRecord = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DeclaredEvents:
    """What a declaration says about a person: three events, the place in the file, the day of sending."""

    wages: EventRecord
    working_time: EventRecord
    contributions: EventRecord
    place: str
    day: date


@dataclass(frozen=True, slots=True)
class ReadFile:
    """The result of reading a file."""

    file: str
    accepted: bool
    anomalies: tuple[Anomaly, ...]
    declarations: tuple[ReceiptEntry, ...]
    updates: tuple[UpdatedDeclaration, ...] | None
    """What a file of updates corrects, empty when it is refused; None for any other file."""


Fill = Callable[[Any], Any]


def _whole(schema: dict[str, Any]) -> Fill:
    """Fills in what a contract has a default for, as writing and reading would."""
    absent = defaults(schema)
    inner = {field["name"]: each for field in schema["fields"] if (each := _inside(field["type"]))}

    def fill(record: EventRecord) -> EventRecord:
        complete = {**absent, **record}
        for name, put in inner.items():
            complete[name] = put(complete[name])
        return complete

    return fill


def _inside(kind: Any) -> Fill | None:
    """How the records in a value of this type are filled in; None where it holds none."""
    match kind:
        case {"type": "record"}:
            return _whole(kind)
        case {"type": "array", "items": items}:
            each = _inside(items)
            return (lambda values: [each(value) for value in values]) if each else None
        case ["null", other]:
            fill = _inside(other)
            return (lambda value: None if value is None else fill(value)) if fill else None
    return None


WHOLE = tuple(_whole(contract(topic).schema) for topic in TOPICS)


class PersonObserver:
    """Passes on persons while a declaration is read, each with its place in the file."""

    def __init__(self, see: Callable[[DeclaredEvents], None], on: date | None) -> None:
        self._see = see
        self._on = on
        self._declaration: Declaration | None = None
        self._form = 0
        self._person = 0

    def show(self, declaration: Declaration, records: BlockRecords) -> None:
        """Show a person whose records have their envelope."""
        if declaration is not self._declaration:
            self._declaration, self._form, self._person = declaration, self._form + 1, 0
        self._person += 1
        wages, working_time, contributions = (whole(record) for whole, record in zip(WHOLE, records, strict=False))
        place = f"/DmfAOriginal/Form[{self._form}]/EmployerDeclaration/NaturalPerson[{self._person}]"
        day = self._on or declaration.form["created_on"]
        self._see(DeclaredEvents(wages, working_time, contributions, place, day))


class _Watch(EventEncoder):
    """Shows each person as it is read instead of encoding anything."""

    def __init__(self, view: PersonObserver) -> None:
        super().__init__(lambda *_: None, trace="")
        self._view = view

    def person(self, declaration: Declaration, records: BlockRecords) -> None:
        """Show the events of a person."""
        self.complete(declaration, records)
        self._view.show(declaration, records)


class ObservedEncoder(EventEncoder):
    """Encodes each person, and shows it."""

    def __init__(self, write: WriteEvent, view: PersonObserver, *, trace: str, pepper: bytes | None = None) -> None:
        super().__init__(write, trace=trace, pepper=pepper)
        self._view = view

    def person(self, declaration: Declaration, records: BlockRecords) -> None:
        """Encode and show the events of a person."""
        super().person(declaration, records)
        self._view.show(declaration, records)


def watch(
    path: Path,
    see: Callable[[DeclaredEvents], None],
    on: date | None = None,
    *,
    updates: Callable[[PersonUpdate], None] | None = None,
) -> ReadFile:
    """Read a file, and show each person to `see` on the way; none after something that blocks.

    `updates` sees the persons of a file of updates; without it such a file is refused. `on` is the day of sending, by
    default the day the form was made. What was seen counts only when the file is accepted.

    Raises Reject when it cannot be opened.
    """
    validation = judge(path, _Watch(PersonObserver(see, on)), on=on, updates=updates)
    anomalies = tuple(validation.anomalies.entries)
    updated = None if validation.updates is None else tuple(validation.updates)
    return ReadFile(str(path), validation.accepted, anomalies, validation.declared, updated)
