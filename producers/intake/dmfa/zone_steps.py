"""Builds the reader of each zone: convert, report what is wrong, put the value into its events."""

from collections.abc import Callable
from functools import cache
from typing import Any, cast

from lxml.etree import _Element

from producers.intake.anomalies import Anomalies, shown, tag
from producers.intake.dmfa.block_types import HEAD, UNREAD, BlockRecords, ReadElement
from producers.intake.dmfa.value_faults import UnknownCode, ValueFault
from producers.intake.dmfa.values import converter
from schemas.dmfa.code_lists import severities
from schemas.dmfa.forms import all_blocks
from schemas.dmfa.tables import EVENT_KINDS, Block, Zone

REMEMBERED = 4096
"""Values of one zone that are remembered; then it begins anew."""
MEANINGLESS_WITHOUT_CODE = frozenset({"90001", "90018", "90019", "90109", "90110", "90337", "90438"})
"""Blocks that say an amount or a time under a code: contributions, services, remunerations, reductions, measures."""
SENSITIVE = {"inss", "inss0"}
"""Numbers of persons are never remembered."""


@cache
def kinds(element: str) -> tuple[int, ...]:
    """Which records a block writes in: those of its own zones and of all blocks below it."""
    block = all_blocks()[element]
    own = {zone.kind for zone in block.zones if zone.name}
    indexes = {EVENT_KINDS.index(kind) for kind in own if kind in EVENT_KINDS} | ({HEAD} if "" in own else set())
    for child in block.children:
        indexes |= set(kinds(child.element))
    return tuple(sorted(indexes))


def zone_take(zone: Zone, block: Block, quarter: str) -> ReadElement:
    """What reads a zone into the records of its kind. A value seen before is not converted again: most repeat."""
    convert = converter(zone, quarter)
    remembered: dict[str, Any] = {}
    every = zone.kind == "every"
    places = kinds(block.element) if every else (EVENT_KINDS.index(zone.kind) if zone.kind in EVENT_KINDS else HEAD,)
    first, name, remember = places[0], zone.name, zone.type not in SENSITIVE
    leave = _leave(zone, block)

    def take(element: _Element, outs: BlockRecords, anomalies: Anomalies) -> None:
        text = element.text or ""
        value = remembered.get(text)
        if value is None:
            try:
                value = convert(text)
            except ValueFault as wrong:
                value = wrong.value
                code = f"{zone.number}-{wrong.code}"
                if isinstance(wrong, UnknownCode):
                    anomalies.tell_unread(element, code, zone.element, str(value), wrong.message)
                    value = leave(element, value, outs, anomalies)
                else:
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


def _leave(zone: Zone, block: Block) -> Callable[[_Element, Any, BlockRecords, Anomalies], Any]:
    """Handle a code that the tables do not know; returns the value that replaces it.

    A block that means nothing without its code is marked, and left out of the events whole. Where the code only
    says more about a block, that alone is left out. What concerns no person goes into the register as it is.
    """
    whole = block.number in MEANINGLESS_WITHOUT_CODE
    marked = kinds(block.element)
    instead = None if zone.least == 0 else ""

    def leave(element: _Element, value: Any, outs: BlockRecords, anomalies: Anomalies) -> Any:
        if not zone.kind:
            return value
        if whole:
            for place in marked:
                outs[place][UNREAD] = True
            anomalies.keep(cast("_Element", element.getparent()))
            return value
        anomalies.keep(element)
        return instead

    return leave


def _inner(element: _Element, zone: Zone, anomalies: Anomalies) -> None:
    inner = element[0]
    message = f"{shown(tag(inner))} cannot stand inside a zone. Take it out."
    anomalies.tell(element, f"{zone.number}-092", zone.element, message, blocking=True)


def forbidden_take(zone: Zone) -> ReadElement:
    """Reports that a zone is present which must not be."""
    code = f"{zone.number}-005"
    code = code if code in severities() else f"{zone.number}-090"

    def take(element: _Element, _outs: BlockRecords, anomalies: Anomalies) -> None:
        message = f"{zone.element} may not be in this form. Take it out."
        anomalies.tell(element, code, zone.element, message, blocking=True)

    return take
