"""Adds up what a declaration owes, for comparison with the amount it states (zone 00015)."""

from dataclasses import dataclass
from typing import Any

CEILINGS = frozenset({999_999_999, 99_999_999_999, 9_999_999_999_999})
"""The highest amounts of a zone mean that the real amount did not fit: then nothing can be added up."""


@dataclass(slots=True)
class Owed:
    """Contributions less reductions so far, in cents."""

    cents: int = 0
    unknown: bool = False

    def add(self, amount: int | None, sign: int = 1) -> None:
        """One contribution, or with sign -1 one reduction."""
        if amount is None:
            return
        if amount in CEILINGS:
            self.unknown = True
        self.cents += sign * amount

    def add_person(self, record: dict[str, Any]) -> None:
        """All contributions and reductions of a person."""
        for line in record.get("lines", ()):
            for contribution in line["contributions"]:
                self.add(contribution.get("amount"))
            for deduction in line["deductions"]:
                self.add(deduction.get("amount"), -1)
            for occupation in line["occupations"]:
                for deduction in occupation["deductions"]:
                    self.add(deduction.get("amount"), -1)
            self._add_special(line)

    def _add_special(self, line: dict[str, Any]) -> None:
        for name in ("student", "dismissed_statutory"):
            self.add((line.get(name) or {}).get("contribution"))
        for early in line["early_retirement"]:
            self.add(early.get("amount"))
        for indemnity in line["complementary_indemnities"]:
            for contribution in indemnity["contributions"]:
                self.add(contribution.get("amount"))

    def differs(self, stated: int | None) -> str:
        """What is wrong with the stated amount; empty when nothing is, or nothing can be said."""
        if stated is None or self.unknown or max(self.cents, 0) == stated:
            return ""
        return (
            f"{stated / 100:.2f} euro is stated, but contributions less reductions make {self.cents / 100:.2f}. "
            "Correct one of them."
        )
