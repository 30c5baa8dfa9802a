"""Gives each rule the dated figures of the law: those beside the rules, or others while a question asks for them."""

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from rules.law.dated_figures import Parameters
from rules.law.parse import TEXT, WrongParameters, parse
from rules.law.yaml_lines import Problem, read_placed


def read_yaml(text: str, file: str = TEXT) -> Any:
    """The content of a YAML text; numbers with a point are exact.

    Raises WrongParameters for a key that stands twice, and for what is no YAML.
    """
    content, problems = read_placed(text, file)
    if problems:
        raise WrongParameters(problems)
    return content


def catalogue() -> Traversable:
    """The folder with the rules and their parameters."""
    return files("rules") / "catalogue"


def known() -> list[str]:
    """The files of parameters beside the rules, without their ending."""
    return sorted(entry.name.removesuffix(".yaml") for entry in catalogue().iterdir() if entry.name.endswith(".yaml"))


_read: dict[str, Parameters] = {}


def shipped(name: str) -> Parameters:
    """The parameters beside a rule, read once.

    Raises WrongParameters.
    """
    if name not in _read:
        found = parse((catalogue() / f"{name}.yaml").read_text("utf-8"), f"{name}.yaml")
        if found.rule != name:
            raise WrongParameters([Problem(f"{name}.yaml", 1, f"the rule is called {found.rule}, the file {name}")])
        _read[name] = found
    return _read[name]


_source: list[Callable[[str], Parameters]] = [shipped]


def in_force() -> Callable[[str], Parameters]:
    """Where the figures are taken from; `rules.law.sources.using` changes it for a while."""
    return _source[0]


def put_in_force(source: Callable[[str], Parameters]) -> None:
    """Take the figures from elsewhere; call it through `rules.law.sources.using`: the rules then forget the old."""
    _source[0] = source


@cache
def load(rule: str) -> Parameters:
    """The parameters of a rule, from the source in force.

    Raises WrongParameters.
    """
    return _source[0](rule)
