"""Reads the deliberations beside this file, and refuses them all, with every fault named, when one of them is wrong."""

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import combinations
from typing import Any

import yaml
from pydantic import ValidationError

from backbone.errors import Stop
from consumers.deliberations.model import Deliberation


class _Once(yaml.SafeLoader):
    """YAML in which a key may stand only once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.MarkedYAMLError(problem=f"key {', '.join(map(str, twice))} stands twice")
        return super().construct_mapping(node, deep)


def _read(name: str, text: str, faults: list[str]) -> Deliberation | None:
    try:
        return Deliberation.model_validate(yaml.load(text, Loader=_Once))  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        faults.append(f"{name}: {' '.join(str(error).split())}")
    except ValidationError as error:
        for problem in error.errors():
            key = ".".join(str(part) for part in problem["loc"])
            faults.append(f"{name}: {key + ': ' if key else ''}{problem['msg'].removeprefix('Value error, ')}")
    return None


def _overlaps(named: Iterable[tuple[str, Deliberation]]) -> Iterator[str]:
    for (name, one), (other, two) in combinations(named, 2):
        if one.number != two.number:
            continue
        if one.recipient != two.recipient:
            yield f"{other}: recipient: {two.number} belongs to {one.recipient} in {name}"
        elif one.version == two.version:
            yield f"{other}: version: {two.id} stands in {name}, too"
        elif (one.until is None or two.since <= one.until) and (two.until is None or one.since <= two.until):
            yield f"{other}: from: {two.id} overlaps {one.id} in {name}"


def read(texts: Iterable[tuple[str, str]]) -> tuple[Deliberation, ...]:
    """The deliberations in these (file name, YAML) pairs, ordered by recipient, number and version.

    Raises Stop with every fault: file, key, what is wrong.
    """
    faults: list[str] = []
    named = [(name, found) for name, text in texts if (found := _read(name, text, faults))]
    faults += _overlaps(named)
    if faults:
        raise Stop("Wrong deliberations:\n" + "\n".join(faults), "Correct them; until then nothing is exchanged.")
    return tuple(sorted((one for _, one in named), key=lambda one: (one.recipient, one.number, one.version)))


def _stored(folder: Traversable) -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".yaml"):
            yield entry.name, entry.read_text("utf-8")


@cache
def load() -> tuple[Deliberation, ...]:
    """The deliberations of this installation."""
    return read(_stored(files("consumers") / "deliberations"))
