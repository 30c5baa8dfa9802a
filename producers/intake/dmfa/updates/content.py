"""What one update says: what it quotes of the stored declaration, and what it does to persons, lines and the rest.

These are values that know nothing of what is stored. Whatever applies an update compares what it quotes with what is
stored, and takes the content of its lines, which is what reading an original gives of the same line.
"""

from collections import Counter
from dataclasses import dataclass, field

from producers.intake.dmfa.block_types import BlockRecord
from producers.intake.dmfa.declaration import DeclarationHead
from schemas.dmfa.update_tables import Corrected, UpdateAction

EventRecords = tuple[BlockRecord, BlockRecord, BlockRecord]
"""What is said for wages, working time and contributions, in this order."""


@dataclass(frozen=True, slots=True)
class LastSituation:
    """The last situation of a worker line, or of a contribution not bound to a person, as an update quotes it."""

    employer_class: str
    worker_code: str
    version: int


@dataclass(frozen=True, slots=True)
class QuotedOccupation:
    """An occupation of a line, by its number. `version` is that of its last situation, None where it is new."""

    number: int
    version: int | None


@dataclass(frozen=True, slots=True)
class LineUpdate:
    """One worker line: the action, the line it is about (none when it is created), and the line as it shall be.

    `content` is whole under CHANGE and CREATE: an occupation that it does not hold is gone. Under DELETE and UNCHANGED
    it may be anything, and says nothing.
    """

    action: UpdateAction
    employer_class: str
    worker_code: str
    last: LastSituation | None
    content: EventRecords
    occupations: tuple[QuotedOccupation, ...]


@dataclass(frozen=True, slots=True)
class QuotedPerson:
    """The identifiers of a person who is declared already: the person's, that within the declaration, its version."""

    natural_person: int
    declared: int
    version: int


@dataclass(frozen=True, slots=True)
class VehicleUpdate:
    """One company vehicle. `version` is that of its last situation, as far as it was quoted."""

    action: UpdateAction
    number: int
    plate: str
    ecological: bool | None
    version: int | None


@dataclass(frozen=True, slots=True)
class ContributionUpdate:
    """One contribution that is not bound to a person, in cents; without amount where it is deleted."""

    action: UpdateAction
    employer_class: str
    code: str
    basis: int | None
    amount: int | None
    last: LastSituation | None


@dataclass(slots=True)
class UpdatedDeclaration(DeclarationHead):
    """The declaration that an update corrects. What concerns no person is complete when its persons are read."""

    late: bool = False
    """Sent so late that lower remuneration must be justified."""
    vehicles: list[VehicleUpdate] = field(default_factory=list)
    contributions: list[ContributionUpdate] = field(default_factory=list)
    actions: Counter[tuple[Corrected, UpdateAction]] = field(default_factory=Counter)
    quoted: Counter[str] = field(default_factory=Counter)
    unjustified: int = 0
    """Persons whose remuneration may not become lower, because nothing justifies it."""

    @property
    def pid(self) -> int:
        """The permanent identifier that the update quotes (zone 00534)."""
        return int(self.head["declaration_pid"])

    @property
    def justification(self) -> str | None:
        """Why it is corrected, where the update says so for all its persons (zone 00545)."""
        return self.head.get("justification")


@dataclass(frozen=True, slots=True)
class PersonUpdate:
    """What an update says about one person. `quoted` is None for somebody who is not in the declaration yet.

    The national number may be another than the stored one: it is the identifiers that say who is meant.
    """

    declaration: UpdatedDeclaration
    person: str
    quoted: QuotedPerson | None
    justification: str | None
    about: EventRecords
    """The person's own zones, without lines, as reading an original gives them."""
    lines: tuple[LineUpdate, ...]
    unread: bool
    """Whether something in it is unknown to the tables; the declaration keeps it, and its events must say `unread`."""

    @property
    def must_be_justified(self) -> bool:
        """Whether this is refused if it makes a remuneration lower than it is stored."""
        return self.declaration.late and not (self.justification or self.declaration.justification)
