"""Runs the rules on a case and compares the result with what is written, figure by figure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from rules.casebook.case_events import Example, quarter_example
from rules.casebook.case_file import WrittenCase
from rules.casebook.case_history import history_example
from rules.catalogue import HISTORY_RULES, RULES
from rules.findings.finding import Finding, TraceStep
from rules.law.law import Law
from rules.view.history import PersonHistory

NOTHING = "nothing"
STEPS, TRACE = "steps", "trace"
CERTAINTY, DOUBT = "certainty", "doubt"
"""The steps that say why a finding is not certain; a case states all their reasons as one."""


@dataclass(frozen=True, slots=True)
class CaseDifference:
    """A figure that differs; `finding` counts from 1, 0 is the case as a whole."""

    finding: int
    figure: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """A case, the findings of its rule, and how these differ from what is written."""

    example: Example
    findings: tuple[Finding, ...]
    differences: tuple[CaseDifference, ...]

    @property
    def passed(self) -> bool:
        """Whether the result is as written."""
        return not self.differences


def read(written: WrittenCase) -> Example:
    """The example in a written case, about one quarter or several."""
    return history_example(written) if written.rule in HISTORY_RULES else quarter_example(written)


def decide(example: Example, law: Law) -> list[Finding]:
    """What the rule of a case finds in it."""
    if isinstance(example.situation, PersonHistory):
        return HISTORY_RULES[example.rule].decide(example.situation, example.day, law)
    return RULES[example.rule].decide(example.situation, example.day, law)


def attempt(example: Example, law: Law) -> CaseOutcome:
    """The outcome of a case; a rule that raises is also a difference."""
    try:
        findings = tuple(decide(example, law))
    except Exception as error:  # noqa: BLE001 - whatever a rule raises, the other cases go on
        reason = f"the rule raised {type(error).__name__}: {error}"
        return CaseOutcome(example, (), (CaseDifference(0, "findings", f"{len(example.expected)}", reason),))
    return CaseOutcome(example, findings, tuple(_differences(findings, example.expected)))


def _differences(findings: tuple[Finding, ...], expected: list[Mapping[str, Any]]) -> Iterator[CaseDifference]:
    if len(findings) != len(expected):
        yield CaseDifference(0, "findings", f"{len(expected)}", f"{len(findings)}")
    for number, (finding, wanted) in enumerate(zip(findings, expected, strict=False), start=1):
        for name, value in wanted.items():
            if name == STEPS:
                steps = {step.step: step.value for step in finding.trace}
                steps[DOUBT] = "; ".join(step.source for step in finding.trace if step.step == CERTAINTY)
                for step, one in value.items():
                    yield from _compared(number, f"{step}", one, steps.get(str(step)))
            elif name == TRACE:
                yield from _traced(number, value, finding)
            else:
                yield from _compared(number, name, value, getattr(finding, name))


def written(finding: Finding) -> list[str]:
    """The trace of a finding as a case states it, one line a step; a condition ends with its outcome."""
    return [stated(step) for step in finding.trace]


def stated(step: TraceStep) -> str:
    """A step as a case states it."""
    parts = (step.step, step.value, step.unit or "-", step.source, *([step.outcome] if step.outcome else []))
    return " | ".join(parts)


def _traced(number: int, expected: list[Any], finding: Finding) -> Iterator[CaseDifference]:
    for place, (wanted, got) in enumerate(
        zip_longest(map(str, expected), written(finding), fillvalue=NOTHING), start=1
    ):
        if wanted != got:
            yield CaseDifference(number, f"trace, line {place}", wanted, got)


def _compared(number: int, figure: str, expected: Any, actual: Any) -> Iterator[CaseDifference]:
    if _alike(actual, expected) != expected:
        yield CaseDifference(number, figure, _shown(expected), _shown(actual))


def _alike(actual: Any, expected: Any) -> Any:
    """The actual value in the type it is written in."""
    if actual is None:
        return None
    if isinstance(expected, Decimal | int):
        try:
            return Decimal(str(actual))
        except ArithmeticError:
            return str(actual)
    return str(actual)


def _shown(value: Any) -> str:
    return NOTHING if value is None else str(value)
