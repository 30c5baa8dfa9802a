"""Compiles the tables into one reader per block and quarter, because codes change with quarters."""

from collections.abc import Iterable
from functools import lru_cache

from lxml.etree import _Element

from producers.intake.anomalies import Anomalies
from producers.intake.dmfa.block_reader import BlockReader, BlockVariant, ChildElement, UniqueZone
from producers.intake.dmfa.block_types import HEAD, BlockRecords, ReadElement
from producers.intake.dmfa.checks.blocks import checks
from producers.intake.dmfa.zone_steps import forbidden_take, kinds, zone_take
from schemas.dmfa.code_lists import severities
from schemas.dmfa.forms import FORMS, all_blocks
from schemas.dmfa.tables import EVENT_KINDS, Block, Child, Zone, is_later

PLANS = 8
"""Quarters whose plan is kept; a file has mostly one."""


def _block_take(child: Child, quarter: str) -> ReadElement:
    reader = plan(child.element, quarter)
    name = reader.block.name
    places = kinds(child.element)
    many = reader.block.repeats

    def take(element: _Element, outs: BlockRecords, anomalies: Anomalies) -> None:
        inner = reader.read(element, anomalies)
        for place in places:
            if many:
                outs[place][name].append(inner[place])
            elif inner[place]:
                outs[place][name] = inner[place]

    return take


def _variant(block: Block, children: tuple[Child, ...], quarter: str, streamed: frozenset[str]) -> BlockVariant:
    steps, required, bits = {}, [], 0
    for position, zone in enumerate(block.zones):
        take = zone_take(zone, block, quarter) if zone.most else forbidden_take(zone)
        steps[zone.element] = ChildElement(position, zone.most, 1 << position, zone.number, take)
        if zone.least:
            required.append((1 << position, zone.number, zone.element))
    for position, child in enumerate(children, len(block.zones)):
        if child.element in streamed:
            continue
        number = all_blocks()[child.element].number
        bit = 1 << position
        steps[child.element] = ChildElement(position, child.most, bit, number, _block_take(child, quarter))
        if child.least:
            required.append((bit, number, child.element))
    for bit, _, _ in required:
        bits |= bit
    return BlockVariant(steps, tuple(required), bits)


def _place(zone: Zone, child: Child) -> int:
    """The record in which a zone of a child is found."""
    if zone.kind == "every":
        return kinds(child.element)[0]
    return EVENT_KINDS.index(zone.kind) if zone.kind in EVENT_KINDS else HEAD


def _unique(block: Block, names: frozenset[str]) -> Iterable[UniqueZone]:
    for child in block.children:
        below = all_blocks()[child.element]
        for zone in below.zones:
            if f"{zone.number}-006" in severities() and below.repeats and zone.name and child.element not in names:
                yield UniqueZone(_place(zone, child), below.name, zone.name, child.element, zone.number, zone.element)


STREAMED = {form.form: frozenset({form.declaration}) for form in FORMS.values()} | {
    form.declaration: frozenset(form.units) for form in FORMS.values()
}
"""Blocks that are read one by one as the file comes in, not with their parent."""


@lru_cache(maxsize=PLANS * 40)
def plan(element: str, quarter: str) -> BlockReader:
    """The reader of a block, and with it of all blocks below, for declarations of a quarter."""
    block = all_blocks()[element]
    streamed = STREAMED.get(element, frozenset())
    by_child: dict[str, int] = {}
    if len(block.variants) > 1:
        for index, children in enumerate(block.variants):
            if children:
                by_child.setdefault(children[0].element, index)
        for index, children in enumerate(block.variants):
            for child in children:
                by_child.setdefault(child.element, index)
    return BlockReader(
        block=block,
        variants=tuple(_variant(block, children, quarter, streamed) for children in block.variants),
        by_child=by_child,
        lists=tuple(
            (place, all_blocks()[child.element].name)
            for child in block.children
            if all_blocks()[child.element].repeats and child.element not in streamed
            for place in kinds(child.element)
        ),
        unique=tuple(_unique(block, streamed)),
        checks=checks(element, quarter),
        later=is_later(quarter),
    )
