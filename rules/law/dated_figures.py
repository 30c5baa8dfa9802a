"""Figures of the law through time: what held on a day, or "no law on that day", never 0.

Every figure has two dates: from when it holds, and since when it is known here. A correction is one more row, known
later; the row that it corrects stays, because it is what was said until then.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple, cast

Figure = Decimal | frozenset[str]
DAY = timedelta(days=1)
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

    `known` is the day since when the catalogue has the row, `published` when its source appeared, where that was read.
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
    known: date = date.min
    published: date | None = None

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

    def codes_if_any(self, name: str) -> frozenset[str]:
        """The same, empty where the row does not have it: rows that were known earlier may say less."""
        return self.codes(name) if name in self.figures else frozenset()

    @cached_property
    def says(self) -> str:
        """Its figures, label and source, or why there are none: rows that say the same differ in days only."""
        figures = [
            (name, ",".join(sorted(value)) if isinstance(value, frozenset) else f"{value}", self.units.get(name, ""))
            for name, value in sorted(self.figures.items())
        ]
        return f"{figures}|{self.quality}|{self.sourced}|{self.unknown}"

    @cached_property
    def version(self) -> str:
        """File, series, first day, day of knowledge, label, digest of the content: another figure, another version."""
        content = f"{self.start}|{self.end}|{self.says}|{self.known}"
        digest = sha256(content.encode()).hexdigest()[:DIGITS]
        return f"{self.file} | {self.series} | {self.start} | {self.known} | {self.quality} | {digest}"


class Span(NamedTuple):
    """Days on which one row holds, both included; it may hold on fewer days than it says, where it was corrected."""

    start: date
    end: date | None
    row: FigureRow


@dataclass(frozen=True)
class Series:
    """One parameter, or a set that changes together, through time; `written` in the order in which it became known."""

    name: str
    written: tuple[FigureRow, ...]
    ended: str | None = None
    about: str = ""

    @cached_property
    def timeline(self) -> tuple[Span, ...]:
        """Which row holds when, in order of days: where two speak of a day, the one that is known later."""
        spans: list[Span] = []
        for row in self.written:
            spans = [part for span in spans for part in _outside(span, row)]
            spans.append(Span(row.start, row.end, row))
        return tuple(sorted(spans, key=lambda span: span.start))

    @cached_property
    def rows(self) -> tuple[FigureRow, ...]:
        """The rows that hold at any time, in order of days."""
        return tuple(span.row for span in self.timeline)

    def at(self, day: date) -> FigureRow:
        """The row in force on a day.

        Raises NoLaw.
        """
        timeline = self.timeline
        place = bisect_right(timeline, day, key=lambda span: span.start) - 1
        if place < 0:
            raise NoLaw(self.name, day, f"the first known figures begin on {timeline[0].start}")
        _, end, row = timeline[place]
        if end is not None and day > end:
            raise NoLaw(self.name, day, self.ended or "the series has ended")
        if row.unknown is not None:
            raise NoLaw(self.name, day, row.unknown, row.sourced)
        return row


def _outside(span: Span, row: FigureRow) -> Iterator[Span]:
    """What is left of a span where a later row speaks of part of its days."""
    if span.start < row.start:
        before = row.start - DAY
        yield span if span.end is not None and span.end <= before else Span(span.start, before, span.row)
    if row.end is not None and (span.end is None or span.end > row.end):
        yield Span(max(span.start, row.end + DAY), span.end, span.row)


@dataclass(frozen=True, slots=True)
class Parameters:
    """All series of one rule, the statute they belong to, and what the rule cannot see."""

    rule: str
    statute: str
    series: Mapping[str, Series]
    names: Mapping[str, str] = field(default_factory=dict)
    unseen: str = ""

    def at(self, name: str, day: date) -> FigureRow:
        """The row of a series in force on a day; nothing of a series that nobody knew of yet is.

        Raises NoLaw, also where nothing was known of the series.
        """
        return self._known(name, day).at(day)

    def first(self, name: str) -> tuple[date, FigureRow]:
        """The first day of a series, and its row then.

        Raises NoLaw where nothing was known of the series.
        """
        start, _, row = self._known(name, date.min).timeline[0]
        return start, row

    def _known(self, name: str, day: date) -> Series:
        if name not in self.series:
            raise NoLaw(name, day, "nothing was known of it")
        return self.series[name]

    def at_if_known(self, name: str, day: date) -> FigureRow | None:
        """The row of a series in force on a day; None without law."""
        try:
            return self.at(name, day)
        except NoLaw:
            return None
