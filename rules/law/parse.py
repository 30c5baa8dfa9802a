"""Parses the dated figures beside a rule; refuses an invalid file and reports every problem in it."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from rules.law.dated_figures import Figure, FigureRow, Parameters, Series, SourceQuality
from rules.law.yaml_lines import Mapping, Problem, Sequence, read_placed

DAY = timedelta(days=1)
RESERVED = {"from", "to", "quality", "source", "unknown", "unit", "article"}
OF_THE_FILE = {"rule", "law", "names", "series"}
OF_A_SERIES = {"about", "unit", "ended", "values", "article"}
CODES = "codes"
"""The unit of a list of codes; it needs no other."""
TEXT = "a text"
RowPeriod = tuple[date, date | None]


class WrongParameters(ValueError):
    """A file of parameters is invalid; the message lists every problem, one per line."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, sorted(problems))))
        self.problems = sorted(problems)


def _figure(value: Any) -> Figure:
    return frozenset(map(str, value)) if isinstance(value, list) else Decimal(str(value))


class _Reader:
    """Parses one file and collects every problem with its line, instead of stopping at the first."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def wrong(self, line: int, text: str) -> None:
        self.problems.append(Problem(self.file, line, text))

    def read(self, text: str) -> Parameters | None:
        content, self.problems = read_placed(text, self.file)
        if content is None and self.problems:
            return None
        if not isinstance(content, Mapping) or not isinstance(content.get("series"), Mapping):
            self.wrong(getattr(content, "line", 1), "a file of parameters is a mapping with `rule`, `law` and `series`")
            return None
        for key in ("rule", "law"):
            if not str(content.get(key) or "").strip():
                self.wrong(content.line, f"`{key}` is missing")
        self._unknown_keys(content, OF_THE_FILE, "the file")
        series = {
            str(name): self._series(str(name), part, content.at(name)) for name, part in content["series"].items()
        }
        names = {str(language): str(name) for language, name in (content.get("names") or {}).items()}
        return Parameters(str(content.get("rule")), str(content.get("law")), series, names)

    def _unknown_keys(self, part: Mapping, known: set[str], whose: str) -> None:
        for key in part:
            if key not in known:
                self.wrong(part.at(key), f"{whose} has no key {key}; it has {', '.join(sorted(known))}")

    def _series(self, name: str, part: Any, line: int) -> Series:
        if not isinstance(part, Mapping) or not isinstance(part.get("values"), Sequence) or not part["values"]:
            self.wrong(line, f"{name}: no `values`")
            return Series(name, ())
        self._unknown_keys(part, OF_A_SERIES, name)
        rows = [self._row(name, part, *placed) for placed in zip(part["values"], part["values"].lines, strict=True)]
        self._units_of_nothing(name, part)
        sound = [row for row in rows if row]
        ended = part.get("ended")
        self._order(name, _periods(part["values"]), part["values"].lines, ended)
        return Series(name, tuple(sound), ended, " ".join(str(part.get("about") or "").split()))

    def _row(self, name: str, part: Mapping, entry: Any, line: int) -> FigureRow | None:
        if not isinstance(entry, Mapping):
            self.wrong(line, f"{name}: a row is a mapping with `from`, figures, `quality` and `source`")
            return None
        before = len(self.problems)
        place = f"{name}, from {entry.get('from')}"
        for key in ("from", "to"):
            if (key in entry or key == "from") and not _is_day(entry.get(key)):
                self.wrong(entry.at(key), f"{place}: `{key}` is not a day")
        if not str(entry.get("source") or "").strip():
            self.wrong(entry.at("source"), f"{place}: no source")
        article = entry.get("article", part.get("article", ""))
        if not isinstance(article, str) or ("article" in entry and not article.strip()):
            self.wrong(entry.at("article"), f"{place}: `article` is not a text")
        unknown = "unknown" in entry
        if entry.get("quality", SourceQuality.MEM if unknown else None) not in set(SourceQuality):
            self.wrong(entry.at("quality"), f"{place}: quality is not one of {', '.join(SourceQuality)}")
        figures = {str(key): value for key, value in entry.items() if key not in RESERVED}
        if unknown and (figures or not str(entry["unknown"] or "").strip()):
            self.wrong(entry.at("unknown"), f"{place}: `unknown` is a reason, and then there are no figures")
        if not unknown and not figures:
            self.wrong(line, f"{place}: no figure, and not said to be unknown")
        units = {key: self._unit(place, part, entry, key, value) for key, value in figures.items()}
        if len(self.problems) > before:
            return None
        return FigureRow(
            entry["from"],
            entry.get("to"),
            {key: _figure(value) for key, value in figures.items()},
            SourceQuality(entry.get("quality", SourceQuality.MEM)),
            str(entry["source"]),
            entry.get("unknown"),
            self.file,
            name,
            units,
            " ".join(str(article).split()),
        )

    def _unit(self, place: str, part: Mapping, entry: Mapping, figure: str, value: Any) -> str:
        if isinstance(value, list):
            if not value or not all(isinstance(code, str | int) for code in value):
                self.wrong(entry.at(figure), f"{place}: {figure} is a list of codes, and not an empty one")
            return CODES
        if isinstance(value, bool | float) or not isinstance(value, Decimal | int) or not Decimal(value).is_finite():
            self.wrong(entry.at(figure), f"{place}: {figure} is neither a number nor a list of codes")
            return ""
        for given in (entry.get("unit"), part.get("unit")):
            unit = given.get(figure) if isinstance(given, dict) else given
            if str(unit or "").strip():
                return str(unit)
        self.wrong(entry.at(figure), f"{place}: {figure} has no unit")
        return ""

    def _units_of_nothing(self, name: str, part: Mapping) -> None:
        given = part.get("unit")
        if isinstance(given, Mapping):
            figures = {str(key) for entry in part["values"] if isinstance(entry, dict) for key in entry}
            for figure in given:
                if figure not in figures:
                    self.wrong(given.at(figure), f"{name}: a unit is given for {figure}, which is no figure of it")

    def _order(self, name: str, periods: list[RowPeriod] | None, lines: list[int], ended: str | None) -> None:
        if periods is None:
            return
        for (start, end), line in zip(periods, lines, strict=True):
            if end is not None and end < start:
                self.wrong(line, f"{name}: the row from {start} ends before it begins")
        for ((before, end), (start, _)), line in zip(pairwise(periods), lines[1:], strict=True):
            if end is None or end >= start:
                self.wrong(line, f"{name}: the rows from {before} and {start} overlap")
            elif end + DAY != start:
                self.wrong(line, f"{name}: nothing is said about the days between {end} and {start}")
        last = periods[-1][1]
        if last is not None and not ended:
            self.wrong(lines[-1], f"{name}: ends on {last} and is not declared ended")


def _periods(values: Sequence) -> list[RowPeriod] | None:
    """First and last day of each row; None where one is not a day, which is reported elsewhere."""
    periods: list[Any] = [(entry.get("from"), entry.get("to")) for entry in values if isinstance(entry, Mapping)]
    sound = all(_is_day(start) and (end is None or _is_day(end)) for start, end in periods)
    return periods if sound and len(periods) == len(values) else None


def _is_day(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def parse(text: str, file: str = TEXT) -> Parameters:
    """The parameters in a YAML text.

    Raises WrongParameters with every problem and its line: duplicate keys, gaps, overlaps, no source, unit or label.
    """
    reader = _Reader(file)
    found = reader.read(text)
    if reader.problems or found is None:
        raise WrongParameters(reader.problems)
    return found
