"""Reads one block in one pass: order, number and content are checked while its records are built.

A reader gives four records: what the block says for wages, working time and contributions, and (for the head of a
form) for the register.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from lxml.etree import _Element

from producers.intake.anomalies import Anomalies, not_known, shown, tag
from producers.intake.dmfa.block_types import BlockCheck, BlockRecord, BlockRecords, ReadElement
from schemas.dmfa.forms import all_blocks, elements
from schemas.dmfa.later_forms import ELEMENTS
from schemas.dmfa.tables import Block

FIRST_BLOCK = "90000"
"""Numbers from here on are blocks, below it zones."""


@dataclass(frozen=True, slots=True)
class ChildElement:
    """A child element of a block: its place in the order, how often it may occur, what reads it."""

    position: int
    most: int
    bit: int
    number: str
    take: ReadElement


@dataclass(frozen=True, slots=True)
class BlockVariant:
    """One way a block can go on after its zones."""

    steps: dict[str, ChildElement]
    required: tuple[tuple[int, str, str], ...]
    """Bit, zone or block number and name of what must be there."""
    required_bits: int


@dataclass(frozen=True, slots=True)
class UniqueZone:
    """A zone whose value must differ in each block of a list."""

    place: int
    list_name: str
    field: str
    element: str
    number: str
    label: str

    def tell(self, parent: _Element, records: list[BlockRecord], anomalies: Anomalies) -> None:
        """Report each duplicate value."""
        seen = set()
        for child, record in zip(parent.iterchildren(self.element), records, strict=False):
            value = record.get(self.field)
            if value in seen:
                place = child.find(self.label)
                message = f"{shown(value)} stands here twice. Give each its own."
                anomalies.tell(child if place is None else place, f"{self.number}-006", self.label, message)
            elif value is not None:
                seen.add(value)


@dataclass(slots=True)
class BlockReader:
    """Reads one kind of block."""

    block: Block
    variants: tuple[BlockVariant, ...]
    by_child: dict[str, int]
    """Which variant a child block begins."""
    lists: tuple[tuple[int, str], ...]
    unique: tuple[UniqueZone, ...]
    checks: list[BlockCheck] = field(default_factory=list)
    later: bool = False
    """Whether it reads declarations of a quarter after the tables."""

    def read(self, element: _Element, anomalies: Anomalies, children: Iterable[_Element] | None = None) -> BlockRecords:
        """Check and build. `children` are those of `element` to read, by default all."""
        outs: BlockRecords = ({}, {}, {}, {})
        for place, name in self.lists:
            outs[place][name] = []
        variant = self.variants[0]
        chosen = len(self.variants) == 1
        steps = variant.steps
        last, count, seen = -1, 0, 0
        for child in element if children is None else children:
            step = steps.get(child.tag)
            if not chosen and child.tag in self.by_child:
                chosen = True
                variant = self.variants[self.by_child[child.tag]]
                steps = variant.steps
                step = steps.get(child.tag)
            if step is None:
                self.misplaced(child, anomalies)
                continue
            position = step.position
            if position > last:
                last, count = position, 1
            elif position == last:
                count += 1
            else:
                code = f"{step.number}-091"
                message = f"{child.tag} stands too late in {self.block.element}. Put it in the order of the form."
                anomalies.tell(child, code, str(child.tag), message, blocking=True)
            if count > step.most and step.most:
                if count == step.most + 1:
                    message = f"{child.tag} stands there more than {step.most} times. Take out what is too many."
                    anomalies.tell(child, f"{step.number}-090", str(child.tag), message, blocking=True)
                continue
            seen |= step.bit
            step.take(child, outs, anomalies)
        if variant.required_bits & ~seen:
            self._missing(element, variant, seen, anomalies)
        self._as_a_whole(element, outs, anomalies)
        return outs

    def _as_a_whole(self, element: _Element, outs: BlockRecords, anomalies: Anomalies) -> None:
        for unique in self.unique:
            records = outs[unique.place][unique.list_name]
            if len(records) > 1 and len({record.get(unique.field) for record in records}) != len(records):
                unique.tell(element, records, anomalies)
        for check in self.checks:
            check(element, outs, anomalies)

    def misplaced(self, child: _Element, anomalies: Anomalies) -> None:
        """Report that an element does not belong here, or no longer, or is unknown to the tables."""
        name = tag(child)
        known = {zone.element: zone.number for zone in self.block.zones}
        if child.tag in self.by_child:
            number = all_blocks()[name].number
            message = f"{name} does not go with the blocks before it. Give it a worker line of its own, or take it out."
            anomalies.tell(child, f"{number}-082", name, message, blocking=True)
        elif child.tag in known:
            message = f"{name} stands too late in {self.block.element}. Put it in the order of the form."
            anomalies.tell(child, f"{known[name]}-091", name, message, blocking=True)
        elif self.later and child.tag not in elements() and child.tag == name:
            what = f"it is no part of {self.block.element} in them"
            message = not_known(name, what, ELEMENTS)
            anomalies.tell_unread(child, f"{self.block.number}-092", name, name, message)
            anomalies.keep(child)
        else:
            message = f"{shown(name)} is no part of {self.block.element}. Take it out, or correct its name."
            anomalies.tell(child, f"{self.block.number}-092", name, message, blocking=True)

    def _missing(self, element: _Element, variant: BlockVariant, seen: int, anomalies: Anomalies) -> None:
        for bit, number, name in variant.required:
            if not bit & seen:
                code = "001" if number < FIRST_BLOCK else "090"
                anomalies.tell(
                    element, f"{number}-{code}", name, f"{name} is missing. Add it.", below=name, blocking=True
                )
