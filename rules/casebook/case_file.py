"""Reads a file of cases as a jurist writes it, or reports every problem in it with its line."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from rules.casebook.case_keys import (
    CASE,
    DECISION,
    FILE,
    FINDING,
    HISTORY,
    LINE,
    NESTED,
    OCCUPATION,
    SHORT,
    WORK,
    keys_of,
)
from rules.catalogue import HISTORY_RULES
from rules.law.yaml_lines import Mapping, Problem, Sequence, read_placed

NAMES = {
    FILE: "a file of cases",
    CASE: "a case",
    HISTORY: "a case over several quarters",
    WORK: "the work of a quarter",
    LINE: "a line",
    OCCUPATION: "an occupation",
    DECISION: "a decision",
    FINDING: "an expected finding",
}
SUFFIXES = (".yaml", ".yml")


class WrongCases(ValueError):
    """A file of cases is invalid; the message lists every problem, one per line."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, sorted(problems))))
        self.problems = sorted(problems)


@dataclass(frozen=True, slots=True)
class WrittenCase:
    """A case as written: the rule, the content, and its file and line."""

    rule: str
    content: Mapping
    file: str
    line: int


@dataclass(slots=True)
class _Look:
    """Checks one file and collects every problem with its line, instead of stopping at the first."""

    file: str
    case: str = CASE
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, line: int, text: str) -> None:
        self.problems.append(Problem(self.file, line, text))

    def at(self, level: str, content: Any, line: int) -> None:
        """Check every key of a mapping, and the mappings in it."""
        if not isinstance(content, Mapping):
            self.wrong(line, f"{NAMES[level]} is a mapping of keys and values")
            return
        keys = keys_of(_levels(level, content))
        for name, value in content.items():
            key = keys.get(str(name))
            if key is None:
                self.wrong(content.at(name), f"{NAMES[level]} has no key `{name}` here; it has {_listed(keys)}")
            elif problem := key.check(value):
                self.wrong(content.at(name), f"`{name}`: {_shown(value)}{problem}")
        for key in keys.values():
            if key.required and key.name not in content:
                self.wrong(content.line, f"`{key.name}` is missing in {NAMES[level]}")
        for upper, name, lower in NESTED:
            inner = content.get(name) if upper in _levels(level, content) and name in keys else None
            if isinstance(inner, Sequence):
                for entry, place in zip(inner, inner.lines, strict=True):
                    self.at(self.case if lower == CASE else lower, entry, place)
        if level == WORK and ("quarter" in content) == ("quarters" in content):
            self.wrong(content.line, f"{NAMES[WORK]} has `quarter` or `quarters`, and not both")


def _levels(level: str, content: Mapping) -> list[str]:
    """The level, and the levels it includes because their list is omitted."""
    levels = [level]
    while levels[-1] in SHORT and SHORT[levels[-1]][1] not in content:
        levels.append(SHORT[levels[-1]][0])
    return levels


def _listed(keys: Any) -> str:
    return ", ".join(f"`{name}`" for name in keys)


def _shown(value: Any) -> str:
    return "" if isinstance(value, dict | list) else f"{value!s} "


def read_cases(text: str, file: str, rules: set[str]) -> list[WrittenCase]:
    """The cases in a text, about one of these rules.

    Raises WrongCases.
    """
    content, problems = read_placed(text, file)
    rule = content.get("rule") if isinstance(content, Mapping) else None
    look = _Look(file, HISTORY if isinstance(rule, str) and rule in HISTORY_RULES else CASE, list(problems))
    if content is not None or not problems:
        look.at(FILE, content, 1)
    if isinstance(rule, str) and rule not in rules:
        look.wrong(content.at("rule"), f"there is no rule {rule}; `kruispunt rules list` has their names")
    cases = content.get("cases") if isinstance(content, Mapping) else None
    if isinstance(cases, Sequence):
        _named_once(look, cases)
    if look.problems:
        raise WrongCases(look.problems)
    return [
        WrittenCase(str(rule), case, file, line) for case, line in zip(cases or (), content["cases"].lines, strict=True)
    ]


def _named_once(look: _Look, cases: Sequence) -> None:
    seen: dict[str, int] = {}
    for case in cases:
        if isinstance(case, Mapping) and isinstance(name := case.get("case"), str):
            if name in seen:
                look.wrong(case.at("case"), f"the case in line {seen[name]} has this name, too")
            seen.setdefault(name, case.at("case"))


def shipped_cases(rules: set[str]) -> Iterator[WrittenCase]:
    """The cases written for the rules, in order.

    Raises WrongCases.
    """
    for entry in sorted((files("rules") / "cases").iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(SUFFIXES):
            yield from read_cases(entry.read_text("utf-8"), entry.name, rules)


def cases_in(path: Path, rules: set[str]) -> list[WrittenCase]:
    """The cases in a file, or in every file of a folder and those below it.

    Raises WrongCases with every problem in all of them.
    """
    places = sorted(one for one in path.rglob("*") if one.suffix in SUFFIXES) if path.is_dir() else [path]
    cases: list[WrittenCase] = []
    problems: list[Problem] = []
    for place in places:
        try:
            cases += read_cases(place.read_text("utf-8"), str(place), rules)
        except UnicodeDecodeError:
            problems.append(Problem(str(place), 1, "this is not text in UTF-8"))
        except OSError as error:
            problems.append(Problem(str(place), 1, f"this cannot be read: {error.strerror}"))
        except WrongCases as error:
            problems += error.problems
    if not cases and not problems:
        problems.append(Problem(str(path), 1, "there is no file of cases here, named .yaml"))
    if problems:
        raise WrongCases(problems)
    return cases
