"""Registers a file once: the submission, its answers, its declarations and their facts are one transaction."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from psycopg import Connection

from backbone.errors import Reject, Retry
from backbone.trouble import translated
from producers.intake import answer_store, register
from producers.intake.anomalies import MOST, Anomalies, Anomaly, shown
from producers.intake.file_validation import FileValidation, RegisterEntry, judge
from producers.intake.person_events import DeclaredEvents, ObservedEncoder, PersonObserver
from producers.intake.receipts import Receipt
from producers.intake.spool import Spool
from producers.intake.submission_answers import answers
from schemas.dmfa.tables import ROOT
from schemas.identifiers import derive
from schemas.legal_day import legal_today

PersonCheck = Callable[[DeclaredEvents], Iterable[Anomaly]]
"""Finds further anomalies of one person, which do not block, by knowledge beyond the form."""
ATTEMPTS = 5
"""Two files with the same decision at once: the later one is judged again, on what the other registered."""


class AlreadyRegistered(Exception):
    """Some declarations of this file are registered already."""

    def __init__(self, free: set[str]) -> None:
        super().__init__()
        self.free = free


class Submission:
    """One file on its way into the register."""

    def __init__(self, connection: Connection[Any], path: Path, pepper: bytes, on: date, look: PersonCheck) -> None:
        self._connection = connection
        self._path = path
        self._pepper = pepper
        self._on = on
        self._look = look
        self._digest = digest_of(path)
        self.id = derive("submission", self._digest.hex())

    def first_receipt(self) -> Receipt | None:
        """The receipt that the same bytes got before; None when they are new."""
        return register.receipt(self._connection, self._digest, str(self._path))

    def judge_and_register(self) -> Receipt | None:
        """The receipt; None when one of these decisions was registered meanwhile, and the file must be judged again."""
        with Spool() as spool:
            further: list[Anomaly] = []
            view = PersonObserver(lambda seen: self._see(seen, further), self._on)
            trace = f"00-{self.id}-{self.id[:16]}-01"
            events = ObservedEncoder(spool.write, view, trace=trace, pepper=self._pepper)
            validation = judge(
                self._path,
                events,
                on=self._on,
                versions=lambda group: register.versions(self._connection, group, self.id),
            )
            if validation.accepted:
                validation.anomalies.entries.extend(further)
            try:
                return self._register(validation, spool)
            except AlreadyRegistered as taken:
                if any(entry.kind == "decision" for entry in validation.entries):
                    return None
                del validation.anomalies.entries[len(validation.anomalies.entries) - len(further) :]
                _refuse(validation, taken.free)
            return self._register(validation, spool)

    def _see(self, seen: DeclaredEvents, further: list[Anomaly]) -> None:
        """Run the further check of a person, up to a readable number of anomalies."""
        if len(further) < MOST:
            further.extend(self._look(seen))
            if len(further) >= MOST:
                message = "From here on nothing more of this kind is told. `kruispunt check` has all of it."
                further.append(replace(further[-1], path=f"/{ROOT}", message=message))

    def _register(self, validation: FileValidation, spool: Spool) -> Receipt:
        receipt = Receipt(
            str(self._path),
            self.id,
            validation.accepted,
            False,
            validation.declared,
            tuple(validation.anomalies.entries),
        )
        answered = answers(validation.accepted, validation.judged, receipt.anomalies)
        with self._connection.transaction():
            # 1. The submission. A concurrent sender of the same bytes waits here and gets the first receipt.
            if not register.add_submission(self._connection, receipt, self._digest, len(answered) - 1):
                first = self.first_receipt()
                assert first is not None  # noqa: S101  # it has just stood in the way
                return first
            # 2. The answers to it.
            answer_store.add(self._connection, self.id, answered)
            # 3. Its declarations. If one is registered already, everything is rolled back.
            # One that was lost in a restore also counts as taken: institutions have it, and its own file restores it.
            lost = register.lost_elsewhere(self._connection, self.id, _originals(validation.entries))
            free = register.add_declarations(self._connection, self.id, validation.entries) - lost
            if len(free) != len(validation.entries):
                raise AlreadyRegistered(free)
            # 4. Their facts, into the outbox. One commit covers all four.
            if validation.entries:
                register.add_facts(self._connection, spool, self.id)
        return receipt


def digest_of(path: Path) -> bytes:
    """SHA-256 of the bytes of a file.

    Raises Reject when it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise Reject("unreadable", f"cannot be read: {error.strerror}.", place=str(path), remedy="Check it.") from error


def _originals(entries: Iterable[RegisterEntry]) -> list[str]:
    """All but decisions: the next version of a decision follows from what was lost as well."""
    return [entry.declared.declaration for entry in entries if entry.kind != "decision"]


def _refuse(validation: FileValidation, free: set[str]) -> None:
    """Originals that were accepted before block the whole file."""
    anomalies: Anomalies = validation.anomalies
    taken: list[tuple[int, RegisterEntry]] = [
        (number, entry) for number, entry in enumerate(validation.entries, 1) if entry.declared.declaration not in free
    ]
    for number, entry in taken:
        message = (
            f"The declaration of employer {shown(entry.declared.employer)} for {entry.declared.quarter} was accepted "
            "before. Send what changed as an update."
        )
        place = f"/{ROOT}/Form[{number}]/EmployerDeclaration"
        anomalies.tell(place, "90007-006", "EmployerDeclaration", message, blocking=True)
    validation.entries = []


def nothing_more(_seen: DeclaredEvents) -> Iterable[Anomaly]:
    """No further check."""
    return ()


def receive(
    connection: Connection[Any], path: Path, *, pepper: bytes, on: date | None = None, look: PersonCheck = nothing_more
) -> Receipt:
    """Register a file, on a connection in autocommit mode; call it for many files in a row.

    `on` is the day of receipt, by default this day in Belgium: what the sender wrote into the form decides nothing.
    What `look` finds goes onto the receipt of a file that is accepted.

    Raises Reject when it cannot be opened, Retry when the register cannot be reached or a disk is full, Stop.
    """
    submission = Submission(connection, path, pepper, on or legal_today(), look)
    with translated():
        receipt = submission.first_receipt()
        for _ in range(ATTEMPTS):
            receipt = receipt or submission.judge_and_register()
    if receipt is None:
        raise Retry("Others register the same decisions again and again.")
    return receipt
