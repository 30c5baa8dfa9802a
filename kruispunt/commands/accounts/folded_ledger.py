"""Folds the rows of the ledger into one line per stage, and never a difference into another."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from kruispunt.monitoring.ledger import LedgerRow

STAGES: dict[str, tuple[str, ...]] = {
    "submitted, then answered": (
        "submissions received = acknowledgements stored",
        "declarations judged = notifications stored",
    ),
    "registered, then published": ("accepted facts = published events",),
    "published, then exchanged": ("published events = exchanged events", "exchanged events = delivered or refused"),
    "delivered, then stored at the institution": ("delivered records = stored records",),
    "delivered, and in the log of disclosures": (
        "disclosures logged = delivered records",
        "disclosures logged = facts for the rules",
    ),
    "received by the rules, then decided": (
        "facts for the rules = facts decided",
        "facts for the rules = facts decided + facts set aside",
    ),
    "found, then settled": ("findings made = published findings", "findings = settled findings"),
    "noticed, then handed over": (
        "notices = handed over + suppressed + in progress",
        "states of notices = published states of notices",
        "e-mails handed over = e-mails in the inbox",
        "letters handed over = letters for the printer",
    ),
    "dead letters, then replayed or dropped": ("dead letters = replayed + dropped",),
}
"""In the order data travels: what a line says, and the effects it holds, without the place in brackets."""
RECOUNTED = "counted anew"
"""What `--recount` adds."""


@dataclass(slots=True)
class Line:
    """One stage: how many pairs were compared, the sums of both sides, and how many effects are lost or doubled."""

    stage: str
    comparisons: int = 0
    expected: int = 0
    found: int = 0
    differences: int = 0
    wrong: list[LedgerRow] = field(default_factory=list)

    def add(self, row: LedgerRow) -> None:
        """Take a row in. What is lost in one row is not made up for by what is doubled in another."""
        self.comparisons += 1
        self.expected += row.expected
        self.found += row.found
        self.differences += abs(row.difference)
        if row.difference:
            self.wrong.append(row)


def stage_of(effect: str) -> str:
    """The stage an effect belongs to."""
    bare = effect.partition(" (")[0]
    return next((stage for stage, effects in STAGES.items() if bare in effects), RECOUNTED)


def fold(rows: Iterable[LedgerRow]) -> list[Line]:
    """One line per stage that has rows, in the order data travels."""
    lines = {stage: Line(stage) for stage in (*STAGES, RECOUNTED)}
    for row in rows:
        lines[stage_of(row.effect)].add(row)
    return [line for line in lines.values() if line.comparisons]
