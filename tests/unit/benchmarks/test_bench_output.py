"""`make bench` says what a person costs and how the parts stand to each other; a slow machine is no fault."""

import ast
from pathlib import Path

import pytest

from benchmarks import cpu, deciding, run
from benchmarks.limits import Limit

BENCHMARKS = Path(run.__file__).parent


def test_a_machine_a_thousand_times_slower_shows_the_same_ratios(capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for slowness in (1, 1000):
        deciding.show(deciding.Deciding(11_500 / slowness, 2_300 / slowness, 1_500 / slowness, 2_875 / slowness))
        rows = [line.split() for line in capsys.readouterr().out.splitlines()]
        said.append({row[0]: next(word for word in row if "." in word) for row in rows if "0." in str(row)})
    assert said[0]["stream,"] == said[1]["stream,"] == "0.20"
    assert said[0]["check"] == said[1]["check"] == "0.25"


def test_a_stage_shows_its_share_of_the_limit_and_what_a_person_costs(capsys: pytest.CaptureFixture[str]) -> None:
    limit = Limit("copy", 100_000.0)
    run._show(100, 50.0, [run.Result("intake", 20.0, 0.4, 40_000, limit)], {"copy": limit})
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("intake"))
    assert row.split() == ["intake", "0.02", "copy", "4.00", "5", "2,000"]


def test_only_a_ledger_that_does_not_balance_is_a_failure() -> None:
    assert run.conclude([]) == 0
    assert run.conclude(["copies delivered"]) == 1


def test_nothing_else_ends_a_benchmark_with_a_failure() -> None:
    """Every exit code comes from `conclude`."""
    exits = [
        ast.unparse(node)
        for path in BENCHMARKS.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Raise) and "Exit" in ast.unparse(node)
    ]
    assert exits == ["raise typer.Exit(conclude(wrong))"]


def test_the_work_of_a_process_is_read_from_the_kernel() -> None:
    import os
    import time

    before = time.process_time()
    while time.process_time() - before < 0.1:
        pass
    assert cpu.seconds([os.getpid()]) == pytest.approx(time.process_time(), abs=0.1)
    assert cpu.seconds([]) == 0
