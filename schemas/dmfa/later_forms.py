"""What was read about parts of the form that came after the tables: enough to name them, not enough to read them."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from schemas.dmfa.tables import rows

ELEMENTS = "elements"
"""The list of blocks and zones; the others are code lists by the name of their file."""


@dataclass(frozen=True, slots=True)
class LaterPart:
    """A code, zone or block of a later form. `quality` says how it was read; quarters are empty where not found."""

    code: str
    number: str
    first: str
    last: str
    quality: Literal["OFF", "SEC", "REPO"]
    source: str
    label: str

    @property
    def said(self) -> str:
        """What is known of it, in a sentence."""
        until = f" until {self.last}" if self.last else ""
        quarters = f"from {self.first}{until}" if self.first else "first quarter not found"
        return f"What is known of it: {self.label}; {quarters} ({self.quality}: {self.source})."


@cache
def later_parts() -> dict[tuple[str, str], LaterPart]:
    """Every part by its list and its code or XML name; one whose XML name was not found stands under its number."""
    return {
        (row["list"], row["code"] or row["number"]): LaterPart(
            row["code"],
            row["number"],
            row["from"],
            row["until"],
            row["quality"],  # type: ignore[arg-type]  # held by a test
            row["source"],
            row["label"],
        )
        for row in rows("later_forms.csv")
    }
