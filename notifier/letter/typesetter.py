"""Typesets letters: accessible, archivable, and with the address in the window of the envelope."""

import json
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import as_file, files
from typing import Any, Literal

import typst

from backbone.errors import Reject
from notifier.letter import address_block as address
from notifier.letter import glyphs
from notifier.letter.address_block import EnvelopeWindow
from notifier.notice_content import Notice
from notifier.render import words
from notifier.render.compose import annex, for_letter
from notifier.render.texts import Texts, texts
from schemas.legal_day import legal_day

STANDARDS: list[Literal["ua-1", "a-2a"]] = ["ua-1", "a-2a"]
PICTURE_PPI = 110.0
"""A page is as wide as a laptop's window, and its smallest print can be read."""
PAGES = re.compile(rb"/Type\s*/Pages\b[^>]*?/Count\s+(\d+)|/Count\s+(\d+)[^>]*?/Type\s*/Pages\b")


MEASURES = ("left", "top", "width", "height", "text_height", "margin")
WINDOWS = {"be-right-c56": EnvelopeWindow(left=110, top=40, width=85, height=44, slip=15)}
"""A sheet folded in three (99 mm) in a C5/6 envelope (114 mm) with its window on the right.

As bpost asks, 15 mm are free beside the window, 30 mm below it, and above it the strip of the stamp.
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it goes to the printer."""

    notice: str
    address: tuple[str, ...]
    pdf: bytes
    pages: int


class Printer:
    """A typesetter that is kept, because starting one costs more than a letter."""

    def __init__(self, window: str = "be-right-c56") -> None:
        self._window = WINDOWS[window]
        self._files = ExitStack()
        folder = self._files.enter_context(as_file(files("notifier") / "templates"))
        fonts = typst.Fonts(include_system_fonts=False, font_paths=glyphs.folders())
        self._compiler = typst.Compiler(folder / "letter.typ", root=folder, font_paths=fonts, ignore_system_fonts=True)

    def print_letter(self, notice: Notice) -> Letter:
        """The PDF of a notice. What its signs are does not matter: those that no font has are written otherwise.

        Raises Reject when it cannot be set all the same.
        """
        block, pdf = self._typeset(notice, format="pdf", pdf_standards=[*STANDARDS])
        return Letter(notice.notice, block.lines, pdf[0], count_pages(pdf[0]))

    def picture(self, notice: Notice) -> bytes:
        """The first page of a letter as a PNG, to look at on a screen.

        Raises Reject as `print_letter` does.
        """
        return self._typeset(notice, format="png", ppi=PICTURE_PPI)[1][0]

    def _typeset(self, notice: Notice, **options: Any) -> tuple[address.AddressBlock, list[bytes]]:
        block = address.fit(address.written(notice.profile, texts(notice.language).sender.abroad), self._window)
        content = self._content(notice, texts(notice.language), block)
        try:
            return block, self._compile(_spelled(content, glyphs.in_sentence), notice, options)
        except typst.TypstError:
            # Which font a sign ends up in is decided by the typesetter alone; with one font there is nothing to decide.
            block = block._replace(lines=tuple(map(glyphs.plain, block.lines)))
            content = _spelled(self._content(notice, texts(notice.language), block), glyphs.plain)
            try:
                return block, self._compile(content, notice, options)
            except typst.TypstError as error:
                raise Reject("letter", "The letter cannot be typeset, not even in plain characters.") from error

    def _compile(self, content: Any, notice: Notice, options: dict[str, Any]) -> list[bytes]:
        made = self._compiler.compile(
            sys_inputs={"data": json.dumps(content, ensure_ascii=False)},
            timestamp=int(notice.created_at.timestamp()),
            **options,
        )
        files = made if isinstance(made, list) else [made]
        return [file for file in files if file is not None]

    def _content(self, notice: Notice, words_of: Texts, block: address.AddressBlock) -> dict[str, Any]:
        document = for_letter(notice, words_of)
        sender = words_of.sender
        return {
            "language": notice.language,
            "fonts": glyphs.families(),
            "window": {name: getattr(self._window, name) for name in MEASURES},
            "sender": {"name": sender.name, "tagline": sender.tagline, "lines": [*sender.address[1:], sender.email]},
            "address": {"lines": block.lines, "size": block.size},
            "day": words.day(legal_day(notice.created_at), words_of),
            "date": _date(notice.created_at),
            "reference": {"label": words_of.say("letter.reference"), "value": notice.notice},
            "title": document.title,
            "greeting": document.greeting,
            "blocks": document.blocks,
            "closing": words_of.say("letter.closing"),
            "signature": words_of.say("letter.signature"),
            "annex": annex(notice, words_of),
            "page": words_of.get("letter.page"),
        }


def _spelled(content: Any, spell: Callable[[str], str]) -> Any:
    """The same content, with each of its texts spelled another way."""
    if isinstance(content, str):
        return spell(content)
    if isinstance(content, dict):
        return {name: _spelled(value, spell) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_spelled(value, spell) for value in content]
    return content


def _date(moment: datetime) -> dict[str, int]:
    local = legal_day(moment)
    return {"year": local.year, "month": local.month, "day": local.day}


def count_pages(pdf: bytes) -> int:
    """How many pages a PDF has, from the root of its page tree."""
    return max((int(one or other) for one, other in PAGES.findall(pdf)), default=0)


@cache
def printer() -> Printer:
    """The one typesetter of this process."""
    return Printer()
