"""Reads a DmfA file as a stream: bounded memory, no DTD, no entities, no network; one unit in memory at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast

from lxml.etree import XMLPullParser, XMLSyntaxError, _Element

from producers.intake.format_errors import CHUNK, UnreadableFile, another_format, not_a_dmfa, not_begun, not_well_formed
from schemas.dmfa.forms import FORMS, DmfaForm

LARGEST_FILE = 1 << 30
"""1 GiB: some 300,000 persons; more is sent in several files."""
LARGEST_UNIT = 1 << 22
"""4 MiB between two units; a person takes some 5 kB."""
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


def _form_of(start: bytes, file: BinaryIO) -> DmfaForm:
    """Which form this is; refuses what is empty, is not XML or is another form, before anything is built."""
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
    form = FORMS.get(str(root.tag))
    if form is None:
        raise not_a_dmfa(str(root.tag), root.prefix)
    return form


def _beginning(path: Path) -> tuple[bytes, DmfaForm]:
    """The first bytes of a file, and which form it is."""
    with path.open("rb") as file:
        if path.stat().st_size > LARGEST_FILE:
            message = f"The file is larger than {LARGEST_FILE >> 20} MiB. Send it in several files."
            raise UnreadableFile("172", message)
        start = file.read(CHUNK)
        return start, _form_of(start, file)


class Stream:
    """The units of one file, in order; who reads them takes them out of the tree, so that it stays small."""

    def __init__(self, path: Path) -> None:
        """Look which form it is.

        Raises UnreadableFile; OSError when the file cannot be opened.
        """
        self.path = path
        self.since_unit = 0
        self._start, self.form = _beginning(path)
        form = self.form
        self._units_of = frozenset(form.units)
        self._in_root = [form.root]
        self._in_form = ["Form", *self._in_root]
        self._in_declaration = [form.declaration, *self._in_form]

    def units(self) -> Iterator[Unit]:
        """Read it.

        Raises UnreadableFile; OSError when the file cannot be opened.
        """
        with self.path.open("rb") as file:
            start = file.read(CHUNK)
            if start != self._start:
                raise UnreadableFile("102", "The file was changed while it was read. Send it again, whole.")
            form = self.form
            parser = _parser(("start", "end"), (form.root, "Form", form.declaration, *form.units))
            for _ in self._feed(parser, start, file):
                yield from self._read(parser)
            try:
                parser.close()
            except XMLSyntaxError as error:
                raise not_well_formed(error, parser, file, root=self.form.root, ended=True) from None
            yield from self._read(parser)

    def _read(self, parser: XMLPullParser) -> Iterator[Unit]:
        for event, element in parser.read_events():
            yield from self._units(event, cast("_Element", element))

    def _feed(self, parser: XMLPullParser, chunk: bytes, file: BinaryIO) -> Iterator[None]:
        while chunk:
            try:
                parser.feed(chunk)
            except XMLSyntaxError as error:
                raise not_well_formed(error, parser, file, root=self.form.root, ended=False) from None
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
        elif element.tag in self._units_of and above == self._in_declaration:
            if event == "start":
                yield Unit("head", cast("_Element", element.getparent()))
            else:
                self.since_unit = 0
                yield Unit("unit", element)
        elif element.tag == self.form.declaration and above == self._in_form and event == "end":
            yield Unit("head", element)
            yield Unit("end of declaration", element)
        elif element.tag == "Form" and above == self._in_root:
            if event == "start":
                yield Unit("form", element)
            else:
                self.since_unit = 0
                yield Unit("end of form", element)


DEEPEST = 3
"""Elements around a unit."""


def _above(element: _Element) -> list[str]:
    """The names of the elements around one, inside out, as far as they tell whether it stands in its place."""
    names: list[str] = []
    parent = element.getparent()
    while parent is not None and len(names) <= DEEPEST:
        names.append(str(parent.tag))
        parent = parent.getparent()
    return names
