"""Figures of the law through time: what held on a day, or "no law on that day", never 0."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import cast

Figure = Decimal | frozenset[str]
DIGITS = 12
"""How much of its SHA-256 names the version of a row."""


class Quality(StrEnum):
    """Where a figure was read: official page, secondary source, public code, derived by us, from memory."""

    OFF = "OFF"
    SEC = "SEC"
    REPO = "REPO"
    DER = "DER"
    MEM = "MEM"

    @property
    def firm(self) -> bool:
        """Whether a right may be stated on it; what is not firm leads to "to check", REPO to "likely" at most."""
        return self not in (Quality.DER, Quality.MEM)


class NoLaw(LookupError):
    """No figure is known for that day: the finding is undetermined."""

    def __init__(self, series: str, day: date, reason: str, source: str = "") -> None:
        super().__init__(f"no law on {day} for {series}: {reason}")
        self.series = series
        self.day = day
        self.reason = reason
        self.source = source


class Citation(str):
    """What a trace states as its source; it knows the rows it rests on: a doubtful row makes a doubtful finding."""

    __slots__ = ("rows",)
    rows: "tuple[Row, ...]"


def citing(text: str, *rows: "Row") -> Citation:
    """A source in other words than the row's own."""
    made = Citation(text)
    made.rows = rows
    return made


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """Figures in force from `start` to `end`, both included; `unknown` says why there are none."""

    start: date
    end: date | None
    figures: Mapping[str, Figure]
    quality: Quality
    source: str
    unknown: str | None = None
    file: str = ""
    series: str = ""
    units: Mapping[str, str] = field(default_factory=dict)

    def number(self, name: str) -> Decimal:
        """A figure that is a number."""
        return cast("Decimal", self.figures[name])

    def codes(self, name: str) -> frozenset[str]:
        """A figure that is a list of codes."""
        return cast("frozenset[str]", self.figures[name])

    @property
    def cited(self) -> Citation:
        """Source, quality and first day, as a trace states them."""
        return citing(f"{self.source} ({self.quality}), in force from {self.start}", self)

    @property
    def version(self) -> str:
        """File, series, first day, label and a digest of what stands in the row: another figure is another version."""
        return _version(self)


@lru_cache(maxsize=4096)
def _version(row: Row) -> str:
    figures = [
        (name, ",".join(sorted(value)) if isinstance(value, frozenset) else f"{value}", row.units.get(name, ""))
        for name, value in sorted(row.figures.items())
    ]
    content = f"{row.start}|{row.end}|{figures}|{row.quality}|{row.source}|{row.unknown}"
    digest = sha256(content.encode()).hexdigest()[:DIGITS]
    return f"{row.file} | {row.series} | {row.start} | {row.quality} | {digest}"


@dataclass(frozen=True, slots=True)
class Series:
    """One parameter, or a set that changes together, through time."""

    name: str
    rows: tuple[Row, ...]
    ended: str | None = None
    about: str = ""

    def at(self, day: date) -> Row:
        """The row in force on a day.

        Raises NoLaw.
        """
        place = bisect_right(self.rows, day, key=lambda row: row.start) - 1
        if place < 0:
            raise NoLaw(self.name, day, f"the first known figures begin on {self.rows[0].start}")
        row = self.rows[place]
        if row.end is not None and day > row.end:
            raise NoLaw(self.name, day, self.ended or "the series has ended")
        if row.unknown is not None:
            raise NoLaw(self.name, day, row.unknown, row.source)
        return row


@dataclass(frozen=True, slots=True)
class Parameters:
    """All series of one rule, and the law they belong to."""

    rule: str
    law: str
    series: Mapping[str, Series]
    names: Mapping[str, str] = field(default_factory=dict)

    def at(self, name: str, day: date) -> Row:
        """The row of a series in force on a day.

        Raises NoLaw.
        """
        return self.series[name].at(day)
