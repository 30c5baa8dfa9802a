"""A whole stack, seen from the command line."""

import json
import os
import signal
import time
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from backbone.settings import Settings
from backbone.stack.stack import status
from schemas.institutions import HOSTED

Kruispunt = Callable[..., CompletedProcess[str]]
SERVERS = {"kafka", "postgres", "inbox"}
SINKS = {f"sink-{name}" for name in HOSTED}
PROCESSES = {"relay", "dossiers", "exchange", "replay", "audit", "rules", "notifier", "notifier-2", "api"} | SINKS
PATIENCE_S = 60.0


def pids(settings: Settings) -> dict[str, int]:
    return {state.name: state.pid for state in status(settings.home) if state.state == "running"}


def test_every_server_and_process_runs(stack: Settings) -> None:
    assert set(pids(stack)) == SERVERS | PROCESSES


def test_status_gives_pids_ports_and_the_folder_of_mails(stack: Settings, kruispunt: Kruispunt) -> None:
    answer = kruispunt("status", "--json")
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert {entry["name"]: entry["pid"] for entry in found["processes"]} == pids(stack)
    assert {entry["name"] for entry in found["processes"] if entry["port"]} == SERVERS | {"api"}
    assert found["inbox"] == str(stack.inbox)


def test_up_again_changes_nothing_and_lets_go_of_its_callers_output(stack: Settings, kruispunt: Kruispunt) -> None:
    before = pids(stack)
    # Waits for the end of stdout and stderr: were they held by what stays running, this would not return.
    answer = kruispunt("up")
    assert answer.returncode == 0, answer.stderr
    assert pids(stack) == before


@pytest.mark.parametrize("name", ["relay", "api"])
def test_a_killed_process_is_started_again_by_itself(stack: Settings, name: str) -> None:
    before = pids(stack)
    os.kill(before[name], signal.SIGKILL)
    end = time.monotonic() + PATIENCE_S
    while pids(stack).get(name) in {None, before[name]}:
        assert time.monotonic() < end
        time.sleep(0.2)
    after = pids(stack)
    assert {other for other in after if after[other] != before[other]} == {name}
