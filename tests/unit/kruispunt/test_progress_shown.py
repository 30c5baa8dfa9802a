"""What takes longer than a moment says so on a terminal, and nothing where nobody looks."""

import inspect
from io import StringIO

import pytest
from rich.console import Console

from benchmarks import run as bench
from kruispunt import output, stack
from kruispunt.commands.accounts import dead_letters, notices
from kruispunt.commands.audit import log
from kruispunt.commands.institutions import deliberations, load, overview, rejudge
from kruispunt.commands.intake import check, generate, submit
from kruispunt.commands.rules import cases, impact
from kruispunt.commands.stack import certificates, demo, repair, wait
from kruispunt.provisioning import provision

LONG = [
    bench, stack, notices, dead_letters, log, deliberations, load, overview, rejudge, check, generate, submit, cases,
    impact, certificates, demo, repair, wait, provision,
]  # fmt: skip


@pytest.mark.parametrize("module", LONG, ids=lambda module: module.__name__)
def test_a_long_command_shows_what_it_does(module: object) -> None:
    source = inspect.getsource(module)  # type: ignore[arg-type]
    assert "with working(" in source or "progress() as " in source


def test_a_line_moves_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = StringIO()
    monkeypatch.setattr(
        output, "errors", Console(file=screen, force_terminal=True, force_interactive=True, _environ={"TERM": "xterm"})
    )
    with output.working("counting") as say:
        say("still counting")
    assert "counting" in screen.getvalue()


def test_nothing_is_written_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = StringIO()
    monkeypatch.setattr(output, "errors", Console(file=pipe, force_terminal=False))
    with output.working("counting") as say:
        say("still counting")
    assert pipe.getvalue() == ""
