"""A notice as blocks that an e-mail and a letter each lay out in their own way."""

from dataclasses import dataclass, field
from typing import Literal, TypedDict

from schemas.languages import Language


class DocumentBlock(TypedDict, total=False):
    """A heading, a paragraph, a list or a table; `figures` is a table of one row that must not be overlooked.

    `facts` are short, each with its name before it.
    """

    kind: Literal["heading", "subheading", "text", "note", "list", "table", "figures", "facts"]
    text: str
    items: list[str]
    header: list[str]
    align: list[str]
    widths: list[str]
    rows: list[list[str]]


def heading(text: str) -> DocumentBlock:
    """A heading."""
    return {"kind": "heading", "text": text}


def subheading(text: str) -> DocumentBlock:
    """A heading within a part."""
    return {"kind": "subheading", "text": text}


def paragraph(text: str) -> DocumentBlock:
    """A paragraph."""
    return {"kind": "text", "text": text}


def note(text: str) -> DocumentBlock:
    """A paragraph in smaller type."""
    return {"kind": "note", "text": text}


def bullets(items: list[str]) -> DocumentBlock:
    """A list."""
    return {"kind": "list", "items": items}


def table(header: list[str], align: list[str], widths: list[str], rows: list[list[str]]) -> DocumentBlock:
    """A table; `align` and `widths` per column, widths as `2fr` or `auto`."""
    return {"kind": "table", "header": header, "align": align, "widths": widths, "rows": rows}


def figures(header: list[str], row: list[str]) -> DocumentBlock:
    """The few amounts a notice is about."""
    return {"kind": "figures", "header": header, "rows": [row]}


def facts(rows: list[list[str]]) -> DocumentBlock:
    """What a notice is known by: pairs of a name and a value."""
    return {"kind": "facts", "rows": rows}


@dataclass(frozen=True, slots=True)
class Document:
    """A notice in words."""

    language: Language
    title: str
    greeting: str
    blocks: list[DocumentBlock] = field(default_factory=list)
