"""Every rule has one shape and one place, and no figure of the law is kept outside a law."""

from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import rules
from rules.catalogue import HISTORY_RULES, OVER_A_HISTORY, OVER_A_QUARTER, RULES, formula
from rules.law.dated_figures import FigureRow, Parameters, Series
from rules.law.law import Law, per_law
from tests.builders.law import LAW

CATALOGUE = Path(rules.__path__[0]) / "catalogue"
MODULES = sorted(module.name for module in walk_packages(rules.__path__, "rules."))
FIGURES = (Law, Parameters, Series, FigureRow)


def test_every_file_of_the_catalogue_is_a_rule_that_is_listed_under_its_name() -> None:
    files = {path.stem for path in CATALOGUE.glob("*.py")} - {"__init__"}
    assert files == {*OVER_A_QUARTER, *OVER_A_HISTORY}
    named = [
        *((name, rule.name) for name, rule in RULES.items()),
        *((name, rule.name) for name, rule in HISTORY_RULES.items()),
    ]
    assert sorted(named) == [(name, name) for name in sorted(files)]


@pytest.mark.parametrize("rule", [*RULES, *HISTORY_RULES])
def test_a_rule_has_figures_and_says_what_it_does(rule: str) -> None:
    assert LAW[rule].rule == rule
    assert len(formula(rule)) > len(rule)


@pytest.mark.parametrize("module", MODULES)
def test_no_module_of_the_rules_keeps_figures(module: str) -> None:
    kept = [name for name, value in vars(import_module(module)).items() if isinstance(value, FIGURES)]
    assert kept == []


def test_figures_are_computed_once_for_each_law_and_arguments() -> None:
    asked: list[tuple[Law, str]] = []

    @per_law
    def count(law: Law, name: str) -> int | None:
        asked.append((law, name))
        return None

    first, second = Law({}), Law({})
    for law, name in ((first, "a"), (first, "a"), (first, "b"), (second, "a"), (second, "a")):
        assert count(law, name) is None
    assert asked == [(first, "a"), (first, "b"), (second, "a")]
