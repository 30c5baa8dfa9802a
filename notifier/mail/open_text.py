"""Writes the open text of an e-mail: that there is a notice, with only a name, a day and a reference filled in."""

import re
from functools import cache
from textwrap import fill

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import escape

from notifier.notice_content import Announcement
from notifier.render import words
from notifier.render.compose import for_mail
from notifier.render.texts import texts
from schemas.languages import Language
from schemas.legal_day import legal_day

LINE = 74
NAME, DAY, REFERENCE = "\ue000", "\ue001", "\ue002"
"""Characters that no text has: they mark where the words of one recipient go."""
MARKS = re.compile(f"([{NAME}{DAY}{REFERENCE}])")
JOINED = re.compile(r"(?<=\S)([.:/@])(?=\S)")
"""What makes a mail program take a text for an address, as in the name `J.De Vos`."""


def open_text(announcement: Announcement) -> tuple[str, str]:
    """The e-mail as plain text and as HTML."""
    language = announcement.language
    plain, html = _pieces(language, announcement.side)
    name = JOINED.sub(r"\1 ", announcement.profile.full_name)
    day = words.day(legal_day(announcement.created_at), texts(language))
    own = {NAME: name, DAY: day, REFERENCE: announcement.notice}
    own_html = {**own, NAME: str(escape(name))}
    return "".join(own.get(piece, piece) for piece in plain), "".join(own_html.get(piece, piece) for piece in html)


@cache
def _pieces(language: Language, side: str) -> tuple[list[str], list[str]]:
    """Both parts, split at the marks; they are set once, as everybody reads the same."""
    words = texts(language)
    document = for_mail(words, side, name=NAME, day=DAY, reference=REFERENCE)
    values = {"document": document, "sender": words.sender, "texts": words}
    loader = PackageLoader("notifier", "templates")
    kept = {"loader": loader, "undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    plain = Environment(autoescape=False, **kept)  # type: ignore[arg-type]  # noqa: S701 - the text part is no HTML
    plain.filters["wrapped"] = _wrapped
    html = Environment(autoescape=True, **kept)  # type: ignore[arg-type]
    return (
        MARKS.split(plain.get_template("mail.txt.j2").render(values)),
        MARKS.split(html.get_template("mail.html.j2").render(values)),
    )


def _wrapped(text: str) -> str:
    return fill(text, LINE, break_long_words=False, break_on_hyphens=False)
