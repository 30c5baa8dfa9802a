"""A mail server that takes nothing is left alone; one that takes something is used to the full."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backbone import logs
from backbone.errors import Retry
from backbone.settings import Settings
from notifier import run
from notifier.mail.smtp import MailPool
from notifier.run import LONGEST_MAIL_REST_S, MAIL_REST_S, Notifier
from tests.builders.clock import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(run, "time", clock)
    return clock


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A notifier, and a mail server that is refusing after each of these groups, or cannot be reached (None)."""
    secret = tmp_path / "secrets" / "pepper"
    secret.parent.mkdir()
    secret.write_bytes(b"pepper")
    secret.chmod(0o600)

    def make(*refusing: bool | None) -> Any:
        settings = Settings(home=tmp_path, smtp_tls="none")
        pool = MailPool(settings)
        groups = list(refusing)

        def hand_over(*_: object) -> int:
            if not groups:
                return 0
            answer = groups.pop(0)
            if answer is None:
                raise Retry("The mail server cannot be reached.")
            pool.refusing = answer
            return 32

        monkeypatch.setattr("notifier.mail.hand_over.hand_over_mails", hand_over)
        connection: Any = None
        log = logs.configure("test", "error")
        return Notifier(settings, connection, pool, log), groups

    return make


def test_groups_follow_one_another_while_the_server_takes_something(clock: Clock, office: Callable[..., Any]) -> None:
    notifier, groups = office(False, False, False)
    assert notifier._mail([0]) == 3 * 32
    assert groups == []


def test_after_a_group_of_which_nothing_was_taken_the_mail_rests_ever_longer(
    clock: Clock, office: Callable[..., Any]
) -> None:
    notifier, groups = office(*[True] * 8, False, True, True)
    rests = []
    while groups:
        left = len(groups)
        notifier._mail([0])
        rests.append(notifier._mail_rests_until - clock.now)
        assert left - len(groups) == (2 if left == 3 else 1), "only after the one that was taken, the next at once"
        clock.now = notifier._mail_rests_until - 1
        assert notifier._mail([0]) == 0
        clock.now += 1
    assert rests == [5, 10, 20, 40, 60, 60, 60, 60, 5, 10]
    assert (rests[0], max(rests)) == (MAIL_REST_S, LONGEST_MAIL_REST_S)


def test_a_server_that_cannot_be_reached_is_asked_again_soon(clock: Clock, office: Callable[..., Any]) -> None:
    notifier, groups = office(None, None, None, False)
    for _ in range(3):
        assert notifier._mail([0]) == 0
        clock.now += MAIL_REST_S
    assert notifier._mail([0]) == 32
    assert groups == []
