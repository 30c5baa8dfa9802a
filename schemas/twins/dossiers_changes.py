"""The typed twin of `dossiers.changes`; derived from its contract, never edited."""

from datetime import date
from typing import Literal, TypedDict


Change = TypedDict(
    "Change",
    {
        "change": str,
        "action": Literal["integrate", "change", "end"],
        "person": str,
        "quality": str,
        "from": date,
        "until": date | None,
        "version": int,
    },
)
"""What an institution says about one dossier of its own: it takes a person on file, changes until when, or ends it."""
