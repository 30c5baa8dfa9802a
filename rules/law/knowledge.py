"""The law as it was known on a day, and what became known since: figures that were corrected later are not in it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from rules.law.dated_figures import FigureRow, Parameters, Series, SourceQuality
from rules.law.law import Law, per_law


def first_known(law: Law) -> date:
    """The day on which the first figures were read: before it, nothing was known here."""
    return min(row.known for row in rows(law))


@per_law
def last_known(law: Law) -> date:
    """The day on which the last figures were read."""
    return max(row.known for row in rows(law))


def known_on(day: date, law: Law) -> Law:
    """The law as it was known on a day: a rule whose figures were all read later is not in it."""
    return Law(
        {
            name: replace(one, series={key: _known(series, day) for key, series in one.series.items()})
            for name, one in law.parameters.items()
            if any(row.known <= day for row in _of_file(one))
        }
    )


def learned_since(day: date, law: Law, file: str | None = None) -> tuple[FigureRow, ...]:
    """The rows that became known on that day or later, in all files or in one."""
    return tuple(row for row in rows(law) if row.known >= day and file in (None, row.file.removesuffix(".yaml")))


def rows(law: Law) -> Iterator[FigureRow]:
    """Every row as written, those that were corrected since included."""
    for one in law.parameters.values():
        yield from _of_file(one)


def _of_file(parameters: Parameters) -> Iterator[FigureRow]:
    for series in parameters.series.values():
        yield from series.written


def _known(series: Series, day: date) -> Series:
    return series.known_on(day) or replace(series, written=(_nothing(series, day),))


def _nothing(series: Series, day: date) -> FigureRow:
    """A series that was read later has no figure on any day."""
    first = series.written[0]
    return FigureRow(
        date.min, None, {}, SourceQuality.MEM, first.source, f"nothing was known on {day}", first.file, series.name
    )
