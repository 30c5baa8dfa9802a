"""Creates one narrowed copy of an event for each entitled recipient, and says why the others get none.

Pure: events, projections in force and dossiers in; copies and refusals out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from consumers.directory import Dossier
from consumers.narrowing.access import Access, Standings
from consumers.narrowing.event_codec import UnreadableBody, cutter, shape
from consumers.narrowing.projection import Projection
from schemas.contracts import Contract


class PublishedEvent(NamedTuple):
    """An event as it was published: its contract and its encoded body."""

    contract: Contract
    body: bytes


class NarrowedCopy(NamedTuple):
    """A narrowed event, made on `day` (UTC); the prefix of its projection and the body make up the message."""

    source: int
    event: str
    day: datetime
    projection: Projection
    body: bytes


class Refusal(NamedTuple):
    """An event that a recipient did not get."""

    source: int
    event: str
    recipient: str
    reason: str


class UnreadableEvent(NamedTuple):
    """An event that could not be read."""

    source: int
    reason: str


@dataclass(slots=True)
class Narrowed:
    """The result of a batch; `source` is the position of an event in it.

    `read` has every event that could be read: its position, its id, and the institutions it does not concern.
    """

    copies: list[NarrowedCopy] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    failures: list[UnreadableEvent] = field(default_factory=list)
    read: list[tuple[int, str, tuple[str, ...]]] = field(default_factory=list)


def persons(events: Sequence[PublishedEvent]) -> set[str]:
    """The persons of a batch; events that cannot be read are left out."""
    numbers = set()
    for contract, body in events:
        try:
            numbers.add(shape(contract).person(body))
        except UnreadableBody:
            continue
    return numbers


def narrow(
    events: Sequence[PublishedEvent], access: Access, dossiers: Mapping[str, Sequence[Dossier]], *, replay: bool = False
) -> Narrowed:
    """Copy each event for everybody entitled to it, in the order of the events; `replay` marks the copies."""
    result = Narrowed()
    copies, refusals = result.copies, result.refusals
    standings = Standings(dossiers)
    for source, (contract, body) in enumerate(events):
        try:
            opened = shape(contract).open(body)
            standing = standings.of(opened)
        except UnreadableBody as error:
            result.failures.append(UnreadableEvent(source, str(error)))
            continue
        granted, refused, unconcerned = access.judge(contract.name, standing, opened.decision and opened.decision.kind)
        result.read.append((source, opened.event, unconcerned))
        for projection in granted:
            copied = cutter(projection).cut(opened, replay=replay)
            copies.append(NarrowedCopy(source, opened.event, opened.day, projection, copied))
        for recipient, reason in refused:
            refusals.append(Refusal(source, opened.event, recipient, reason))
    return result
