"""Decides which occasions have settled and what remains to be said about them. Pure: no clock, no database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

PATIENCE = 10
"""An occasion that keeps changing is notified after this many quiet periods regardless."""

Tells = Literal["found", "changed", "withdrawn", "nothing"]


class Occasion(NamedTuple):
    """What one notice is about: one recipient on one side in one quarter."""

    side: str
    recipient: str
    quarter: str


class WaitingOccasion(NamedTuple):
    """An occasion with something unsettled, and when its first and latest unsettled versions came in."""

    occasion: Occasion
    first: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class FindingVersion:
    """The part of one version of a finding that decides whether it is worth a notice."""

    finding: str
    version: int
    status: str
    certainty: str
    amount: int | None
    missing: int | None
    by_law: bool = False
    """Whether changed law led to it, and nothing that was declared or decided."""

    @property
    def holds(self) -> bool:
        """Whether there is a right to notify: not withdrawn, and not undetermined."""
        return self.status != "withdrawn" and self.certainty != "undetermined"

    def says_the_same(self, other: "FindingVersion") -> bool:
        """Whether the recipient would read the same in both."""
        return (self.holds, self.certainty, self.amount, self.missing) == (
            (other.holds, other.certainty, other.amount, other.missing)
        )

    @property
    def states_an_amount(self) -> bool:
        """Whether its recipient reads an amount."""
        return self.certainty in ("certain", "likely")

    def too_small(self, before: "FindingVersion | None", least: int) -> bool:
        """Whether changed law moved less than `least` eurocents, which nobody need act on; a right has no amount."""
        if not self.by_law or (self.holds and self.missing is None):
            return False
        if before is None or not before.holds:
            return (self.missing or 0) < least
        if before.missing is None or (self.holds and self.states_an_amount != before.states_an_amount):
            return False
        now = (self.missing or 0) if self.holds else 0
        return abs(now - before.missing) < least


class Telling(NamedTuple):
    """One finding, its settled version, and what the notice says about it."""

    finding: str
    version: int
    tells: Tells


def ripe(waiting: Iterable[WaitingOccasion], now: datetime, quiet_seconds: float) -> list[Occasion]:
    """The occasions in which nothing changed for the quiet period, or that waited too long for it."""
    quiet = timedelta(seconds=quiet_seconds)
    return [
        entry.occasion
        for entry in waiting
        if now - entry.latest >= quiet or (now - entry.first >= PATIENCE * quiet and quiet)
    ]


def settle(fresh: Iterable[FindingVersion], notified: Mapping[str, FindingVersion], least: int = 0) -> list[Telling]:
    """What is left to say about the unsettled versions of one occasion: per finding, the last version only.

    `notified` holds, per finding, the version its recipient last heard of. What changed law moves by less than `least`
    eurocents is not told.
    """
    latest: dict[str, FindingVersion] = {}
    for version in fresh:
        known = latest.get(version.finding)
        if known is None or version.version > known.version:
            latest[version.finding] = version
    tells = {name: _tells(version, notified.get(name), least) for name, version in latest.items()}
    return [Telling(name, latest[name].version, tells[name]) for name in sorted(latest)]


def _tells(now: FindingVersion, before: FindingVersion | None, least: int) -> Tells:
    if now.too_small(before, least):
        return "nothing"
    if before is None or not before.holds:
        return "found" if now.holds else "nothing"
    if now.version <= before.version or now.says_the_same(before):
        return "nothing"
    return "changed" if now.holds else "withdrawn"


def worth_a_notice(tellings: Iterable[Telling]) -> bool:
    """Whether anything remains to be said."""
    return any(telling.tells != "nothing" for telling in tellings)
