"""The typed twin of `audit.disclosures`; derived from its contract, never edited."""

from datetime import datetime
from typing import TypedDict


class Disclosure(TypedDict):
    """One copy."""

    event: str
    person: bytes
    recipient: str
    deliberation: str
    contract: int


class Refusal(TypedDict):
    """One event that an institution did not get."""

    event: str
    person: bytes
    recipient: str
    reason: str


class Counted(TypedDict):
    """Events that a recipient did not get, where only their number says something."""

    recipient: str
    reason: str
    events: int


class Accounted(TypedDict):
    """The events read that an institution received or was refused, each looked at for itself."""

    recipient: str
    number: int
    digest: str


class Delivered(TypedDict):
    """Copies on one basis, of events of the same 24 hours."""

    recipient: str
    deliberation: str
    day: datetime
    number: int
    digest: str


class Disclosures(TypedDict):
    """What the exchange did with the events of one transaction: who received what about whom on which basis, and who was refused why."""

    at: datetime
    exchanged: int
    disclosures: list[Disclosure]
    refusals: list[Refusal]
    replay: bool
    revision: int
    counted: list[Counted]
    read: int
    digest: str
    accounted: list[Accounted]
    delivered: list[Delivered]
