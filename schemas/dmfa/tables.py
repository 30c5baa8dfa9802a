"""Loads the form of the DmfA as data: which blocks hold which zones and blocks, in what order, how often, how long."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

TableRow = dict[str, str]
ZoneType = Literal[
    "string", "int", "long", "bool", "date", "quarter", "nsso", "enterprise", "establishment",
    "inss", "inss0", "code3", "code4", "percent",
]  # fmt: skip
ZoneKind = Literal["", "wages", "working-time", "contributions", "every"]
EVENT_KINDS = ("wages", "working-time", "contributions")
"""The events that a declaration makes of a person; one contract each, `declarations.<kind>`."""
UNBOUNDED = 1_000_000_000
ROOT = "DmfAOriginal"
TABLES_OF = "2022Q3"
"""The quarter of the technical files from which the tables are written; what was found of later changes is in them."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone of a block. `name` and `kind` say in which field of which event it travels, `codes` is its code list."""

    number: str
    element: str
    least: int
    most: int
    type: ZoneType
    low: str
    high: str
    length: int | None
    pattern: str
    values: tuple[str, ...]
    name: str
    kind: ZoneKind
    codes: str
    label: str


@dataclass(frozen=True, slots=True)
class Child:
    """How often a block occurs in its parent."""

    element: str
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Block:
    """A functional block. `variants` are the alternatives of what may follow its zones; mostly there is one."""

    number: str
    element: str
    name: str
    repeats: bool
    zones: tuple[Zone, ...]
    children: tuple[Child, ...]
    variants: tuple[tuple[Child, ...], ...]


def rows(name: str) -> list[TableRow]:
    """The lines of one table."""
    return list(csv.DictReader((files("schemas") / "dmfa" / name).read_text("utf-8").splitlines()))


def _most(text: str) -> int:
    return UNBOUNDED if text == "*" else int(text)


def read_child(row: TableRow) -> Child:
    """How often a block occurs in its parent, from a line of a table."""
    return Child(row["element"], int(row["min"]), _most(row["max"]))


def read_zone(row: TableRow) -> Zone:
    """A zone, from a line of a table."""
    return Zone(
        number=row["zone"],
        element=row["element"],
        least=int(row["min"]),
        most=int(row["max"]),
        type=row["type"],  # type: ignore[arg-type]  # held by a test
        low=row["low"],
        high=row["high"],
        length=int(row["length"]) if row["length"] else None,
        pattern=row["pattern"],
        values=tuple(row["values"].split("|")) if row["values"] else (),
        name=row["name"],
        kind=row["kind"],  # type: ignore[arg-type]  # held by a test
        codes=row["codes"],
        label=row["label"],
    )


def _variants(parent: str, children: tuple[Child, ...], choices: list[TableRow]) -> Iterator[tuple[Child, ...]]:
    own = [row for row in choices if row["parent"] == parent]
    if not own:
        yield children
    for variant in dict.fromkeys(row["variant"] for row in own):
        yield tuple(read_child(row) for row in own if row["variant"] == variant)


def is_later(quarter: str) -> bool:
    """Whether a declaration of this quarter may hold zones and codes that came after the tables."""
    return quarter > TABLES_OF


@cache
def blocks() -> dict[str, Block]:
    """Every block by its XML name, which is unique."""
    zones, tree, choices = rows("zones.csv"), rows("blocks.csv"), rows("choices.csv")
    found = {}
    for row in tree:
        children = tuple(read_child(below) for below in tree if below["parent"] == row["element"])
        found[row["element"]] = Block(
            number=row["block"],
            element=row["element"],
            name=row["name"],
            repeats=row["max"] != "1",
            zones=tuple(read_zone(zone) for zone in zones if zone["block"] == row["block"]),
            children=children,
            variants=tuple(_variants(row["element"], children, choices)),
        )
    return found
