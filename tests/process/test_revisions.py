"""A revision that git does not know is wrong use of `rules diff`, whatever it looks like."""

from pathlib import Path

import pytest

from tests.builders.broken_input import BROKEN_TEXT, drive
from tests.builders.processes import within


def test_what_git_does_not_know_cannot_be_compared(tmp_path: Path) -> None:
    answer = within(tmp_path, "rules", "diff", "--from", "no-such-revision", "--to", "2026-07-01", "--on", "x")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr


@pytest.mark.parametrize("text", BROKEN_TEXT, ids=range(len(BROKEN_TEXT)))
def test_git_is_asked_for_whatever_is_said_and_what_is_broken_is_refused_in_a_sentence(text: str) -> None:
    assert drive(["rules", "diff", "--from", text, "--to", "2026-07-01", "--on", "x"])
    assert drive(["rules", "diff", "--from", "2026-07-01", "--to", text, "--on", "x"])
