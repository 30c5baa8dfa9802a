"""Runs cases as jurists write them, and shows each difference beside the calculation that led to it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from kruispunt.output import Exit, as_json, console, fail, progress, table
from rules.casebook.case_file import WrittenCase, WrongCases, cases_in, shipped_cases
from rules.casebook.trial import CaseOutcome, attempt, read
from rules.catalogue import HISTORY_RULES, RULES
from rules.findings.finding import Finding
from rules.law.load import shipped_law

INDENT = 2
TRACED = 40
"""Steps of a trace shown beside a difference; the others are in the JSON."""


def run(path: Path | None, *, rule: str | None, json: bool) -> int:
    """The command `rules test`: 0 when every case comes out as written, 1 when one does not, 2 for a wrong file."""
    outcomes = _tried([one for one in _written(path) if rule in (None, one.rule)])
    if not outcomes:
        fail(
            Exit.WRONG_USE,
            f"There is no case of the rule {rule}.",
            f"The rules are {', '.join((*RULES, *HISTORY_RULES))}.",
        )
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if json:
        cases = [_as_json(outcome) for outcome in outcomes]
        as_json({"passed": len(outcomes) - len(failed), "failed": len(failed), "cases": cases})
    else:
        _show(outcomes)
    return Exit.NO if failed else Exit.DONE


def _written(path: Path | None) -> list[WrittenCase]:
    names = {*RULES, *HISTORY_RULES}
    try:
        return cases_in(path, names) if path else list(shipped_cases(names))
    except WrongCases as error:
        problems = "problem" if len(error.problems) == 1 else "problems"
        text = "\n  ".join(map(str, error.problems))
        fail(Exit.WRONG_USE, f"{len(error.problems)} {problems}; no case was run.\n  {text}", "See docs/cases.md.")


def _tried(cases: Sequence[WrittenCase]) -> list[CaseOutcome]:
    law = shipped_law()
    with progress() as bar:
        return [attempt(read(one), law) for one in bar.track(cases, description="trying cases")]


def _show(outcomes: Iterable[CaseOutcome]) -> None:
    by_rule: dict[str, list[CaseOutcome]] = defaultdict(list)
    for outcome in outcomes:
        by_rule[outcome.example.rule].append(outcome)
    for rule, some in by_rule.items():
        failed = [outcome for outcome in some if not outcome.passed]
        said = f"{len(failed)} of {len(some)} cases differ" if failed else f"{len(some)} cases as written"
        mark = "[bold red]✗[/]" if failed else "[green]✓[/]"
        console.print(f"{mark} {rule.replace('_', ' ')}: {said}")
        for outcome in failed:
            _show_one(outcome)


def _show_one(outcome: CaseOutcome) -> None:
    one = outcome.example
    console.print(f"\n  [bold]{escape(one.name)}[/]", soft_wrap=True)
    console.print(f"  {escape(one.file)}:{one.line}, judged on {one.day}", style="dim", soft_wrap=True)
    compared = table("finding", "figure", "expected", "got")
    for difference in outcome.differences:
        which = f"{difference.finding}" if difference.finding else "all"
        compared.add_row(
            which, escape(difference.figure), escape(difference.expected), f"[bold red]{escape(difference.got)}[/]"
        )
    console.print(Padding(compared, (0, 0, 0, INDENT)))
    wrong = {difference.figure for difference in outcome.differences}
    shown = sorted({max(difference.finding, 1) for difference in outcome.differences})
    for number in shown:
        if number <= len(outcome.findings):
            console.print(Padding(_trace(number, outcome.findings[number - 1], wrong), (0, 0, 1, INDENT)))


def _trace(number: int, finding: Finding, wrong: set[str]) -> Table:
    """The steps of a finding; those that differ stand out."""
    shown = table(
        "step", "value", "unit", "outcome", "source", title=f"finding {number}, {finding.certainty}", right=("value",)
    )
    shown.columns[-1].no_wrap, shown.columns[-1].overflow = True, "ellipsis"
    for step in finding.trace[:TRACED]:
        style = "bold red" if step.step in wrong else ""
        said = (escape(step.step), escape(step.value), step.unit or "", step.outcome or "", escape(step.source))
        shown.add_row(*said, style=style)
    return shown


def _as_json(outcome: CaseOutcome) -> dict[str, Any]:
    one = outcome.example
    return {
        "file": one.file,
        "line": one.line,
        "rule": one.rule,
        "case": one.name,
        "on": one.day.isoformat(),
        "passed": outcome.passed,
        "differences": [
            {
                "finding": difference.finding,
                "figure": difference.figure,
                "expected": difference.expected,
                "got": difference.got,
            }
            for difference in outcome.differences
        ],
        "findings": [finding.as_json() for finding in outcome.findings],
    }
