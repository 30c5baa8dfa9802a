"""The typed twin of `notices.status`; derived from its contract, never edited."""

from datetime import datetime
from typing import TypedDict


class NoticeStatus(TypedDict):
    """What happened to a notice."""

    notice: str
    recipient: bytes
    state: str
    channel: str | None
    language: str
    findings: list[str]
    reason: str
    at: datetime
