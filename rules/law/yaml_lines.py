"""Reads YAML with exact decimals and the line of every key and entry, so that a problem can be located."""

from collections.abc import Hashable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import yaml
from yaml.composer import Composer

try:
    from yaml import CSafeLoader as FastestLoader
except ImportError:  # PyYAML was built where libyaml is missing
    from yaml import SafeLoader as FastestLoader  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong in a file of the law, and where."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class Mapping(dict[Hashable, Any]):
    """A mapping that knows its own line and that of each of its keys."""

    line = 1

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[Hashable, int] = {}

    def at(self, key: Hashable) -> int:
        """The line of a key; where the key is missing, the line of the mapping."""
        return self.lines.get(key, self.line)


class Sequence(list[Any]):
    """A list that knows the line of each of its entries."""

    line = 1

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


class _Loader(yaml.SafeLoader):
    """Loads YAML with exact decimals and notes duplicate keys."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.doubled: list[tuple[int, str]] = []


class _FastLoader(Composer, FastestLoader):
    """Loads the same about five times as fast; what it says of text that is not YAML depends on libyaml's version.

    Python's own composer, because that of libyaml overflows the stack where a text is nested deeply.
    """

    def __init__(self, text: str) -> None:
        FastestLoader.__init__(self, text)
        Composer.__init__(self)
        self.doubled: list[tuple[int, str]] = []


_AnyLoader = _Loader | _FastLoader


def _mapping(loader: _AnyLoader, node: yaml.MappingNode) -> Mapping:
    found = Mapping()
    found.line = node.start_mark.line + 1
    for key_node, value_node in node.value:
        key, line = loader.construct_object(key_node), key_node.start_mark.line + 1
        if not isinstance(key, Hashable):
            raise yaml.MarkedYAMLError(problem="a key is a word or a number", problem_mark=key_node.start_mark)
        if key in found:
            loader.doubled.append((line, f"the key {key} stands twice"))
        found[key] = loader.construct_object(value_node, deep=True)
        found.lines[key] = line
    return found


def _sequence(loader: _AnyLoader, node: yaml.SequenceNode) -> Sequence:
    found = Sequence()
    found.line = node.start_mark.line + 1
    for child in node.value:
        found.append(loader.construct_object(child, deep=True))
        found.lines.append(child.start_mark.line + 1)
    return found


def _decimal(_loader: _AnyLoader, node: yaml.ScalarNode) -> Decimal | str:
    """An exact number; what only YAML takes for a number, e.g. .nan, stays text."""
    try:
        return Decimal(node.value)
    except ArithmeticError:
        return str(node.value)


for kind in (_Loader, _FastLoader):
    kind.add_constructor("tag:yaml.org,2002:map", _mapping)
    kind.add_constructor("tag:yaml.org,2002:seq", _sequence)
    kind.add_constructor("tag:yaml.org,2002:float", _decimal)
    # Without booleans: the quality OFF is a word, not false.
    kind.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _load(text: str) -> tuple[Any, list[tuple[int, str]]]:
    """The content of a YAML text, and its duplicate keys."""
    try:
        loader: _AnyLoader = _FastLoader(text)
        content = loader.get_single_data()
    except (yaml.YAMLError, ValueError, ArithmeticError, RecursionError):
        # It is read again for the sake of the message, which is the same everywhere.
        loader = _Loader(text)
        content = loader.get_single_data()
    return content, loader.doubled


def read_placed(text: str, file: str) -> tuple[Any, list[Problem]]:
    """The content of a YAML text and its problems: duplicate keys, or why it is not YAML and has no content (None)."""
    try:
        content, doubled = _load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return None, [
            Problem(file, mark.line + 1 if mark else 1, f"this is not YAML: {error.problem or error.context}")
        ]
    except RecursionError:
        return None, [Problem(file, 1, "this is nested too deeply")]
    except (yaml.YAMLError, ValueError, ArithmeticError) as error:
        return None, [Problem(file, 1, f"this is not YAML: {str(error).splitlines()[0]}")]
    return content, [Problem(file, line, text) for line, text in doubled]
