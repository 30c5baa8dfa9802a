"""The law as it was known on a day, and what became known since: figures that were corrected later are not in it."""

from collections.abc import Callable, Collection, Iterator
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
    return _only(law, lambda row: row.known <= day, f"nothing was known on {day}")


def without(versions: Collection[str], law: Law) -> Law:
    """The law as if these rows had never become known."""
    return _only(law, lambda row: row.version not in versions, "nothing was known before")


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


def _only(law: Law, known: Callable[[FigureRow], bool], otherwise: str) -> Law:
    """The law of the rows that are known; a file without one is not in it, and a series without one has no figure."""
    parameters = {}
    for name, one in law.parameters.items():
        if any(map(known, _of_file(one))):
            series = {key: _known(series, known, otherwise) for key, series in one.series.items()}
            parameters[name] = replace(one, series=series)
    return Law(parameters)


def _known(series: Series, known: Callable[[FigureRow], bool], otherwise: str) -> Series:
    return replace(series, written=tuple(filter(known, series.written)) or (_nothing(series, otherwise),))


def _nothing(series: Series, reason: str) -> FigureRow:
    """A series that was read later has no figure on any day."""
    first = series.written[0]
    return FigureRow(date.min, None, {}, SourceQuality.MEM, first.source, reason, first.file, series.name)
