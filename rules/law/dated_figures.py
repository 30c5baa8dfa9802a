"""Figures of the law through time: what held on a day, or "no law on that day", never 0."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import cast

Figure = Decimal | frozenset[str]
DIGITS = 12
"""Hexadecimal digits of the SHA-256 in the version of a row."""


class SourceQuality(StrEnum):
    """Where a figure was read: official page, secondary source, public code, derived by us, from memory."""

    OFF = "OFF"
    SEC = "SEC"
    REPO = "REPO"
    DER = "DER"
    MEM = "MEM"

    @property
    def firm(self) -> bool:
        """Whether a finding that rests on it may be more than "to check"; REPO allows at most "likely"."""
        return self not in (SourceQuality.DER, SourceQuality.MEM)


class NoLaw(LookupError):
    """No figure is known for that day: the finding is undetermined."""

    def __init__(self, series: str, day: date, reason: str, source: str = "") -> None:
        super().__init__(f"no law on {day} for {series}: {reason}")
        self.series = series
        self.day = day
        self.reason = reason
        self.source = source


@dataclass(frozen=True, slots=True)
class Citation:
    """What a trace states as its source, and the rows of figures it rests on."""

    text: str
    rows: "tuple[FigureRow, ...]" = ()

    def __str__(self) -> str:
        return self.text


def citing(text: str | Citation, *rows: "FigureRow") -> Citation:
    """A source in other words than the row's own, which names the article of each row it rests on."""
    said = str(text)
    for row in rows:
        if row.article and row.article not in said:
            said = f"{said}; {row.article}"
    return Citation(said, rows)


@dataclass(frozen=True, eq=False)
class FigureRow:
    """Figures in force from `start` to `end`, both included; `unknown` says why there are none.

    `article` is where the law has the concept, empty where no source named it.
    """

    start: date
    end: date | None
    figures: Mapping[str, Figure]
    quality: SourceQuality
    source: str
    unknown: str | None = None
    file: str = ""
    series: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    article: str = ""

    @cached_property
    def cited(self) -> Citation:
        """All that a trace states of the row: article, source, quality and first day."""
        return citing(f"{self.sourced} ({self.quality}), in force from {self.start}", self)

    @property
    def sourced(self) -> str:
        """The source, preceded by the article unless the source names it itself."""
        named = not self.article or self.article in self.source
        return self.source if named else f"{self.article}; {self.source}"

    def number(self, name: str) -> Decimal:
        """A figure that is a number."""
        return cast("Decimal", self.figures[name])

    def codes(self, name: str) -> frozenset[str]:
        """A figure that is a list of codes."""
        return cast("frozenset[str]", self.figures[name])

    @cached_property
    def version(self) -> str:
        """File, series, first day, label and a digest of the content: a row with another figure has another version."""
        figures = [
            (name, ",".join(sorted(value)) if isinstance(value, frozenset) else f"{value}", self.units.get(name, ""))
            for name, value in sorted(self.figures.items())
        ]
        content = f"{self.start}|{self.end}|{figures}|{self.quality}|{self.sourced}|{self.unknown}"
        digest = sha256(content.encode()).hexdigest()[:DIGITS]
        return f"{self.file} | {self.series} | {self.start} | {self.quality} | {digest}"


@dataclass(frozen=True, slots=True)
class Series:
    """One parameter, or a set that changes together, through time."""

    name: str
    rows: tuple[FigureRow, ...]
    ended: str | None = None
    about: str = ""

    def at(self, day: date) -> FigureRow:
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
            raise NoLaw(self.name, day, row.unknown, row.sourced)
        return row


@dataclass(frozen=True, slots=True)
class Parameters:
    """All series of one rule, and the statute they belong to."""

    rule: str
    statute: str
    series: Mapping[str, Series]
    names: Mapping[str, str] = field(default_factory=dict)

    def at(self, name: str, day: date) -> FigureRow:
        """The row of a series in force on a day.

        Raises NoLaw.
        """
        return self.series[name].at(day)
