"""Parses the dated figures beside a rule; refuses an invalid file and reports every problem in it."""

from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, TypeGuard

from rules.law.dated_figures import DAY, Figure, FigureRow, Parameters, Series, SourceQuality, Span
from rules.law.yaml_lines import Mapping, Problem, Sequence, read_placed

RESERVED = {"from", "to", "quality", "source", "unknown", "unit", "article", "known", "published"}
OF_THE_FILE = {"rule", "law", "names", "known", "unseen", "series"}
OF_A_SERIES = {"about", "unit", "ended", "values", "article"}
CODES = "codes"
"""The unit of a list of codes; it needs no other."""
TEXT = "a text"


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
        self.known = date.min

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
        if _is_day(content.get("known")):
            self.known = content["known"]
        else:
            self.wrong(
                content.at("known"), "`known` is not a day: the one since which the figures of the file are known"
            )
        series = {
            str(name): self._series(str(name), part, content.at(name)) for name, part in content["series"].items()
        }
        names = {str(language): str(name) for language, name in (content.get("names") or {}).items()}
        unseen = " ".join(str(content.get("unseen") or "").split())
        return Parameters(str(content.get("rule")), str(content.get("law")), series, names, unseen)

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
        sound = tuple(row for row in rows if row)
        series = Series(name, sound, part.get("ended"), " ".join(str(part.get("about") or "").split()))
        lines = part["values"].lines
        dated = [self._dated(entry) for entry in part["values"]]
        if (days := tuple(row for row in dated if row)) and len(days) == len(dated):
            self._order(Series(name, days, part.get("ended")), lines)
        if len(sound) == len(rows):
            self._corrections(series, lines)
        return series

    def _dated(self, entry: Any) -> FigureRow | None:
        """The days of a row alone, also where something else in it is wrong; None where one is not a day."""
        if not isinstance(entry, Mapping):
            return None
        start, end, known = entry.get("from"), entry.get("to"), entry.get("known", self.known)
        if not (_is_day(start) and _is_day(known) and (end is None or _is_day(end))):
            return None
        return FigureRow(start, end, {}, SourceQuality.MEM, "", known=known)

    def _row(self, name: str, part: Mapping, entry: Any, line: int) -> FigureRow | None:
        if not isinstance(entry, Mapping):
            self.wrong(line, f"{name}: a row is a mapping with `from`, figures, `quality` and `source`")
            return None
        before = len(self.problems)
        place = f"{name}, from {entry.get('from')}"
        for key in ("from", "to", "known", "published"):
            if (key in entry or key == "from") and not _is_day(entry.get(key)):
                self.wrong(entry.at(key), f"{place}: `{key}` is not a day")
        known, published = entry.get("known", self.known), entry.get("published")
        if _is_day(known) and _is_day(published) and published > known:
            self.wrong(entry.at("published"), f"{place}: known since {known}, before it was published on {published}")
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
            known,
            published,
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

    def _order(self, series: Series, lines: list[int]) -> None:
        """Rows follow each other in knowledge, and those known since one day in days; together they leave no gap."""
        name, before = series.name, len(self.problems)
        placed = list(zip(series.written, lines, strict=True))
        for row, line in placed:
            if row.end is not None and row.end < row.start:
                self.wrong(line, f"{name}: the row from {row.start} ends before it begins")
        for (earlier, _), (row, line) in pairwise(placed):
            if row.known < earlier.known:
                self.wrong(line, f"{name}: known since {row.known}, after a row known since {earlier.known}; add below")
            elif row.known == earlier.known and (earlier.end is None or earlier.end >= row.start):
                self.wrong(line, f"{name}: the rows from {earlier.start} and {row.start} overlap")
        if len(self.problems) > before:
            return
        line_of = {id(row): line for row, line in placed}
        for (_, end, _), span in pairwise(series.timeline):
            if end is not None and end + DAY != span.start:
                gap = f"nothing is said about the days between {end} and {span.start}"
                self.wrong(line_of[id(span.row)], f"{name}: {gap}")
        last = series.timeline[-1]
        if last.end is not None and not series.ended:
            self.wrong(line_of[id(last.row)], f"{name}: ends on {last.end} and is not declared ended")

    def _corrections(self, series: Series, lines: list[int]) -> None:
        """A row that says again what is known already hides a slip."""
        first = series.written[0].known
        for number, (row, line) in enumerate(zip(series.written, lines, strict=True)):
            if row.known == first:
                continue
            known = Series(series.name, series.written[:number])
            if any(span.row.says == row.says and _within(row, span) for span in known.timeline):
                self.wrong(line, f"{series.name}: the row from {row.start} corrects nothing, the same is known already")


def _within(row: FigureRow, span: Span) -> bool:
    return span.start <= row.start and (span.end is None or (row.end is not None and row.end <= span.end))


def _is_day(value: Any) -> TypeGuard[date]:
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
