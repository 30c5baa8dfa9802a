"""The law as we have it, shown to whoever asks: names, formula, and the figures of a day with their sources."""

import json
from typing import Any

import pytest

from kruispunt.cli import app
from rules.catalogue import HISTORY_RULES, RULES
from rules.law.load import parameter_files
from tests.builders.command_line import CliRunner
from tests.builders.law import LAW

EVERY = {*RULES, *HISTORY_RULES}


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["rules", *arguments])


def shown(rule: str, on: str) -> Any:
    return json.loads(run("show", rule, "--on", on, "--json").stdout)


def test_every_rule_is_listed_with_its_law_its_cases_and_a_name_in_four_languages() -> None:
    rules = {one["rule"]: one for one in json.loads(run("list", "--json").stdout)}
    assert set(rules) == {*EVERY, *parameter_files()}
    for rule, one in rules.items():
        assert set(one["names"]) == {"nl", "fr", "de", "en"}
        assert len(set(one["names"].values())) > 1, f"{rule} has no names of its own"
        assert one["law"] == LAW[rule].statute
        assert bool(one["cases"]) == (rule in EVERY)
    assert rules["work_bonus"]["names"]["nl"] == "Werkbonus"


@pytest.mark.parametrize("rule", sorted(EVERY))
def test_every_rule_states_its_formula(rule: str) -> None:
    first, _, more = shown(rule, "2026-07-15")["formula"].partition("\n\n")
    assert first.endswith(".")
    assert len(more) > 40


def test_a_figure_is_shown_with_unit_label_period_and_source() -> None:
    (first, *_) = shown("structural_reduction", "2026-07-15")["series"]
    assert {"figure": "S0", "value": "11687.74", "unit": "EUR a quarter"} in first["figures"]
    assert (first["series"], first["label"], first["from"], first["until"]) == (
        "category 1",
        "REPO",
        "2026-07-01",
        "2026-09-30",
    )
    assert first["source"] == "Two public sources that cite the NSSO instruction 2026/3"


def test_the_day_decides_which_figure_is_shown() -> None:
    before, after = (shown("structural-reduction", day)["series"][0]["figures"] for day in ("2025-06-30", "2025-07-01"))
    assert {"figure": "gamma", "value": "0.21", "unit": "factor"} in before
    assert {"figure": "gamma", "value": "0.15", "unit": "factor"} in after


def test_a_day_without_law_is_shown_as_such_with_the_reason() -> None:
    series = {one["series"]: one for one in shown("work_bonus", "2022-03-01")["series"]}
    unknown = series["single formula"]
    assert (unknown["law"], unknown["figures"]) == (False, [])
    assert unknown["reason"] == "whether the index step of 01/03/2022 moved the figures of January 2022 was not found"
    assert "no law on that day: the first known figures begin on 2024-04-01" in run(
        "show", "work_bonus", "--on", "2022-03-01"
    ).output.replace("\n", " ")


def test_a_rule_names_the_shared_figures_it_reads() -> None:
    assert shown("structural_reduction", "2026-07-15")["reads"] == ["deductions", "subjection"]
    assert shown("subjection", "2026-07-15")["formula"] == ""


def test_a_rule_that_is_not_there_is_an_answer_of_no_with_the_names_there_are() -> None:
    answer = run("show", "nothing")
    assert answer.exit_code == 1
    assert "structural_reduction" in answer.output
