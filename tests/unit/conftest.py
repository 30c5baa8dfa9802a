"""No unit test starts a process; and what every rule really finds, as a notice tells it."""

import multiprocessing.process
import os
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from typing import Any, NoReturn

import pytest

from notifier.notice_content import NoticeFinding, NoticeStep
from rules.casebook.trial import decide
from rules.findings.finding import Certainty, Finding
from schemas.identifiers import derive
from tests.builders.law import LAW

# A library below Faust asks the program `file` about Python when it is imported first.
import_module("croniter")
STARTING: Sequence[tuple[object, str]] = (
    (subprocess.Popen, "__init__"), (multiprocessing.process.BaseProcess, "start"), (os, "system"), (os, "fork"),
    (os, "posix_spawn"), (os, "posix_spawnp"), (os, "execv"), (os, "execve"),
)  # fmt: skip
"""Whatever of the standard library starts a process ends in one of these."""


def _refuse(*_: Any, **__: Any) -> NoReturn:
    # Not an exception that the program could take for one of its own.
    pytest.fail("A unit test starts no process: this one belongs in tests/process, or in tests/integration.")


@contextmanager
def _nothing_starts() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in STARTING:
            patch.setattr(owner, name, _refuse)
        yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup() -> Iterator[None]:
    """Nor do its fixtures, whatever their scope."""
    with _nothing_starts():
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call() -> Iterator[None]:
    """The test itself."""
    with _nothing_starts():
        return (yield)


def _told(finding: Finding, number: int) -> NoticeFinding:
    record = finding.as_record()
    trace = tuple(NoticeStep(step["step"], step["value"], step["unit"], step["source"]) for step in record["trace"])
    return NoticeFinding(
        "found", derive("finding", str(number)), finding.rule, finding.employer, finding.person, finding.occupation,
        finding.deduction_code, record["amount"], record["claimed"], record["missing"], record["certainty"], trace,
    )  # fmt: skip


@pytest.fixture(scope="session")
def found_by_rule() -> Mapping[str, Sequence[NoticeFinding]]:
    """Everything the rules find in their cases, by rule.

    What is undetermined is told to nobody; of a rule that finds nothing else it is taken as to check.
    """
    found: dict[str, list[NoticeFinding]] = defaultdict(list)
    undetermined: dict[str, list[NoticeFinding]] = defaultdict(list)
    # Not before a test asks for it: not every run has one that does.
    from tests.builders.shipped import EXAMPLES

    for number, example in enumerate(EXAMPLES):
        for finding in decide(example, LAW):
            told = _told(finding, number)
            if finding.certainty is Certainty.UNDETERMINED:
                undetermined[finding.rule].append(replace(told, certainty="to_check"))
            else:
                found[finding.rule].append(told)
    return {**undetermined, **found}
