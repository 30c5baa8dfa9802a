"""The typed twin of `dossiers.answers`; derived from its contract, never edited."""

from datetime import datetime
from typing import TypedDict


class Answer(TypedDict):
    """What became of one change of a dossier."""

    change: str
    accepted: bool
    code: str
    reason: str
    version: int
    at: datetime
