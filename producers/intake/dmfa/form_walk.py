"""Walks a file of either form from head to end: every anomaly is reported, every unit is read and let go."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import date
from typing import Generic, TypeVar, cast

from lxml.etree import _Element

from producers.intake.anomalies import Anomalies, shown, tag
from producers.intake.dmfa.block_types import HEAD, WAGES, BlockRecord, BlockRecords
from producers.intake.dmfa.checks.sending_date import moment
from producers.intake.dmfa.compile import plan
from producers.intake.dmfa.declaration import DeclarationHead, employer_of
from producers.intake.dmfa.stray_content import attributes, stray, text_between
from producers.intake.dmfa.value_faults import SPACE
from producers.intake.dmfa.xml_stream import Stream
from schemas.dmfa.tables import is_later
from schemas.identifiers import derive, from_dmfa

QUARTER = re.compile("[0-9]{4}[1-4]")
PERSON, VEHICLE, UNRELATED = range(3)
"""The kinds of units, in the order of either form."""
ReadHead = TypeVar("ReadHead", bound=DeclarationHead)
ReadPerson = TypeVar("ReadPerson")


class FormWalk(ABC, Generic[ReadHead, ReadPerson]):
    """One reading of one file. `anomalies` and `declarations` are complete when `persons` is exhausted."""

    def __init__(self, stream: Stream, on: date | None = None) -> None:
        self.names = stream.form
        self.anomalies = Anomalies(self.names)
        self.declarations: list[ReadHead] = []
        self._stream = stream
        self._on = on
        self._head: _Element | None = None
        self._last_unit = -1
        self._numbers: set[int] = set()
        self._inss: set[str] = set()
        self._in_form = 0
        self._form: BlockRecord = {}
        self._read: _Element | None = None
        """The unit or form that was read last, still in the tree until what follows it begins."""

    def persons(self) -> Iterator[ReadPerson]:
        """Every person of every form, in file order.

        Raises Unreadable, TooMany.
        """
        for unit in self._stream.units():
            if unit.what != "unit":
                self._let_go()
            if unit.what == "form":
                self._between(unit.element)
            elif unit.what == "head" and unit.element is not self._head:
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

    @abstractmethod
    def _declaration(self, form: BlockRecord, head: BlockRecord, name: str) -> ReadHead:
        """A declaration of which the head was read; `name` identifies it."""

    @abstractmethod
    def _keep(self, declaration: ReadHead, kind: int, records: BlockRecords, unread: int) -> ReadPerson | None:
        """Take what a unit says; give the person where it is one.

        `unread` parts of it are unknown to the tables.
        """

    @abstractmethod
    def _at_end(self, element: _Element) -> None:
        """Check the last declaration as a whole."""

    def _let_go(self) -> None:
        if self._read is not None:
            text_between(_parent(self._read), self._read.tail, self.anomalies)
            _parent(self._read).remove(self._read)
            self.anomalies.done[tag(self._read)] += 1
            self._read = None

    def _between(self, element: _Element) -> None:
        """Report what precedes a form or unit without belonging there, and release it."""
        for strange in [*element.itersiblings(preceding=True)][::-1]:
            self._out_of_place(strange)
            text_between(_parent(strange), strange.tail, self.anomalies)
            _parent(strange).remove(strange)

    def _out_of_place(self, element: _Element) -> None:
        """Tell an element below the root or a declaration that is neither form nor unit."""
        parent = _parent(element)
        if parent.tag == self.names.declaration:
            declaration = self.declarations[-1]
            plan(self.names.declaration, declaration.quarter).misplaced(element, self.anomalies)
            declaration.unread += self.anomalies.kept()
        else:
            message = f"{shown(tag(element))} is no part of {parent.tag}. Take it out, or correct its name."
            self.anomalies.tell(element, f"{self.names.number}-092", tag(element), message)

    def _open(self, element: _Element) -> None:
        """Read the head: the form up to its declaration, the declaration up to its first unit."""
        self._head, self._last_unit = element, -1
        self._in_form += 1
        self._numbers.clear()
        self._inss.clear()
        given = _given_quarter(element)
        if self._in_form == 1:
            self._form = self._read_head(_parent(element), self.names.form, given, self.names.declaration)
        else:
            message = "A form holds one declaration. Give each declaration a form of its own."
            self.anomalies.tell(element, f"{self._number()}-090", self.names.declaration, message)
        head = self._read_head(element, self.names.declaration, given, *self.names.units)
        quarter, employer = str(head.get("quarter") or ""), employer_of(head)
        if not employer and {"enterprise_number", "nsso_number"} <= head.keys():
            message = "Neither NSSO number nor enterprise number is given. Give one of them."
            label = "NOSSRegistrationNbr"
            self.anomalies.tell(element, "00011-001", label, message, below=label)
        if quarter:
            for code, label, message in moment(quarter, self._form.get("created_on"), self._on):
                place = element if label == "Quarter" else _parent(element)
                self.anomalies.tell(place, code, label, message, below=label)
        name = derive("declaration", employer, quarter, str(int(bool(head.get("trusteeship")))))
        if any(other.id == name for other in self.declarations):
            message = f"The file already holds a declaration of this employer for {quarter}. Send it once."
            self.anomalies.tell(element, f"{self._number()}-006", self.names.declaration, message)
        declaration = self._declaration(self._form, head, name)
        declaration.place = self.anomalies.path(_parent(element))
        declaration.unread += self.anomalies.kept()
        self.declarations.append(declaration)

    def _number(self) -> str:
        """The block number of the declaration."""
        return plan(self.names.declaration, "").block.number

    def _read_head(self, element: _Element, block: str, quarter: str, *units: str) -> BlockRecord:
        """Read the children before the first of `units` and let them go, so that what is left is out of place."""
        children = list(_until(element, *units))
        for child in children:
            stray(child, self.anomalies, later=is_later(quarter))
        for text in (element.text, *(child.tail for child in children)):
            text_between(element, text, self.anomalies)
        if element.attrib:
            attributes(element, self.anomalies)
        head = plan(block, quarter).read(element, self.anomalies, children)[HEAD]
        for child in children:
            element.remove(child)
        return head

    def _unit(self, element: _Element) -> ReadPerson | None:
        self._between(element)
        declaration = self.declarations[-1]
        name = str(element.tag)
        position = self.names.units.index(name)
        reader = plan(name, declaration.quarter)
        if position < self._last_unit:
            message = f"{name} stands too late in the declaration. Put it in the order of the form."
            self.anomalies.tell(element, f"{reader.block.number}-091", name, message)
        self._last_unit = max(position, self._last_unit)
        stray(element, self.anomalies, later=reader.later)
        unread = self.anomalies.unread
        records = reader.read(element, self.anomalies)
        self._once(position, element, records)
        declaration.persons += position == PERSON
        person = self._keep(declaration, position, records, self.anomalies.unread - unread)
        if self.anomalies.unread > unread:
            declaration.unread += self.anomalies.kept()
        return person

    def _once(self, kind: int, element: _Element, records: BlockRecords) -> None:
        """A person, and a sequence number, occur once in a declaration."""
        if kind != PERSON:
            return
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
        for child in element:
            self._out_of_place(child)
        self._at_end(element)
        for child in element:
            text_between(element, child.tail, self.anomalies)
        for name in self.names.units:
            self.anomalies.done[name] = 0

    def _end_form(self, element: _Element) -> None:
        if not self._in_form:
            plan(self.names.form, "").read(element, self.anomalies)
            message = "The form holds no declaration. Add it."
            label = self.names.declaration
            self.anomalies.tell(element, f"{self._number()}-090", label, message, below=label)
        for child in element if self._in_form else ():
            if child.tag != self.names.declaration:
                declaration = self.declarations[-1]
                plan(self.names.form, declaration.quarter).misplaced(child, self.anomalies)
                declaration.unread += self.anomalies.kept()
            text_between(element, child.tail, self.anomalies)
        self._in_form, self._head, self._read = 0, None, element

    def _end(self, element: _Element) -> None:
        attributes(element, self.anomalies)
        for text in (element.text, *(child.tail for child in element)):
            text_between(element, text, self.anomalies)
        if not self.anomalies.done["Form"]:
            message = "The file holds no form. Add one."
            self.anomalies.tell(element, "90059-090", "Form", message, below="Form")
        for child in element:
            self._out_of_place(child)


def _given_quarter(declaration: _Element) -> str:
    """The quarter that the head of a declaration gives, before it is read; empty when it is invalid."""
    text = (declaration.findtext("Quarter") or "").strip(SPACE)
    return from_dmfa(text) if QUARTER.fullmatch(text) else ""


def _until(element: _Element, *names: str) -> Iterator[_Element]:
    for child in element:
        if child.tag in names:
            return
        yield child


def _parent(element: _Element) -> _Element:
    return cast("_Element", element.getparent())
