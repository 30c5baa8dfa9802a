"""The answer to a submission: what was accepted, or every anomaly."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from producers.intake.anomalies import Anomaly


@dataclass(frozen=True, slots=True)
class ReceiptEntry:
    """One declaration, or one decision, of a submission."""

    declaration: str
    employer: str
    quarter: str
    persons: int
    version: int = 1
    status: Literal["original", "changed", "cancelled", "reactivated"] = "original"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a sender gets back; the same bytes always get the same, but for `file` and `already_received`."""

    file: str
    submission: str
    accepted: bool
    already_received: bool
    declarations: tuple[ReceiptEntry, ...]
    anomalies: tuple[Anomaly, ...]

    @property
    def ticket(self) -> str:
        """What its answers are fetched by: the id of the submission."""
        return self.submission

    def as_dict(self) -> dict[str, Any]:
        """As in the JSON output."""
        whole = asdict(self)
        return {"file": whole.pop("file"), "submission": whole.pop("submission"), "ticket": self.ticket, **whole}
