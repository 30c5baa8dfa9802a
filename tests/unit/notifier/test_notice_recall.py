"""What the topic of notices says is taken back as it was; what may not have been told is told rather than lost."""

from datetime import UTC, datetime, timedelta

from notifier.ledger_recovery import DatedVersion, last_states, settled_by
from notifier.settle import FindingVersion
from schemas.twins.notices_status import NoticeStatus

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


def status(notice: str, state: str, minutes: int) -> NoticeStatus:
    return {
        "notice": notice, "recipient": b"\x01" * 16, "state": state,
        "channel": None if state == "settled" else "letter",
        "language": "fr", "findings": ["f"], "reason": "", "at": NOON + timedelta(minutes=minutes),
    }  # fmt: skip


def version(number: int, minutes: int) -> DatedVersion:
    return DatedVersion(FindingVersion("f", number, "found", "certain", 100, 100), NOON + timedelta(minutes=minutes))


def test_the_last_state_of_a_notice_counts_and_its_first_moment_stays() -> None:
    second, first = last_states(
        [
            status("b", "settled", 0),
            status("a", "settled", 1),
            status("b", "prepared", 2),
            status("b", "handed over", 3),
        ]
    )
    assert (second.notice, second.state, second.channel) == ("b", "handed over", "letter")
    assert (second.since, second.at) == (NOON, NOON + timedelta(minutes=3))
    assert (first.notice, first.state) == ("a", "settled")


def test_a_version_that_was_found_later_was_not_told() -> None:
    found = [version(1, 0), version(2, 5), version(3, 20)]
    assert [one.version for one in settled_by(found, NOON + timedelta(minutes=10))] == [1, 2]


def test_a_notice_told_something_even_if_the_clocks_do_not_fit() -> None:
    assert [one.version for one in settled_by([version(1, 0), version(2, 1)], NOON - timedelta(days=1))] == [1]
