"""What one declaration says as a whole, and what it says about one person."""

from dataclasses import dataclass, field
from typing import Any

from producers.intake.anomalies import UnreadElement
from producers.intake.dmfa.block_types import UNREAD, BlockRecord, BlockRecords
from producers.intake.dmfa.checks.owed import Owed

FORM = ("form", "created_on", "created_at", "attestation_status", "form_type")
"""What an answer repeats of a form, by the names of its zones."""


@dataclass(slots=True)
class DeclarationHead:
    """The head of one declaration of a file, and how many persons were read of it."""

    form: BlockRecord
    head: BlockRecord
    id: str
    employer: str
    quarter: str
    trusteeship: bool
    persons: int = 0
    place: str = ""
    """The form it is in, as a path in the file."""
    unread: list[UnreadElement] = field(default_factory=list)
    """What the tables do not know, as it is in the file."""


@dataclass(slots=True)
class Declaration(DeclarationHead):
    """One original declaration of a file: its head, and what is counted while its persons are read."""

    vehicles: list[BlockRecord] = field(default_factory=list)
    unrelated: list[BlockRecord] = field(default_factory=list)
    owed: Owed = field(default_factory=Owed)

    def heading(self) -> dict[str, Any]:
        """Whose declaration it is and which form it came in: nothing of its content, and no person."""
        return {
            "employer": self.employer,
            "quarter": self.quarter,
            **{name: self.head.get(name) for name in ("nsso_number", "enterprise_number")},
            "form": {name: self.form.get(name) for name in FORM},
        }

    def content(self) -> dict[str, Any]:
        """What concerns no single person, and what was not read, for the register."""
        unread = {"unread": self.unread} if self.unread else {}
        about_nobody = {"vehicles": self.vehicles, "unrelated_contributions": self.unrelated}
        return {"form": self.form, **self.head, **about_nobody, **unread}


@dataclass(frozen=True, slots=True)
class DeclaredPerson:
    """What a declaration says about one person, for each kind of event."""

    declaration: Declaration
    records: BlockRecords


def employer_of(head: BlockRecord) -> str:
    """The enterprise number, or the NSSO number where that is all there is."""
    known = [number for name in ("enterprise_number", "nsso_number") if (number := head.get(name)) and number != "0"]
    return str(known[0]) if known else ""


def without_unread(record: BlockRecord) -> None:
    """Take out every record whose code the tables do not know."""
    for name, value in record.items():
        if isinstance(value, dict):
            without_unread(value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            record[name] = [block for block in value if UNREAD not in block]
            for block in record[name]:
                without_unread(block)
