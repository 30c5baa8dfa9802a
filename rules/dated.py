"""Figures of the law through time: what held on a day, or "no law on that day", never 0."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import cast

Figure = Decimal | frozenset[str]


class Quality(StrEnum):
    """Where a figure was read: official page, secondary source, public code, derived by us, from memory."""

    OFF = "OFF"
    SEC = "SEC"
    REPO = "REPO"
    DER = "DER"
    MEM = "MEM"

    @property
    def firm(self) -> bool:
        """Whether a right may be stated on it; what is not firm leads to "to check" at most."""
        return self not in (Quality.DER, Quality.MEM)


class NoLaw(LookupError):
    """No figure is known for that day: the finding is undetermined."""

    def __init__(self, series: str, day: date, reason: str, source: str = "") -> None:
        super().__init__(f"no law on {day} for {series}: {reason}")
        self.series = series
        self.day = day
        self.reason = reason
        self.source = source


@dataclass(frozen=True, slots=True)
class Row:
    """Figures in force from `start` to `end`, both included; `unknown` says why there are none."""

    start: date
    end: date | None
    figures: Mapping[str, Figure]
    quality: Quality
    source: str
    unknown: str | None = None

    def number(self, name: str) -> Decimal:
        """A figure that is a number."""
        return cast("Decimal", self.figures[name])

    def codes(self, name: str) -> frozenset[str]:
        """A figure that is a list of codes."""
        return cast("frozenset[str]", self.figures[name])

    @property
    def cited(self) -> str:
        """Source, quality and first day, as a trace states them."""
        return f"{self.source} ({self.quality}), in force from {self.start}"


@dataclass(frozen=True, slots=True)
class Series:
    """One parameter, or a set that changes together, through time."""

    name: str
    rows: tuple[Row, ...]
    ended: str | None = None

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

    def at(self, name: str, day: date) -> Row:
        """The row of a series in force on a day.

        Raises NoLaw.
        """
        return self.series[name].at(day)
