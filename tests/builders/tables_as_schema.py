"""An XML schema made of the tables of a form: a second reader of the same tables, for comparison with ours."""

from collections.abc import Iterator
from itertools import chain

from lxml import etree

from schemas.dmfa.forms import DmfaForm, all_blocks
from schemas.dmfa.tables import UNBOUNDED, Block, Child, Zone

SCHEMA = "http://www.w3.org/2001/XMLSchema"
INTEGERS = {
    "int", "long", "bool", "quarter", "nsso", "enterprise", "establishment", "inss", "inss0", "code3", "code4",
}  # fmt: skip


def _el(kind: str, /, *inside: etree._Element, **attributes: str) -> etree._Element:
    element = etree.Element(f"{{{SCHEMA}}}{kind}", attributes)
    element.extend(inside)
    return element


def _facets(zone: Zone) -> Iterator[tuple[str, str]]:
    number = zone.type in INTEGERS
    if zone.low:
        yield "minInclusive", zone.low
    if zone.high:
        yield "maxInclusive", zone.high
    if zone.length and zone.type != "percent":
        yield "totalDigits" if number else "maxLength", str(zone.length)
    if zone.pattern:
        yield "pattern", zone.pattern
    for value in zone.values:
        yield "enumeration", value


def _zone(zone: Zone) -> etree._Element:
    base = "integer" if zone.type in INTEGERS else zone.type if zone.type == "date" else "string"
    facets = (_el(name, value=value) for name, value in _facets(zone))
    kind = _el("simpleType", _el("restriction", *facets, base=f"xs:{base}"))
    return _el("element", kind, name=zone.element, minOccurs=str(zone.least), maxOccurs=str(zone.most))


def _child(child: Child) -> etree._Element:
    most = "unbounded" if child.most == UNBOUNDED else str(child.most)
    return _el("element", ref=child.element, minOccurs=str(child.least), maxOccurs=most)


def _units(form: DmfaForm) -> etree._Element:
    """What a declaration holds: units in their order, at least one."""
    ways = []
    for first in range(len(form.units)):
        some = _el("element", ref=form.units[first], maxOccurs="unbounded")
        rest = (_child(Child(name, 0, UNBOUNDED)) for name in form.units[first + 1 :])
        ways.append(_el("sequence", some, *rest))
    return _el("choice", *ways)


def _block(block: Block, form: DmfaForm) -> etree._Element:
    zones = (_zone(zone) for zone in block.zones if zone.most)
    if block.element == form.declaration:
        after = [_units(form)]
    elif len(block.variants) > 1:
        given = [variant for variant in block.variants if variant]
        ways = (_el("sequence", *map(_child, variant)) for variant in given)
        after = [_el("choice", *ways, minOccurs=str(int(len(given) == len(block.variants))))]
    else:
        after = [_child(child) for child in block.children]
    return _el("element", _el("complexType", _el("sequence", *zones, *after)), name=block.element)


def _below(name: str) -> Iterator[str]:
    """The keys of a block and of all blocks in it."""
    yield name
    yield from chain.from_iterable(_below(child.element) for child in all_blocks()[name].children)


def schema_of(form: DmfaForm) -> etree.XMLSchema:
    """The schema that the tables of a form make; what is owed and what a code may be is not in it."""
    schema = etree.Element(f"{{{SCHEMA}}}schema", nsmap={"xs": SCHEMA})
    forms = _el("element", ref="Form", maxOccurs="unbounded")
    schema.append(_el("element", _el("complexType", _el("sequence", forms)), name=form.root))
    for name in dict.fromkeys(_below(form.form)):
        schema.append(_block(all_blocks()[name], form))
    return etree.XMLSchema(etree.ElementTree(schema))
