"""Lets every rule read other figures for as long as a question lasts, at no cost to the loop that decides.

What the rules keep at hand is made from the figures once and forgotten when the source changes.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType

from rules.law import parameters
from rules.law.dated_figures import Parameters, Row, Series
from rules.law.parameters import shipped
from rules.law.parse import WrongParameters, parse
from rules.law.yaml_lines import Problem

Source = Callable[[str], Parameters]


@contextmanager
def using(source: Source) -> Iterator[None]:
    """Let the rules read `source` until the block ends. One thread at a time: it holds for the whole program."""
    before = parameters.in_force()
    parameters.put_in_force(source)
    forget()
    try:
        yield
    finally:
        parameters.put_in_force(before)
        forget()


def forget() -> None:
    """Let the rules take their figures anew: everything they keep at hand is dropped."""
    for name, module in list(sys.modules.items()):
        if name == "rules" or name.startswith("rules."):
            for kept in list(vars(module).values()):
                if callable(getattr(kept, "cache_clear", None)):
                    kept.cache_clear()


def folder(path: Path) -> Source:
    """The figures in a folder of YAML files; a file that is not there is the one shipped.

    Raises WrongParameters with what is wrong in all of them.
    """
    return given({file.stem: file.read_text("utf-8") for file in sorted(path.glob("*.yaml"))})


def given(texts: Mapping[str, str]) -> Source:
    """The figures in these texts, by the name of their file; a file that is not among them is the one shipped.

    Raises WrongParameters with what is wrong in all of them.
    """
    found: dict[str, Parameters] = {}
    problems: list[Problem] = []
    for name, text in texts.items():
        try:
            found[name] = parse(text, f"{name}.yaml")
        except WrongParameters as error:
            problems += error.problems
    if problems:
        raise WrongParameters(problems)
    return lambda name: found[name] if name in found else shipped(name)


def recording(source: Source, seen: set[Row]) -> Source:
    """The same figures; every row that is asked for is added to `seen`."""

    class Watched(Series):
        def at(self, day: date) -> Row:
            row = Series.at(self, day)
            seen.add(row)
            return row

    @cache
    def watched(name: str) -> Parameters:
        whole = source(name)
        series = {key: Watched(one.name, one.rows, one.ended, one.about) for key, one in whole.series.items()}
        return Parameters(whole.rule, whole.law, MappingProxyType(series), whole.names)

    return watched


def frozen_on(day: date, source: Source) -> Source:
    """The law of one day for every day: what held on `day` is taken to have held always."""

    @cache
    def of_that_day(name: str) -> Parameters:
        whole = source(name)
        series = {key: _Standing(one.name, one.rows, one.ended, one.about, day) for key, one in whole.series.items()}
        return Parameters(whole.rule, whole.law, MappingProxyType(series), whole.names)

    return of_that_day


@dataclass(frozen=True, slots=True)
class _Standing(Series):
    """A series in which every day is one and the same."""

    day: date = date.min

    def at(self, day: date) -> Row:  # noqa: ARG002 - any day is that day
        """The row in force on the one day.

        Raises NoLaw.
        """
        return Series.at(self, self.day)


class UnknownFigure(ValueError):
    """A change names a figure that is not there, or no number; all of them are in the message, one a line."""


def with_figures(source: Source, changes: Sequence[str]) -> Source:
    """The same figures but for some, each as `rule.series.figure=value`, in every row that has the figure.

    Raises UnknownFigure.
    """
    wanted: dict[tuple[str, str], dict[str, Decimal]] = {}
    problems = []
    for change in changes:
        try:
            rule, name, figure, value = _change(source, change)
            wanted.setdefault((rule, name), {})[figure] = value
        except UnknownFigure as error:
            problems.append(str(error))
    if problems:
        raise UnknownFigure("\n".join(problems))

    @cache
    def changed(rule: str) -> Parameters:
        whole = source(rule)
        series = {
            name: replace(one, rows=tuple(_put(row, wanted[rule, name]) for row in one.rows))
            if (rule, name) in wanted
            else one
            for name, one in whole.series.items()
        }
        return replace(whole, series=series)

    return changed


def _change(source: Source, change: str) -> tuple[str, str, str, Decimal]:
    """Rule, series, figure and value of a change."""
    place, equals, written = change.rpartition("=")
    rule, _, rest = place.partition(".")
    series, _, figure = rest.rpartition(".")
    if not equals or not series:
        raise UnknownFigure(f"{change}: write rule.series.figure=value")
    if rule not in parameters.known():
        raise UnknownFigure(f"{change}: there is no file {rule}; there are {', '.join(parameters.known())}")
    known = source(rule).series
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


def _put(row: Row, figures: Mapping[str, Decimal]) -> Row:
    there = {name: value for name, value in figures.items() if name in row.figures}
    return replace(row, figures={**row.figures, **there}) if there else row
