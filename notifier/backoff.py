"""Decides how long to wait before a notice is retried, and what happens to one that could not be rendered."""

from notifier.ledger import Move, NoticeState
from notifier.notice_content import Announcement
from notifier.render import Unwritten

FIRST_WAIT_S = 30.0
LONGEST_WAIT_S = 3600.0
DOUBLINGS = 10
"""More than the longest wait needs; without a bound, a notice that waits for months would overflow."""


def backoff(attempts: int) -> float:
    """Seconds to wait after so many attempts."""
    return float(min(FIRST_WAIT_S * 2 ** min(attempts - 1, DOUBLINGS), LONGEST_WAIT_S))


def unwritten(notice: Announcement, failure: Unwritten) -> Move:
    """Where a notice goes that could not be written: to the next channel, or to wait where the machine failed."""
    if failure.passing:
        return Move(notice.notice, NoticeState.POSTPONED, failure.reason, wait=backoff(notice.attempts + 1))
    return Move(notice.notice, NoticeState.RETURNED, failure.reason)
