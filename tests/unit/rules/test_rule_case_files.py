"""A file of cases as jurists write it: what is wrong in it is told at once, and what came out otherwise is shown."""

import json
from pathlib import Path
from typing import Any

import pytest

from rules.casebook.case_events import Example, quarter_example
from rules.casebook.case_file import WrongCases, cases_in, read_cases, shipped_cases
from rules.casebook.trial import CaseDifference, attempt, written
from rules.catalogue import HISTORY_RULES, RULES
from rules.findings.finding import Finding
from rules.findings.rule import QuarterRule
from tests.builders.command_line import CliRunner
from tests.builders.law import LAW

EVERY = {*RULES, *HISTORY_RULES}
GOOD = """\
rule: structural_reduction
cases:
  - case: One day more than thirteen weeks
    quarter: 2026Q3
    wage: {1: 6771.00}
    days: {1: 66}
    expect: [{amount: 1203.71, certainty: likely, deduction_code: "3000", steps: {W: 6771, R: 1203.71}}]
"""
WRONG = """\
rule: structural_reductio
cases:
  - case: One
    quarter: 2026Q5
    wage: {1: -3}
    days: {1: 66.123}
    salary: 3
    person: "1"
    expect: [{amount: [], certainty: sure, side: both, colour: red, steps: 3}]
  - case: One
    quarter: 2026Q3
    contract: [3]
    lines: [{occupations: [{from: yesterday, contract: [3], hours: 7, wage: {a: 1}}]}]
    decisions: [{kind: x}]
    expect: none
  - 3
"""
TOLD = """\
my.yaml:1: there is no rule structural_reductio; `kruispunt rules list` has their names
my.yaml:4: `quarter`: 2026Q5 is not a quarter, as 2026Q3
my.yaml:5: `wage`: under code 1: -3 is not a number of 0 or more
my.yaml:6: `days`: under code 1: 66.123 has more than two decimals
my.yaml:7: a case has no key `salary` here
my.yaml:8: `person`: 1 is not a national number
my.yaml:9: `amount`: is neither text nor number
my.yaml:9: `certainty`: sure is not one of certain, likely, to check, undetermined
my.yaml:9: `side`: both is neither employer nor citizen
my.yaml:9: `steps`: 3 is not a mapping
my.yaml:9: an expected finding has no key `colour` here
my.yaml:10: the case in line 3 has this name, too
my.yaml:12: a case has no key `contract` here
my.yaml:13: `contract`: is not two numbers
my.yaml:13: `from`: yesterday is not a day
my.yaml:13: `hours`: 7 is not a mapping from code to number
my.yaml:13: `wage`: a is not a code of digits
my.yaml:14: `from` is missing in a decision
my.yaml:15: `expect`: none is not a list
my.yaml:16: a case is a mapping of keys and values"""


def only(text: str) -> Example:
    (written,) = read_cases(text, "my.yaml", EVERY)
    return quarter_example(written)


def told(text: str) -> list[str]:
    with pytest.raises(WrongCases) as refused:
        read_cases(text, "my.yaml", EVERY)
    return str(refused.value).splitlines()


def run(*arguments: str) -> Any:
    from kruispunt.cli import app

    return CliRunner().invoke(app, ["rules", "test", *arguments])


def test_everything_wrong_in_a_file_of_cases_is_told_at_once_with_its_line() -> None:
    lines = told(WRONG)
    assert [line[: len(wanted)] for line, wanted in zip(lines, TOLD.splitlines(), strict=True)] == TOLD.splitlines()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "my.yaml:1: a file of cases is a mapping"),
        ("cases: {", "my.yaml:1: this is not YAML"),
        ("cases: [1, 2\n", "my.yaml:2: this is not YAML: expected ',' or ']', but got '<stream end>'"),
        ("cases: " + "[" * 5_000 + "]" * 5_000, "my.yaml:1: this is nested too deeply"),
        ("rule: work_bonus", "my.yaml:1: `cases` is missing in a file of cases"),
        (GOOD.replace("    days:", "    quarter: 2026Q2\n    days:"), "my.yaml:6: the key quarter stands twice"),
    ],
)
def test_what_is_no_file_of_cases_is_refused(text: str, problem: str) -> None:
    assert told(text)[0].startswith(problem)


def test_a_case_that_comes_out_as_written_passes() -> None:
    assert attempt(only(GOOD), LAW).passed


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ("amount: 1203.71", "amount: 1203.72", CaseDifference(1, "amount", "1203.72", "1203.71")),
        ("amount: 1203.71", "amount: null", CaseDifference(1, "amount", "nothing", "1203.71")),
        ("certainty: likely", "certainty: certain", CaseDifference(1, "certainty", "certain", "likely")),
        ('"3000"', "null", CaseDifference(1, "deduction_code", "nothing", "3000")),
        ("R: 1203.71", "R: 1203.7", CaseDifference(1, "R", "1203.7", "1203.71")),
        ("R: 1203.71", "Q: 1", CaseDifference(1, "Q", "1", "nothing")),
        ("[{amount", "[{}, {amount", CaseDifference(0, "findings", "2", "1")),
    ],
)
def test_what_came_out_otherwise_is_told_figure_by_figure(old: str, new: str, difference: CaseDifference) -> None:
    assert attempt(only(GOOD.replace(old, new)), LAW).differences == (difference,)


def test_a_rule_that_raises_is_a_difference_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> list[Finding]:
        raise ZeroDivisionError("no days")

    monkeypatch.setitem(RULES, "structural_reduction", QuarterRule("structural_reduction", find=broken))
    (difference,) = attempt(only(GOOD), LAW).differences
    assert difference.got == "the rule raised ZeroDivisionError: no days"


def test_the_answer_is_0_as_written_1_otherwise_2_for_a_wrong_file(tmp_path: Path) -> None:
    for name, text in (("good", GOOD), ("other", GOOD.replace("amount: 1203.71", "amount: 1.00")), ("wrong", WRONG)):
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    assert [run(str(tmp_path / f"{name}.yaml")).exit_code for name in ("good", "other", "wrong")] == [0, 1, 2]
    assert run(str(tmp_path / "nowhere")).exit_code == 2
    assert run("--rule", "nothing_of_the_sort").exit_code == 2
    shown = run(str(tmp_path / "other.yaml")).output
    assert "1 of 1 cases differ" in shown
    assert "other.yaml:3" in shown
    assert "1203.71" in shown


def test_a_folder_is_tried_whole_and_the_json_holds_every_case(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "deep" / "b.yml").write_text(GOOD.replace("amount: 1203.71", "amount: 1.00"), "utf-8")
    assert len(cases_in(tmp_path, EVERY)) == 2
    answer = run(str(tmp_path), "--json")
    document = json.loads(answer.stdout)
    assert (answer.exit_code, document["passed"], document["failed"]) == (1, 1, 1)
    case = document["cases"][1]
    assert (case["line"], case["passed"]) == (3, False)
    assert case["differences"] == [{"finding": 1, "figure": "amount", "expected": "1.00", "got": "1203.71"}]
    assert {"step": "R", "value": "1203.71", "unit": "EUR"} in [
        {name: step[name] for name in ("step", "value", "unit")} for step in case["findings"][0]["trace"]
    ]


def test_every_shipped_case_is_tried_when_no_file_is_named() -> None:
    answer = run("--json")
    assert answer.exit_code == 0
    assert json.loads(answer.stdout)["passed"] == len(list(shipped_cases(EVERY)))


def test_a_case_may_state_the_whole_trace_line_by_line() -> None:
    lines = written(attempt(only(GOOD), LAW).findings[0])
    stated = GOOD.replace("amount: 1203.71", "trace: " + json.dumps(lines))
    assert attempt(only(stated), LAW).passed
    shorter = attempt(only(GOOD.replace("amount: 1203.71", "trace: " + json.dumps(lines[:-1]))), LAW).differences
    assert shorter == (CaseDifference(1, f"trace, line {len(lines)}", "nothing", lines[-1]),)
