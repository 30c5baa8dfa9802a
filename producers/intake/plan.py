"""Compiles the tables into one reader per block, which checks and builds in the same walk over the elements.

A reader gives four records: what the block says for wages, working time and contributions, and (for the head of a
form) for the register. A value seen before is not converted again, as most values of a file repeat.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from lxml.etree import _Element

from producers.intake.anomalies import Anomalies, shown, tag
from producers.intake.checks import checks
from producers.intake.shapes import HEAD, KINDS, Check, Outs, Record, Take
from producers.intake.values import Wrong, converter
from schemas.dmfa.codes import severities
from schemas.dmfa.tables import Block, Child, Zone, blocks

REMEMBERED = 4096
"""Values of one zone that are remembered; then it begins anew."""
SENSITIVE = {"inss", "inss0"}
"""Numbers of persons are never remembered."""
PLANS = 8
"""Quarters whose plan is kept; a file has mostly one."""


@cache
def kinds(element: str) -> tuple[int, ...]:
    """Which records a block writes in: those of its own zones and of all blocks below it."""
    block = blocks()[element]
    own = {zone.kind for zone in block.zones if zone.name}
    found = {KINDS.index(kind) for kind in own if kind in KINDS} | ({HEAD} if "" in own else set())
    for child in block.children:
        found |= set(kinds(child.element)) - {HEAD}
    return tuple(sorted(found))


def _zone_take(zone: Zone, block: Block, quarter: str) -> Take:
    convert = converter(zone, quarter)
    remembered: dict[str, Any] = {}
    every = zone.kind == "every"
    places = kinds(block.element) if every else (KINDS.index(zone.kind) if zone.kind in KINDS else HEAD,)
    first, name, remember = places[0], zone.name, zone.type not in SENSITIVE

    def take(element: _Element, outs: Outs, anomalies: Anomalies) -> None:
        text = element.text or ""
        value = remembered.get(text)
        if value is None:
            try:
                value = convert(text)
            except Wrong as wrong:
                value = wrong.value
                code = f"{zone.number}-{wrong.code}"
                anomalies.tell(element, code, zone.element, wrong.message, blocking=value is None)
            else:
                if value is not None and remember:
                    if len(remembered) >= REMEMBERED:
                        remembered.clear()
                    remembered[text] = value
            if len(element):
                _inner(element, zone, anomalies)
        if every:
            for place in places:
                outs[place][name] = value
        else:
            outs[first][name] = value

    return take


def _inner(element: _Element, zone: Zone, anomalies: Anomalies) -> None:
    inner = element[0]
    message = f"{shown(tag(inner))} cannot stand inside a zone. Take it out."
    anomalies.tell(element, f"{zone.number}-092", zone.element, message, blocking=True)


def _forbidden(zone: Zone) -> Take:
    code = f"{zone.number}-005"
    code = code if code in severities() else f"{zone.number}-090"

    def take(element: _Element, _outs: Outs, anomalies: Anomalies) -> None:
        message = f"{zone.element} may not be in this form. Take it out."
        anomalies.tell(element, code, zone.element, message, blocking=True)

    return take


@dataclass(frozen=True, slots=True)
class Step:
    """What to do with one child element: where it stands in the order, how often it may, what reads it."""

    position: int
    most: int
    bit: int
    number: str
    take: Take


@dataclass(frozen=True, slots=True)
class Variant:
    """One way a block can go on after its zones."""

    steps: dict[str, Step]
    required: tuple[tuple[int, str, str], ...]
    """Bit, zone or block number and name of what must be there."""
    required_bits: int


@dataclass(frozen=True, slots=True)
class Unique:
    """A zone whose value is another in each block of a list."""

    place: int
    list_name: str
    field: str
    element: str
    number: str
    label: str

    def tell(self, parent: _Element, records: list[Record], anomalies: Anomalies) -> None:
        """Tell each value that was there before."""
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
class Reader:
    """Reads one kind of block."""

    block: Block
    variants: tuple[Variant, ...]
    by_child: dict[str, int]
    """Which variant a child block begins."""
    lists: tuple[tuple[int, str], ...]
    unique: tuple[Unique, ...]
    checks: list[Check] = field(default_factory=list)

    def read(self, element: _Element, anomalies: Anomalies, children: Iterable[_Element] | None = None) -> Outs:
        """Check and build. `children` are those of `element` to read, by default all."""
        outs: Outs = ({}, {}, {}, {})
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

    def _as_a_whole(self, element: _Element, outs: Outs, anomalies: Anomalies) -> None:
        for unique in self.unique:
            records = outs[unique.place][unique.list_name]
            if len(records) > 1 and len({record.get(unique.field) for record in records}) != len(records):
                unique.tell(element, records, anomalies)
        for check in self.checks:
            check(element, outs, anomalies)

    def misplaced(self, child: _Element, anomalies: Anomalies) -> None:
        """Tell that an element has no place here, or not any more."""
        name = tag(child)
        known = {zone.element: zone.number for zone in self.block.zones}
        if child.tag in self.by_child:
            number = blocks()[name].number
            message = f"{name} does not go with the blocks before it. Give it a worker line of its own, or take it out."
            anomalies.tell(child, f"{number}-082", name, message, blocking=True)
        elif child.tag in known:
            message = f"{name} stands too late in {self.block.element}. Put it in the order of the form."
            anomalies.tell(child, f"{known[name]}-091", name, message, blocking=True)
        else:
            message = f"{shown(name)} is no part of {self.block.element}. Take it out, or correct its name."
            anomalies.tell(child, f"{self.block.number}-092", name, message, blocking=True)

    def _missing(self, element: _Element, variant: Variant, seen: int, anomalies: Anomalies) -> None:
        for bit, number, name in variant.required:
            if not bit & seen:
                code = "001" if number < FIRST_BLOCK else "090"
                anomalies.tell(
                    element, f"{number}-{code}", name, f"{name} is missing. Add it.", below=name, blocking=True
                )


FIRST_BLOCK = "90000"
"""Numbers from here on are blocks, below it zones."""


def _block_take(child: Child, quarter: str) -> Take:
    reader = plan(child.element, quarter)
    name = reader.block.name
    places = kinds(child.element)
    many = reader.block.repeats

    def take(element: _Element, outs: Outs, anomalies: Anomalies) -> None:
        inner = reader.read(element, anomalies)
        for place in places:
            if many:
                outs[place][name].append(inner[place])
            elif inner[place]:
                outs[place][name] = inner[place]

    return take


def _variant(block: Block, children: tuple[Child, ...], quarter: str, streamed: frozenset[str]) -> Variant:
    steps, required, bits = {}, [], 0
    for position, zone in enumerate(block.zones):
        take = _zone_take(zone, block, quarter) if zone.most else _forbidden(zone)
        steps[zone.element] = Step(position, zone.most, 1 << position, zone.number, take)
        if zone.least:
            required.append((1 << position, zone.number, zone.element))
    for position, child in enumerate(children, len(block.zones)):
        if child.element in streamed:
            continue
        number = blocks()[child.element].number
        bit = 1 << position
        steps[child.element] = Step(position, child.most, bit, number, _block_take(child, quarter))
        if child.least:
            required.append((bit, number, child.element))
    for bit, _, _ in required:
        bits |= bit
    return Variant(steps, tuple(required), bits)


def _unique(block: Block, names: frozenset[str]) -> Iterable[Unique]:
    for child in block.children:
        below = blocks()[child.element]
        for zone in below.zones:
            if f"{zone.number}-006" in severities() and below.repeats and zone.name and child.element not in names:
                place = kinds(child.element)[0]
                yield Unique(place, below.name, zone.name, child.element, zone.number, zone.element)


STREAMED = {
    "Form": frozenset({"EmployerDeclaration"}),
    "EmployerDeclaration": frozenset({"NaturalPerson", "CompanyVehicle", "ContributionUnrelatedToNP"}),
}
"""Blocks that are read one by one as the file comes in, not with their parent."""


@lru_cache(maxsize=PLANS * 32)
def plan(element: str, quarter: str) -> Reader:
    """The reader of a block, and with it of all blocks below, for declarations of a quarter."""
    block = blocks()[element]
    streamed = STREAMED.get(element, frozenset())
    by_child: dict[str, int] = {}
    if len(block.variants) > 1:
        for index, children in enumerate(block.variants):
            by_child.setdefault(children[0].element, index)
        for index, children in enumerate(block.variants):
            for child in children:
                by_child.setdefault(child.element, index)
    return Reader(
        block=block,
        variants=tuple(_variant(block, children, quarter, streamed) for children in block.variants),
        by_child=by_child,
        lists=tuple(
            (place, blocks()[child.element].name)
            for child in block.children
            if blocks()[child.element].repeats and child.element not in streamed
            for place in kinds(child.element)
        ),
        unique=tuple(_unique(block, streamed)),
        checks=checks(element, quarter),
    )
