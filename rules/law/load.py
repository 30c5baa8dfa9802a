"""Reads the law from YAML: the files beside the rules, or others in place of some of them."""

from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from rules.law.dated_figures import Parameters
from rules.law.law import Law
from rules.law.parse import WrongParameters, parse
from rules.law.yaml_lines import Problem

SUFFIX = ".yaml"


def catalogue() -> Traversable:
    """The folder with the rules and their parameters."""
    return files("rules") / "catalogue"


def parameter_files() -> list[str]:
    """The files of parameters beside the rules, without their suffix."""
    return sorted(entry.name.removesuffix(SUFFIX) for entry in catalogue().iterdir() if entry.name.endswith(SUFFIX))


def shipped_law() -> Law:
    """The law as it is shipped. Parsing takes a moment: read it once and pass it on.

    Raises WrongParameters with every problem of every file.
    """
    return Law(_parsed({name: (catalogue() / f"{name}{SUFFIX}").read_text("utf-8") for name in parameter_files()}))


def law_in_folder(path: Path, otherwise: Law) -> Law:
    """The law in a folder of YAML files; a file that is missing there is taken from `otherwise`.

    Raises WrongParameters with every problem of every file.
    """
    return law_in_texts({file.stem: file.read_text("utf-8") for file in sorted(path.glob(f"*{SUFFIX}"))}, otherwise)


def law_in_texts(texts: Mapping[str, str], otherwise: Law) -> Law:
    """The law in these texts, by the name of their file; a file that is missing is taken from `otherwise`.

    Raises WrongParameters with every problem of every file.
    """
    return Law({**otherwise.parameters, **_parsed(texts)})


def _parsed(texts: Mapping[str, str]) -> dict[str, Parameters]:
    parsed: dict[str, Parameters] = {}
    problems: list[Problem] = []
    for name, text in texts.items():
        try:
            parsed[name] = parse(text, f"{name}{SUFFIX}")
        except WrongParameters as error:
            problems += error.problems
    if problems:
        raise WrongParameters(problems)
    return parsed
