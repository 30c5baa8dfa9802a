"""A look at the positions never waits for a bundle that is being decided."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from backbone.settings import Settings
from rules.stream.transaction import Decider

PATIENCE_S = 10.0


class Looking(Decider):
    """Writes down that it looked, and needs no database."""

    looked = 0

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        self.looked += 1
        yield None


@pytest.fixture
def decider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Looking:
    secret = tmp_path / "secrets" / "pepper"
    secret.parent.mkdir()
    secret.write_bytes(b"pepper")
    secret.chmod(0o600)
    monkeypatch.setattr("rules.stream.transaction._of_facts", lambda _connection: {})
    return Looking(Settings(home=tmp_path))


def look(decider: Looking) -> bool:
    """Look from a thread of its own, as the timer does; whether it came back."""
    thread = threading.Thread(target=decider.look, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    return not thread.is_alive()


def test_a_look_comes_back_at_once_while_a_bundle_is_decided(decider: Looking) -> None:
    with decider._lock:
        assert look(decider)
        assert decider.looked == 0


def test_an_idle_process_looks_and_lets_the_next_bundle_in(decider: Looking) -> None:
    assert look(decider)
    assert decider.looked == 1
    assert decider._lock.acquire(blocking=False)
