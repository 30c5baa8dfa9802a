"""Reads the dated figures beside a rule, and refuses a file that cannot be trusted with all that is wrong in it."""

from collections.abc import Hashable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise
from typing import Any

import yaml

from rules.dated import Figure, Parameters, Quality, Row, Series

DAY = timedelta(days=1)
RESERVED = {"from", "to", "quality", "source", "unknown"}


class WrongParameters(ValueError):
    """A file of parameters cannot be trusted; all that is wrong with it is in the message."""


class _Loader(yaml.SafeLoader):
    """YAML with exact decimals, in which a key stands once."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    found: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node)
        if key in found:
            raise WrongParameters(f"line {key_node.start_mark.line + 1}: the key {key} stands twice")
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
"""Without booleans: the quality OFF is a word, not a no."""
_Loader.add_constructor("tag:yaml.org,2002:float", lambda _loader, node: Decimal(node.value))


def read_yaml(text: str) -> Any:
    """The content of a YAML text; numbers with a point are exact.

    Raises WrongParameters for a key that stands twice.
    """
    return yaml.load(text, _Loader)  # noqa: S506 - derived from SafeLoader


def _figure(value: Any) -> Figure:
    return frozenset(map(str, value)) if isinstance(value, list) else Decimal(str(value))


def _row(entry: Mapping[str, Any]) -> Row:
    figures = {name: _figure(value) for name, value in entry.items() if name not in RESERVED}
    return Row(
        entry["from"],
        entry.get("to"),
        figures,
        Quality(entry.get("quality", Quality.MEM)),
        str(entry["source"]),
        entry.get("unknown"),
    )


def _entry_problems(place: str, entry: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(entry.get("from"), date):
        yield f"{place}: `from` is not a day"
    if not str(entry.get("source") or "").strip():
        yield f"{place}: no source"
    if "unknown" not in entry and entry.get("quality") not in set(Quality):
        yield f"{place}: quality is not one of {', '.join(Quality)}"
    if "unknown" not in entry and not set(entry) - RESERVED:
        yield f"{place}: no figure, and not said to be unknown"


def _order_problems(name: str, rows: tuple[Row, ...], ended: str | None) -> Iterator[str]:
    for before, after in pairwise(rows):
        if before.end is None or before.end >= after.start:
            yield f"{name}: the rows from {before.start} and {after.start} overlap"
        elif before.end + DAY != after.start:
            yield f"{name}: nothing is said about the days between {before.end} and {after.start}"
    for row in rows:
        if row.end is not None and row.end < row.start:
            yield f"{name}: the row from {row.start} ends before it begins"
    if rows and rows[-1].end is not None and not ended:
        yield f"{name}: ends on {rows[-1].end} and is not declared ended"


def parse(text: str) -> Parameters:
    """The parameters in a YAML text.

    Raises WrongParameters with every problem: doubled keys, gaps, overlaps, missing sources.
    """
    content = read_yaml(text)
    problems: list[str] = []
    series = {}
    for name, part in content["series"].items():
        wrong = [
            problem
            for entry in part["values"]
            for problem in _entry_problems(f"{name}, from {entry.get('from')}", entry)
        ]
        problems += wrong
        if wrong:
            continue
        rows = tuple(_row(entry) for entry in part["values"])
        problems += _order_problems(name, rows, part.get("ended"))
        series[name] = Series(name, rows, part.get("ended"))
    if problems:
        raise WrongParameters("; ".join(problems))
    return Parameters(content["rule"], content["law"], series)


def catalogue() -> Traversable:
    """The folder with the rules and their parameters."""
    return files("rules") / "catalogue"


@cache
def load(rule: str) -> Parameters:
    """The parameters beside a rule.

    Raises WrongParameters.
    """
    return parse((catalogue() / f"{rule}.yaml").read_text("utf-8"))
