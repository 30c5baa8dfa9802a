"""Sets letters: accessible, made for the archive, and with the address where the window of the envelope is."""

import json
import re
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import as_file, files
from typing import Any, Literal

import typst

from backbone.errors import Reject
from notifier.channel import HOME_COUNTRY, Profile
from notifier.content import Notice
from notifier.render import words
from notifier.render.compose import annex, for_letter
from notifier.render.texts import Texts, texts
from schemas.legal_day import legal_day

STANDARDS: list[Literal["ua-1", "a-2a"]] = ["ua-1", "a-2a"]
PAGES = re.compile(rb"/Type\s*/Pages\b[^>]*?/Count\s+(\d+)|/Count\s+(\d+)[^>]*?/Type\s*/Pages\b")


@dataclass(frozen=True, slots=True)
class Window:
    """Where the address shows through the envelope, in mm from the upper left corner of an A4 sheet."""

    left: float
    top: float
    width: float
    height: float


WINDOWS = {"be-right-c56": Window(left=110, top=50, width=85, height=35)}
"""A sheet folded in three in a C5/6 envelope with its window on the right, 15 mm free beside it (bpost)."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it goes to the printer."""

    notice: str
    address: tuple[str, ...]
    pdf: bytes
    pages: int


def address_lines(profile: Profile) -> tuple[str, ...]:
    """The address as the post wants it: name, street and number, postcode and town in capitals, country if abroad."""
    street = f"{profile.street} {profile.number}".strip()
    if profile.box:
        street += f" {_box(profile.language)} {profile.box}"
    lines = [profile.full_name, street, f"{profile.postcode} {profile.town.upper()}"]
    if profile.country != HOME_COUNTRY:
        lines.append(profile.country)
    return tuple(lines)


def _box(language: str) -> str:
    return {"nl": "bus", "fr": "bte", "de": "bte"}.get(language, "box")


class Printer:
    """A typesetter that is kept, because starting one costs more than a letter."""

    def __init__(self, window: str = "be-right-c56") -> None:
        self._window = WINDOWS[window]
        self._files = ExitStack()
        folder = self._files.enter_context(as_file(files("notifier") / "templates"))
        self._compiler = typst.Compiler(folder / "letter.typ", root=folder, ignore_system_fonts=True)

    def print_letter(self, notice: Notice) -> Letter:
        """The PDF of a notice.

        Raises Reject when it cannot be set, as when a name has a sign that no font of ours has.
        """
        content = self._content(notice, texts(notice.language))
        try:
            pdf = self._compiler.compile(
                format="pdf",
                sys_inputs={"data": json.dumps(content, ensure_ascii=False)},
                pdf_standards=[*STANDARDS],
                timestamp=int(notice.created_at.timestamp()),
            )
        except typst.TypstError as error:
            raise Reject("letter", "The letter cannot be set.") from error
        if not isinstance(pdf, bytes):
            raise TypeError(type(pdf))
        return Letter(notice.notice, address_lines(notice.profile), pdf, count_pages(pdf))

    def _content(self, notice: Notice, words_of: Texts) -> dict[str, Any]:
        document = for_letter(notice, words_of)
        sender = words_of.sender
        return {
            "language": notice.language,
            "window": {name: getattr(self._window, name) for name in ("left", "top", "width", "height")},
            "sender": {"name": sender.name, "tagline": sender.tagline, "lines": [*sender.address[1:], sender.email]},
            "address": address_lines(notice.profile),
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
