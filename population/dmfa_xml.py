"""Writes the three events of a person as DmfA XML, with the tables that the intake reads it by."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from population.worker_lines import RecordPart
from schemas.dmfa import tables
from schemas.dmfa.tables import EVENT_KINDS
from schemas.identifiers import to_dmfa

FormZone = tuple[int, str, str, str, Callable[[Any], str]]

EVERY = 1
"""A zone that all three events carry is read from working time, the one that is never empty."""

FIRST_IN_LINE = ("Occupation", "ActivationInformation", "StudentContribution")
"""A worker line holds one of these choices and only then its contributions; the block table lists students later."""

PARALLEL = ("WorkerRecord", "Occupation")
"""Blocks that each of the three events holds, whatever it knows of them."""

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<DmfAOriginal>\n'
TAIL = "</DmfAOriginal>\n"


def _percent(value: int) -> str:
    return f"{value // 100:03d},{value % 100:02d}"


def _flag(value: bool) -> str:
    return "1" if value else "0"


FORMATS: dict[str, Callable[[Any], str]] = {
    "int": str,
    "long": str,
    "bool": _flag,
    "date": date.isoformat,
    "quarter": to_dmfa,
    "percent": _percent,
}


@dataclass(slots=True)
class FormBlock:
    """A functional block: its own zones in file order, then its child blocks in file order."""

    name: str
    many: bool
    start: str
    end: str
    zones: list[FormZone] = field(default_factory=list)
    children: list["FormBlock"] = field(default_factory=list)
    kinds: frozenset[int] = frozenset()

    def write(self, parts: tuple[RecordPart, ...], out: list[str]) -> None:
        """Append this block, made of what each event says about it (`parts`, one for each of EVENT_KINDS)."""
        out.append(self.start)
        for at, name, start, end, shape in self.zones:
            value = parts[at].get(name)
            if value is not None:
                out.append(start + shape(value) + end)
        for child in self.children:
            for inner in child.instances(parts):
                child.write(inner, out)
        out.append(self.end)

    def instances(self, parts: tuple[RecordPart, ...]) -> Iterator[tuple[RecordPart, ...]]:
        """The instances of this block below a parent: the n-th of each event belong together."""
        nothing: RecordPart = {}
        if not self.many:
            found = tuple(part.get(self.name) or nothing for part in parts)
            if any(found):
                yield found
            return
        if len(self.kinds) == 1:
            (at,) = self.kinds
            for one in parts[at].get(self.name) or ():
                yield (nothing,) * at + (one,) + (nothing,) * (len(parts) - at - 1)
            return
        columns = [parts[at].get(self.name) or () for at in sorted(self.kinds)]
        yield from zip(*columns, strict=True)


def _zone(zone: tables.Zone, depth: int) -> FormZone:
    at = EVERY if zone.kind == "every" else EVENT_KINDS.index(zone.kind) if zone.kind in EVENT_KINDS else 0
    start, end = "\t" * (depth + 1) + f"<{zone.element}>", f"</{zone.element}>\n"
    return at, zone.name, start, end, FORMATS.get(zone.type, escape)


def _place_in_parent(child: tables.Child) -> int:
    return FIRST_IN_LINE.index(child.element) if child.element in FIRST_IN_LINE else len(FIRST_IN_LINE)


@cache
def block(element: str, depth: int = 1) -> FormBlock:
    """A block of the DmfA tables with everything below it."""
    known = tables.blocks()[element]
    pad = "\t" * depth
    made = FormBlock(known.name, known.repeats, f"{pad}<{element}>\n", f"{pad}</{element}>\n")
    made.zones = [_zone(zone, depth) for zone in known.zones if zone.most]
    made.children = [block(child.element, depth + 1) for child in sorted(known.children, key=_place_in_parent)]
    own = frozenset(zone[0] for zone in made.zones)
    made.kinds = own.union(*(child.kinds for child in made.children))
    if element in PARALLEL:
        made.kinds = frozenset(range(len(EVENT_KINDS)))
    return made


def write_person(events: tuple[RecordPart, RecordPart, RecordPart], sequence: int) -> str:
    """One NaturalPerson from its wages, working-time and contributions events."""
    natural = block("NaturalPerson", depth=3)
    out: list[str] = []
    wages, time, contributions = events
    natural.write(({**wages, "sequence": sequence}, time, contributions), out)
    return "".join(out)


def write_form(header: RecordPart, persons: list[str]) -> Iterator[str]:
    """One Form: the header's names are those of the zone table, `persons` what write_person made."""
    form, declaration = block("Form"), block("EmployerDeclaration", depth=2)
    before, after = _named(form, header), _named(declaration, header)
    yield from (form.start, *_zones(form, header), *before)
    yield from (declaration.start, *_zones(declaration, header))
    yield from persons
    yield from (*after, declaration.end, form.end)


def _zones(of: FormBlock, header: RecordPart) -> list[str]:
    return [
        start + shape(header[name]) + end for _, name, start, end, shape in of.zones if header.get(name) is not None
    ]


def _named(of: FormBlock, header: RecordPart) -> list[str]:
    out: list[str] = []
    for child in of.children:
        if child.name:
            for inner in child.instances((header,)):
                child.write(inner, out)
    return out
