"""Derives one law from another: the law of one day, a law with some other figures, a law that notes what is read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from rules.law.dated_figures import FigureRow, Parameters, Series
from rules.law.law import Law


def recording(law: Law, seen: set[FigureRow]) -> Law:
    """The same law; every row that is looked up by day is added to `seen`."""
    return _with_series(law, lambda one: _Recorded(one.name, one.written, one.ended, one.about, seen))


def frozen_on(day: date, law: Law) -> Law:
    """The law of one day for every day: what held on `day` is taken to have always held."""
    return _with_series(law, lambda one: _Frozen(one.name, one.written, one.ended, one.about, day))


def _with_series(law: Law, change: Callable[[Series], Series]) -> Law:
    return Law(
        {
            name: replace(one, series={key: change(series) for key, series in one.series.items()})
            for name, one in law.parameters.items()
        }
    )


@dataclass(frozen=True)
class _Recorded(Series):
    """A series that notes which of its rows were looked up."""

    seen: set[FigureRow] = field(default_factory=set)

    def at(self, day: date) -> FigureRow:
        """The row in force on a day.

        Raises NoLaw.
        """
        row = Series.at(self, day)
        self.seen.add(row)
        return row


@dataclass(frozen=True)
class _Frozen(Series):
    """A series in which every day is one and the same."""

    day: date = date.min

    def at(self, day: date) -> FigureRow:  # noqa: ARG002 - any day is that day
        """The row in force on the one day.

        Raises NoLaw.
        """
        return Series.at(self, self.day)


class UnknownFigure(ValueError):
    """A change names a figure that does not exist, or no number; all of them are in the message, one a line."""


def with_figures(law: Law, changes: Sequence[str]) -> Law:
    """The same law with some other figures, each as `rule.series.figure=value`, in every row that has the figure.

    Raises UnknownFigure.
    """
    wanted: dict[tuple[str, str], dict[str, Decimal]] = {}
    problems = []
    for change in changes:
        try:
            rule, name, figure, value = _change(law, change)
            wanted.setdefault((rule, name), {})[figure] = value
        except UnknownFigure as error:
            problems.append(str(error))
    if problems:
        raise UnknownFigure("\n".join(problems))
    return Law({rule: _changed(rule, one, wanted) for rule, one in law.parameters.items()})


def _changed(rule: str, parameters: Parameters, wanted: Mapping[tuple[str, str], Mapping[str, Decimal]]) -> Parameters:
    series = {
        name: replace(one, written=tuple(_put(row, wanted.get((rule, name), {})) for row in one.written))
        for name, one in parameters.series.items()
    }
    return replace(parameters, series=series)


def _change(law: Law, change: str) -> tuple[str, str, str, Decimal]:
    """Rule, series, figure and value of a change."""
    place, equals, written = change.rpartition("=")
    rule, _, rest = place.partition(".")
    series, _, figure = rest.rpartition(".")
    if not equals or not series:
        raise UnknownFigure(f"{change}: write rule.series.figure=value")
    if rule not in law.parameters:
        raise UnknownFigure(f"{change}: there is no file {rule}; there are {', '.join(sorted(law.parameters))}")
    known = law[rule].series
    if series not in known:
        raise UnknownFigure(f"{change}: {rule} has no series {series}; it has {', '.join(known)}")
    numbers = {name for row in known[series].rows for name, value in row.figures.items() if isinstance(value, Decimal)}
    if figure not in numbers:
        raise UnknownFigure(f"{change}: {series} has no number {figure}; it has {', '.join(sorted(numbers))}")
    try:
        value = Decimal(written.strip())
    except ArithmeticError:
        raise UnknownFigure(f"{change}: {written} is not a number") from None
    if not value.is_finite():
        raise UnknownFigure(f"{change}: {written} is not a number")
    return rule, series, figure, value


def _put(row: FigureRow, figures: Mapping[str, Decimal]) -> FigureRow:
    there = {name: value for name, value in figures.items() if name in row.figures}
    return replace(row, figures={**row.figures, **there}) if there else row
