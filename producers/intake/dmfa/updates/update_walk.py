"""Reads a file of updates: every anomaly is reported, and every person comes out as a value while nothing blocks."""

from datetime import date

from lxml.etree import _Element

from producers.intake.anomalies import shown
from producers.intake.dmfa.block_types import HEAD, BlockRecord, BlockRecords
from producers.intake.dmfa.checks.sending_date import must_be_justified
from producers.intake.dmfa.declaration import employer_of
from producers.intake.dmfa.form_walk import PERSON, VEHICLE, FormWalk
from producers.intake.dmfa.updates.build import contribution_update, person_update, vehicle_update
from producers.intake.dmfa.updates.content import PersonUpdate, UpdatedDeclaration
from producers.intake.dmfa.xml_stream import Stream
from schemas.dmfa.update_tables import actions

ONCE = {
    PERSON: (
        ("person_pid", "00548-006", "DeclNaturalPersonPID", "Put all worker lines of a person under one person."),
    ),
    VEHICLE: (
        ("line", "00780-006", "CompanyVehicleSequenceNbr", "Number every vehicle differently."),
        ("licence_plate", "90312-006", "LicensePlate", "Say once what happens to it."),
        ("version", "00782-006", "CompanyVehicleVersionNbr", "Say once what happens to it."),
    ),
}
"""What must differ in all units of a kind: field, anomaly code, XML name, and what to do."""


class UpdateWalk(FormWalk[UpdatedDeclaration, PersonUpdate]):
    """One reading of one file of updates; `persons` gives those that come before anything that blocks."""

    def __init__(self, stream: Stream, on: date | None = None) -> None:
        super().__init__(stream, on)
        self._met: dict[str, set[object]] = {}

    def _declaration(self, form: BlockRecord, head: BlockRecord, name: str) -> UpdatedDeclaration:
        self._met.clear()
        quarter, trusteeship = str(head.get("quarter") or ""), bool(head.get("trusteeship"))
        sent = self._on or form.get("created_on")
        late = bool(quarter and sent and must_be_justified(quarter, sent))
        return UpdatedDeclaration(form, head, name, employer_of(head), quarter, trusteeship, late=late)

    def _once(self, kind: int, element: _Element, records: BlockRecords) -> None:
        super()._once(kind, element, records)
        head = records[HEAD]
        for field, code, label, remedy in ONCE.get(kind, ()):
            self._differs(element, head.get(field), code, label, remedy)
        if kind not in ONCE:
            self._contribution_once(element, head)

    def _contribution_once(self, element: _Element, head: BlockRecord) -> None:
        """A contribution of a class and code occurs once in an update, and so does a last situation."""
        last, content = head.get("last_situation", {}), head.get("content", {})
        named = content.get("employer_class"), content.get("code")
        below = element.find("CUNPUpdateAction")
        if below is not None and None not in named:
            self._differs(below, named, "90237-006", "CUNPUpdateAction", "Say once what happens to it.", inside=False)
        quoted = element.find("LastSituationCUNP")
        if quoted is not None:
            label = "ContUnrelatedToNPVersionNbr"
            self._differs(quoted, last.get("version"), "00611-006", label, "Say once what happens to it.")

    def _differs(
        self, element: _Element, value: object, code: str, label: str, remedy: str, *, inside: bool = True
    ) -> None:
        """Report a value that was met before under the same code."""
        met = self._met.setdefault(code, set())
        if value in met:
            said = " ".join(map(str, value)) if isinstance(value, tuple) else value
            message = f"{shown(said)} stands twice in this update. {remedy}"
            self.anomalies.tell(element, code, label, message, below=label if inside else "")
        elif value is not None:
            met.add(value)

    def _keep(
        self, declaration: UpdatedDeclaration, kind: int, records: BlockRecords, unread: int
    ) -> PersonUpdate | None:
        if self.anomalies.blocking:
            return None
        if kind == PERSON:
            person = person_update(declaration, records, unread)
            _count_person(person)
            return person
        if kind == VEHICLE:
            vehicle = vehicle_update(records[HEAD])
            declaration.vehicles.append(vehicle)
            declaration.actions["vehicle", vehicle.action] += 1
            declaration.quoted["vehicles"] += vehicle.version is not None
        else:
            contribution = contribution_update(records[HEAD])
            declaration.contributions.append(contribution)
            declaration.actions["contribution", contribution.action] += 1
            declaration.quoted["contributions"] += contribution.last is not None
        return None

    def _at_end(self, element: _Element) -> None:
        if self._last_unit < 0:
            message = "The update changes nothing. Add a person, a vehicle or a contribution, or leave the form out."
            label = self.names.units[PERSON]
            self.anomalies.tell(element, "90220-090", label, message, below=label)


def _count_person(person: PersonUpdate) -> None:
    """Count in the declaration what is done to a person, and what is quoted of it."""
    declaration = person.declaration
    for line in person.lines:
        declaration.actions["line", line.action] += 1
        declaration.quoted["occupations"] += sum(occupation.version is not None for occupation in line.occupations)
    declaration.quoted["persons"] += person.quoted is not None
    declaration.quoted["lines"] += sum(line.last is not None for line in person.lines)
    if person.must_be_justified and any(actions()[line.action].may_lower_wages for line in person.lines):
        declaration.unjustified += 1
