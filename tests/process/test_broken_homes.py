"""What `up` prepares with programs of others, in a home that is none: a sentence, and nothing that stays."""

from pathlib import Path
from typing import Any, NoReturn

import pytest

from backbone.errors import Stop
from backbone.stack import certificates
from backbone.stack.supervisor import Supervisor
from tests.builders.broken_input import HOMES, drive, settings_files


def refuse(*_: Any, **__: Any) -> NoReturn:
    raise Stop("Nothing is started here.")


@pytest.mark.parametrize("home", HOMES)
def test_a_stack_in_a_home_that_is_none_is_prepared_or_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    for step in ("hand_over", "start"):
        monkeypatch.setattr(Supervisor, step, refuse)
    monkeypatch.setattr(certificates, "ensure", lambda *_: None)
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.setenv("KRUISPUNT_HOME", str(settings_files(tmp_path)[home]))
    assert drive(["up"])
