"""Reads a DmfA file as a stream: bounded memory, no DTD, no entities, no network; one unit in memory at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast

from lxml.etree import XMLPullParser, XMLSyntaxError, _Element

from producers.intake.format_errors import CHUNK, UnreadableFile, another_format, not_a_dmfa, not_begun, not_well_formed
from schemas.dmfa.tables import ROOT

LARGEST_FILE = 1 << 30
"""1 GiB: some 300,000 persons; more is sent in several files."""
LARGEST_UNIT = 1 << 22
"""4 MiB between two units; a person takes some 5 kB."""
TOP = ("Form", "EmployerDeclaration", "NaturalPerson", "CompanyVehicle", "ContributionUnrelatedToNP")
UNITS = frozenset(TOP[2:])
UPDATE = "DmfAUpdate"
HTML = "html"


@dataclass(frozen=True, slots=True)
class Unit:
    """What was read: that a `form` begins, its `head` (all up to the first unit), a `unit`, and the ends of each."""

    what: Literal["form", "head", "unit", "end of declaration", "end of form", "end"]
    element: _Element


def _parser(events: tuple[Literal["start", "end"], ...], tag: tuple[str, ...] | None = None) -> XMLPullParser:
    return XMLPullParser(
        events=events,
        tag=tag,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _no_declarations(element: _Element) -> None:
    """Refuse a document type, which a DmfA never has, and with it every entity."""
    if cast("object", element.getroottree().docinfo.internalDTD) is not None:
        raise UnreadableFile(
            "102", "The file declares a document type or entities, which a DmfA never has. Take it out."
        )


def _look_at_root(start: bytes, file: BinaryIO) -> None:
    """Refuse what is empty, is not XML or is another form, before anything is built."""
    if other := another_format(start):
        raise other
    parser = _parser(("start",))
    try:
        parser.feed(start)
        event = next(iter(parser.read_events()), None)
    except XMLSyntaxError as error:
        event = next(iter(parser.read_events()), None)
        if event is None:
            raise not_begun(error, file) from None
    if event is None:
        raise UnreadableFile("102", "This is not a DmfA: no element begins in its first part. Send a DmfA as XML.")
    root = cast("_Element", event[1])
    if str(root.tag).lower() != HTML:
        _no_declarations(root)
    if root.tag == UPDATE:
        message = "Updates (DmfAUpdate) are not taken in yet. Send originals (DmfAOriginal)."
        raise UnreadableFile("163", message, f"/{UPDATE}")
    if root.tag != ROOT:
        raise not_a_dmfa(str(root.tag), root.prefix)


class Stream:
    """The units of one file, in order; who reads them takes them out of the tree, so that it stays small."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.since_unit = 0

    def units(self) -> Iterator[Unit]:
        """Read it.

        Raises UnreadableFile; OSError when the file cannot be opened.
        """
        with self.path.open("rb") as file:
            if self.path.stat().st_size > LARGEST_FILE:
                message = f"The file is larger than {LARGEST_FILE >> 20} MiB. Send it in several files."
                raise UnreadableFile("172", message)
            start = file.read(CHUNK)
            _look_at_root(start, file)
            parser = _parser(("start", "end"), (ROOT, *TOP))
            for _ in self._feed(parser, start, file):
                yield from self._read(parser)
            try:
                parser.close()
            except XMLSyntaxError as error:
                raise not_well_formed(error, parser, file, ended=True) from None
            yield from self._read(parser)

    def _read(self, parser: XMLPullParser) -> Iterator[Unit]:
        for event, element in parser.read_events():
            yield from self._units(event, cast("_Element", element))

    def _feed(self, parser: XMLPullParser, chunk: bytes, file: BinaryIO) -> Iterator[None]:
        while chunk:
            try:
                parser.feed(chunk)
            except XMLSyntaxError as error:
                raise not_well_formed(error, parser, file, ended=False) from None
            self.since_unit += len(chunk)
            yield
            if self.since_unit > LARGEST_UNIT:
                message = f"One person or block takes more than {LARGEST_UNIT >> 20} MiB. Send a real declaration."
                raise UnreadableFile("172", message)
            chunk = file.read(CHUNK)

    def _units(self, event: str, element: _Element) -> Iterator[Unit]:
        above = _above(element)
        if not above:
            if event == "start":
                _no_declarations(element)
            else:
                yield Unit("end", element)
        elif element.tag in UNITS and above == IN_DECLARATION:
            if event == "start":
                yield Unit("head", cast("_Element", element.getparent()))
            else:
                self.since_unit = 0
                yield Unit("unit", element)
        elif element.tag == "EmployerDeclaration" and above == IN_FORM and event == "end":
            yield Unit("head", element)
            yield Unit("end of declaration", element)
        elif element.tag == "Form" and above == IN_ROOT:
            if event == "start":
                yield Unit("form", element)
            else:
                self.since_unit = 0
                yield Unit("end of form", element)


IN_ROOT = [ROOT]
IN_FORM = ["Form", ROOT]
IN_DECLARATION = ["EmployerDeclaration", "Form", ROOT]


def _above(element: _Element) -> list[str]:
    """The names of the elements around one, inside out, as far as they tell whether it stands in its place."""
    names: list[str] = []
    parent = element.getparent()
    while parent is not None and len(names) <= len(IN_DECLARATION):
        names.append(str(parent.tag))
        parent = parent.getparent()
    return names
