"""Walks a file from head to end: every anomaly is told, and every person comes out as three records."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

from lxml.etree import XPath, _Element

from producers.intake.anomalies import FILE, Anomalies, shown, tag
from producers.intake.moment import moment
from producers.intake.owed import Owed
from producers.intake.plan import plan
from producers.intake.reader import Stream
from producers.intake.shapes import CONTRIBUTIONS, HEAD, WAGES, Outs, Record
from schemas.identifiers import derive

SCHEMA_LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}"
STRAY = XPath("boolean(descendant-or-self::*/@*|descendant-or-self::*[*]/text()[normalize-space()])")
"""Whether something stands in a block that no table knows: an attribute, or text between its elements."""
STRAY_PLACES = XPath("descendant-or-self::*[@*|self::*[*]/text()[normalize-space()]]")


@dataclass(slots=True)
class Declaration:
    """One declaration of a file: what its head says, and what is counted while its persons come by."""

    form: Record
    head: Record
    id: str
    employer: str
    quarter: str
    trusteeship: bool
    persons: int = 0
    vehicles: list[Record] = field(default_factory=list)
    unrelated: list[Record] = field(default_factory=list)
    owed: Owed = field(default_factory=Owed)

    def content(self) -> dict[str, Any]:
        """What concerns no single person, for the register."""
        return {"form": self.form, **self.head, "vehicles": self.vehicles, "unrelated_contributions": self.unrelated}


@dataclass(frozen=True, slots=True)
class Person:
    """What a declaration says about one person, for each kind of event."""

    declaration: Declaration
    records: Outs


def employer_of(head: Record) -> str:
    """The enterprise number, or the NSSO number where that is all there is."""
    known = [number for name in ("enterprise_number", "nsso_number") if (number := head.get(name)) and number != "0"]
    return str(known[0]) if known else ""


class Walk:
    """One reading of one file. `anomalies` and `declarations` are complete when `persons` is exhausted."""

    def __init__(self, stream: Stream, on: date | None = None) -> None:
        self.anomalies = Anomalies()
        self.declarations: list[Declaration] = []
        self._stream = stream
        self._on = on
        self._head: _Element | None = None
        self._last_unit = -1
        self._numbers: set[int] = set()
        self._inss: set[str] = set()
        self._in_form = 0
        self._form: Record = {}
        self._read: _Element | None = None
        """The unit or form that was read last, still in the tree until what follows it begins."""

    def persons(self) -> Iterator[Person]:
        """Every person of every form, in file order.

        Raises Unreadable, TooMany.
        """
        for unit in self._stream.units():
            if unit.what != "unit":
                self._let_go()
            if unit.what == "head" and unit.element is not self._head:
                self._open(unit.element)
            elif unit.what == "unit":
                person = self._unit(unit.element)
                self._read = unit.element
                if person is not None:
                    yield person
            elif unit.what == "end of declaration":
                self._close(unit.element)
            elif unit.what == "end of form":
                self._end_form(unit.element)
            elif unit.what == "end":
                self._end(unit.element)

    def _let_go(self) -> None:
        if self._read is not None:
            self._between(_parent(self._read), self._read.tail)
            _parent(self._read).remove(self._read)
            self.anomalies.done[tag(self._read)] += 1
            self._read = None

    def _between(self, element: _Element, text: str | None) -> None:
        if text and not text.isspace():
            message = f"{shown(text.strip())} stands between its elements. Take it out."
            self.anomalies.tell(element, f"{FILE}-092", tag(element), message)

    def _open(self, element: _Element) -> None:
        """Read the head: the form up to its declaration, the declaration up to its first unit."""
        self._head, self._last_unit = element, -1
        self._in_form += 1
        self._numbers.clear()
        self._inss.clear()
        if self._in_form == 1:
            self._form = self._read_head(_parent(element), "EmployerDeclaration")
        else:
            message = "A form holds one declaration. Give each declaration a form of its own."
            self.anomalies.tell(element, "90007-090", "EmployerDeclaration", message)
        head = self._read_head(element, *UNITS)
        quarter, employer = str(head.get("quarter") or ""), employer_of(head)
        trusteeship = bool(head.get("trusteeship"))
        if not employer and {"enterprise_number", "nsso_number"} <= head.keys():
            message = "Neither NSSO number nor enterprise number is given. Give one of them."
            label = "NOSSRegistrationNbr"
            self.anomalies.tell(element, "00011-001", label, message, below=label)
        if quarter:
            for code, label, message in moment(quarter, self._form.get("created_on"), self._on):
                place = element if label == "Quarter" else _parent(element)
                self.anomalies.tell(place, code, label, message, below=label)
        name = derive("declaration", employer, quarter, str(int(trusteeship)))
        if any(other.id == name for other in self.declarations):
            message = f"The file already holds a declaration of this employer for {quarter}. Send it once."
            self.anomalies.tell(element, "90007-006", "EmployerDeclaration", message)
        self.declarations.append(Declaration(self._form, head, name, employer, quarter, trusteeship))

    def _read_head(self, element: _Element, *units: str) -> Record:
        """Read the children before the first of `units` and let them go, so that what is left is out of place."""
        children = list(_until(element, *units))
        for child in children:
            self._stray(child)
        for text in (element.text, *(child.tail for child in children)):
            self._between(element, text)
        if element.attrib:
            self._attributes(element)
        head = plan(str(element.tag), "").read(element, self.anomalies, children)[HEAD]
        for child in children:
            element.remove(child)
        return head

    def _stray(self, element: _Element) -> None:
        """Tell every attribute and every text that stands between elements."""
        if STRAY(element):
            for place in cast("list[_Element]", STRAY_PLACES(element)):
                if place.attrib:
                    self._attributes(place)
                else:
                    message = "It has text between its elements. Take it out."
                    self.anomalies.tell(place, f"{FILE}-092", tag(place), message)

    def _attributes(self, element: _Element) -> None:
        strange = [str(name) for name in element.attrib if not str(name).startswith(SCHEMA_LOCATION)]
        if strange:
            message = f"It has the attribute {shown(strange[0])}, which no form has. Take it out."
            self.anomalies.tell(element, f"{FILE}-092", tag(element), message)

    def _unit(self, element: _Element) -> Person | None:
        declaration = self.declarations[-1]
        name = str(element.tag)
        position = UNITS.index(name)
        reader = plan(name, declaration.quarter)
        if position < self._last_unit:
            message = f"{name} stands too late in the declaration. Put it in the order of the form."
            self.anomalies.tell(element, f"{reader.block.number}-091", name, message)
        self._last_unit = max(position, self._last_unit)
        self._stray(element)
        records = reader.read(element, self.anomalies)
        person = None
        if position == 0:
            self._once(element, records)
            declaration.persons += 1
            declaration.owed.add_person(records[CONTRIBUTIONS])
            person = Person(declaration, records)
        elif position == 1:
            declaration.vehicles.append(records[HEAD])
        else:
            declaration.unrelated.append(records[HEAD])
            declaration.owed.add(records[HEAD].get("amount"))
        return person

    def _once(self, element: _Element, records: Outs) -> None:
        """A person, and a sequence number, stand once in a declaration."""
        number, inss = records[HEAD].get("sequence"), records[WAGES].get("person")
        if number in self._numbers:
            message = f"{number} is the number of two persons. Number every person differently."
            label = "NaturalPersonSequenceNbr"
            self.anomalies.tell(element, "00023-006", label, message, below=label)
        elif number is not None:
            self._numbers.add(number)
        if inss in self._inss:
            message = f"{shown(inss)} stands twice in this declaration. Put all worker lines under one person."
            self.anomalies.tell(element, "00024-006", "INSS", message, below="INSS")
        elif inss is not None:
            self._inss.add(inss)

    def _close(self, element: _Element) -> None:
        declaration = self.declarations[-1]
        late = plan("EmployerDeclaration", "")
        for child in element:
            late.misplaced(child, self.anomalies)
        if not declaration.persons and not declaration.unrelated:
            message = "The declaration is about nobody. Add a person, or a contribution that is not bound to one."
            self.anomalies.tell(element, "90017-090", "NaturalPerson", message, below="NaturalPerson")
        told = declaration.owed.differs(declaration.head.get("net_owed"))
        if told:
            self.anomalies.tell(element, "00015-007", "NetOwedAmount", told, below="NetOwedAmount")
        for child in element:
            self._between(element, child.tail)
        for name in UNITS:
            self.anomalies.done[name] = 0

    def _end_form(self, element: _Element) -> None:
        if not self._in_form:
            plan("Form", "").read(element, self.anomalies)
            message = "The form holds no declaration. Add it."
            self.anomalies.tell(element, "90007-090", "EmployerDeclaration", message, below="EmployerDeclaration")
        for child in element if self._in_form else ():
            if child.tag != "EmployerDeclaration":
                plan("Form", "").misplaced(child, self.anomalies)
            self._between(element, child.tail)
        self._in_form, self._head, self._read = 0, None, element

    def _end(self, element: _Element) -> None:
        self._attributes(element)
        for text in (element.text, *(child.tail for child in element)):
            self._between(element, text)
        if not self.anomalies.done["Form"]:
            message = "The file holds no form. Add one."
            self.anomalies.tell(element, "90059-090", "Form", message, below="Form")
        for child in element:
            message = f"{shown(tag(child))} is no part of {element.tag}. Take it out, or correct its name."
            self.anomalies.tell(child, f"{FILE}-092", tag(child), message)


UNITS = ("NaturalPerson", "CompanyVehicle", "ContributionUnrelatedToNP")


def _until(element: _Element, *names: str) -> Iterator[_Element]:
    for child in element:
        if child.tag in names:
            return
        yield child


def _parent(element: _Element) -> _Element:
    return cast("_Element", element.getparent())
