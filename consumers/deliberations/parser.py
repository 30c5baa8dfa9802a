"""Parses deliberations from YAML; when one is wrong, all are refused and every fault is reported with its line."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import combinations
from typing import Any

import yaml
from pydantic import ValidationError

from backbone.errors import Stop
from consumers.deliberations.model import Deliberation, contradictions

SHIPPED = files("consumers") / "deliberations"


class _Once(yaml.SafeLoader):
    """YAML in which duplicate keys are an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            problem = f"key {', '.join(map(str, twice))} is given twice"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


@dataclass(frozen=True)
class _Text:
    """A file, and the line of each of its keys."""

    name: str
    root: yaml.Node | None
    text: str = ""

    def location(self, *path: Any) -> str:
        """File, line and key of what a path leads to, as far as the file has it."""
        node, line = self.root, 1
        for step in path:
            node, line = _below(node, step, line)
        key = ".".join(map(str, path))
        return f"{self.name}:{line}: {key}: " if key else f"{self.name}:{line}: "


def _below(node: yaml.Node | None, step: Any, line: int) -> tuple[yaml.Node | None, int]:
    """The node one step further down and its line; for a missing one, the line of its parent."""
    match node:
        case yaml.MappingNode(value=pairs):
            for key, value in pairs:
                if key.value == step:
                    return value, key.start_mark.line + 1
        case yaml.SequenceNode(value=items) if isinstance(step, int) and step < len(items):
            return items[step], items[step].start_mark.line + 1
    return None, line


def _read(name: str, text: str, faults: list[str]) -> tuple[_Text, Deliberation] | None:
    file, written = _Text(name, None), None
    try:
        file = _Text(name, yaml.compose(text, Loader=_Once), text)
        written = yaml.load(text, Loader=_Once)  # noqa: S506 - a SafeLoader
        return file, Deliberation.model_validate(written)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        faults.append(f"{name}:{line}: {error.problem}")
    except yaml.YAMLError as error:
        faults.append(f"{name}:1: {' '.join(str(error).split())}")
    except ValidationError as error:
        for problem in error.errors():
            message = problem["msg"].removeprefix("Value error, ")
            faults += [f"{file.location(*problem['loc'])}{part}" for part in message.split("; ")]
        # The whole is only looked at where each value is sound in itself: here not all are.
        if isinstance(written, dict) and all(problem["loc"] for problem in error.errors()):
            faults += [f"{file.location()}{fault}" for fault in contradictions(written)]
    return None


def _overlaps(read_so_far: Iterable[tuple[_Text, Deliberation]]) -> Iterator[str]:
    for (file, first), (other, second) in combinations(read_so_far, 2):
        if first.number != second.number:
            continue
        if first.recipient != second.recipient:
            yield f"{other.location('recipient')}{second.number} belongs to {first.recipient} in {file.name}"
        elif first.version == second.version:
            yield f"{other.location('version')}{second.id} is also in {file.name}"
        elif max(first.since, second.since) <= min(first.until or date.max, second.until or date.max):
            yield f"{other.location('from')}{second.id} overlaps {first.id} in {file.name}"


def _changes(file: _Text, new: Deliberation, kept: Deliberation, today: date) -> Iterator[str]:
    """What a version that is kept would lose by being loaded again otherwise."""
    if new == kept:
        return
    if new.model_copy(update={"until": kept.until}) != kept:
        yield f"{file.location()}{new.id} is kept and never changes; give it another version"
    elif new.until is None or new.until < today:
        yield f"{file.location('until')}{new.id} can end on {today} or later only: what has been in force stays so"


def examine(
    texts: Iterable[tuple[str, str]],
    kept: Mapping[str, Deliberation],
    today: date,
    withdrawn: Container[str] = (),
) -> tuple[list[tuple[str, Deliberation]], list[str]]:
    """What (file name, YAML) pairs bring beside what is `kept` by id: (text, deliberation) pairs, and every fault.

    Withdrawn versions do not conflict with anything.
    """
    faults: list[str] = []
    named = [parsed for name, text in texts if (parsed := _read(name, text, faults))]
    for file, deliberation in named:
        if deliberation.id in kept:
            faults += _changes(file, deliberation, kept[deliberation.id], today)
    brought = {deliberation.id for _, deliberation in named}
    others = [(_Text(f"what is kept as {deliberation.id}", None), deliberation) for deliberation in kept.values()]
    others = [
        (file, deliberation)
        for file, deliberation in others
        if deliberation.id not in brought and deliberation.id not in withdrawn
    ]
    faults += _overlaps([*others, *named])
    return [(file.text, deliberation) for file, deliberation in named], faults


def read(texts: Iterable[tuple[str, str]]) -> tuple[Deliberation, ...]:
    """The deliberations in these (file name, YAML) pairs, ordered by recipient, number and version.

    Raises Stop with every fault: file, line, key, what is wrong.
    """
    parsed, faults = examine(texts, {}, date.min)
    if faults:
        raise Stop("Wrong deliberations:\n" + "\n".join(faults), "Correct them; until then nothing is exchanged.")
    return ordered(deliberation for _, deliberation in parsed)


def ordered(deliberations: Iterable[Deliberation]) -> tuple[Deliberation, ...]:
    """By recipient, number and version."""
    return tuple(
        sorted(
            deliberations, key=lambda deliberation: (deliberation.recipient, deliberation.number, deliberation.version)
        )
    )


def parse(text: str) -> Deliberation:
    """A deliberation that was examined before."""
    return Deliberation.model_validate(yaml.load(text, Loader=_Once))  # noqa: S506 - a SafeLoader


def stored(folder: Traversable) -> Iterator[tuple[str, str]]:
    """The (file name, YAML) pairs of a folder."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".yaml"):
            yield entry.name, entry.read_text("utf-8")


@cache
def load() -> tuple[Deliberation, ...]:
    """The deliberations this version ships: those a new installation begins with."""
    return read(stored(SHIPPED))
