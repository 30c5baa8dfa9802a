"""Encodes header fields of e-mails; whatever a name contains, a field stays one field and an address one address.

The folding of Python's `email` package loses the quotes of a long name (cpython issue 80222), and what it does differs
from version to version. So a name stands in quotes that its folding leaves alone (RFC 5322 3.2.4) or, when it is not
ASCII or has a word longer than a line, in encoded words (RFC 2047), which need no quotes.
"""

import re
from email.header import Header
from textwrap import wrap

from notifier.mail.address import MailAddress

LINE = 78
"""Characters a line should have at most (RFC 5322 2.1.1)."""
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What no field shows: controls, separators of lines, marks that turn the direction of a text, halves of signs."""
LOOKS_ENCODED = "=?"
ESCAPED = re.compile(r'[\\"]')
ESCAPE = r"\\\g<0>"
FOLD = "\r\n "


def one_line(text: str) -> str:
    """The text without what would end or disguise a line, and with single spaces."""
    return " ".join(CONTROL.sub(" ", text).split())


def field(name: str, value: str) -> str:
    """A field with a value of our own making, ASCII and short."""
    return f"{name}: {value}\r\n"


def text_field(name: str, text: str) -> str:
    """A field that is read as text, as the subject."""
    shown = one_line(text)
    lines = _folded(f"{name}: {shown}")
    return f"{FOLD.join(lines)}\r\n" if _plain(shown, lines) else field(name, _encoded(name, shown))


def address_field(name: str, person: str, address: MailAddress) -> str:
    """A field with one address and the name of whom it belongs to."""
    shown = one_line(person)
    if not shown:
        return field(name, f"<{address}>")
    lines = _folded(f'{name}: "{ESCAPED.sub(ESCAPE, shown)}"')
    if not _plain(shown, lines):
        return field(name, f"{_encoded(name, shown)}{FOLD}<{address}>")
    fits = len(f"{lines[-1]} <{address}>") < LINE
    return f"{FOLD.join(lines)}{' ' if fits else FOLD}<{address}>\r\n"


def _folded(line: str) -> list[str]:
    return wrap(line, LINE - 1, break_long_words=False, break_on_hyphens=False)


def _plain(text: str, lines: list[str]) -> bool:
    return text.isascii() and LOOKS_ENCODED not in text and all(len(line) < LINE for line in lines)


def _encoded(name: str, text: str) -> str:
    return Header(text, "utf-8", maxlinelen=LINE - 2, header_name=name).encode(linesep="\r\n")
