"""Who declares which quarter on the stack that modules share.

The synthetic employers of every population are the same ones, whatever its seed, and an employer declares a quarter
once: a second declaration of it is refused. So each quarter has one owner here, and no module that uses the shared
stack names a quarter of its own (`tests/contract/test_tests.py`).
"""

from datetime import date
from enum import Enum, unique
from pathlib import Path
from typing import Self

from producers.intake.dmfa.checks.sending_date import due


@unique
class Declared(Enum):
    """A quarter, the seed of its persons, and by its name who declares it."""

    AUDIT = "2023Q2", 21
    SUBSCRIBERS = "2023Q3", 11
    WITHOUT_ADMINISTRATORS = "2023Q4", 77
    ONE_FILE_MISSING = "2024Q1", 20030101
    INTERFACE = "2024Q2", 11
    BEFORE_ON_FILE = "2024Q3", 5
    AFTER_ON_FILE = "2024Q4", 5
    KILLED_RELAY = "2025Q1", 5
    KILLED_EXCHANGE = "2025Q2", 8
    KILLED_SINK = "2025Q3", 8
    KILLED_AUDIT = "2025Q4", 5
    KILLED_RULES = "2026Q1", 5
    KILLED_NOTIFIER = "2026Q2", 8
    MAIN_JOB = "2026Q3", 7

    quarter: str
    seed: int

    def __new__(cls, quarter: str, seed: int) -> Self:
        member = object.__new__(cls)
        # Two members with one value are refused, and what must differ is the quarter.
        member._value_ = member.quarter = quarter
        member.seed = seed
        return member

    @property
    def sent_on(self) -> date:
        """The last day on which the declaration is in time."""
        return due(self.quarter)

    def generate(self, persons: int, folder: Path) -> list[Path]:
        """Write a population into the folder; returns its declarations."""
        from kruispunt.commands.intake.generate import generate

        generate(persons=persons, quarter=self.quarter, out=folder, seed=self.seed)
        return sorted(folder.glob("*.xml"))
