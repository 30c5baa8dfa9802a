"""Makes of each event the copies its recipients may have, and no byte more; says of the others why they get none.

Pure: events, projections in force and dossiers in; copies and refusals out.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from consumers.directory import Dossier
from consumers.projection import Projection
from consumers.shape import Opened, Unreadable, cutter, shape
from schemas.contracts import Contract
from schemas.identifiers import quarter_days

NOT_AUTHORISED = "not authorised"
NOT_INTEGRATED = "person not integrated"
NOT_IN_PERIOD = "not in the period"
NOT_THAT_QUALITY = "not that quality"
"""Why an institution gets no copy, in KSZ's terms."""


class Event(NamedTuple):
    """An event as it was published: its contract and its encoded body."""

    contract: Contract
    body: bytes


class Copy(NamedTuple):
    """A narrowed event: framed with its projection's prefix it is what the recipient reads."""

    source: int
    event: str
    projection: Projection
    body: bytes


class Refusal(NamedTuple):
    """An event that a recipient did not get."""

    source: int
    event: str
    recipient: str
    reason: str


class Failure(NamedTuple):
    """An event that could not be read."""

    source: int
    reason: str


@dataclass(slots=True)
class Narrowed:
    """What became of a batch; `source` is the place of the event in it."""

    copies: list[Copy] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


class _Standing(NamedTuple):
    """How a person is on file at one institution: qualities in the period, and ever."""

    now: AbstractSet[str]
    ever: AbstractSet[str]


NOWHERE: AbstractSet[str] = frozenset()


class _Standings:
    """How each person of a batch is on file, by institution; worked out once for all events of a person and quarter."""

    def __init__(self, dossiers: Mapping[str, Sequence[Dossier]]) -> None:
        self._dossiers = dossiers
        self._known: dict[tuple[str, str], dict[str, _Standing]] = {}

    def of(self, opened: Opened) -> dict[str, _Standing]:
        """By institution, for the period of an event: its quarter, or that of the decision.

        Raises Unreadable when the quarter is none.
        """
        if opened.decision:
            return self._work_out(opened.person, opened.decision.first, opened.decision.last)
        key = opened.person, opened.quarter
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._work_out(opened.person, *_days(opened.quarter))
        return found

    def _work_out(self, person: str, first: date, last: date | None) -> dict[str, _Standing]:
        now: dict[str, set[str]] = {}
        ever: dict[str, set[str]] = {}
        for institution, quality, since, until in self._dossiers.get(person, ()):
            ever.setdefault(institution, set()).add(quality)
            if (last is None or since <= last) and (until is None or first <= until):
                now.setdefault(institution, set()).add(quality)
        return {name: _Standing(now.get(name, NOWHERE), found) for name, found in ever.items()}


@lru_cache(maxsize=1_000)
def _days(quarter: str) -> tuple[date, date]:
    try:
        return quarter_days(quarter)
    except (ValueError, IndexError) as error:
        raise Unreadable("its quarter is none") from error


class Access:
    """Who may have which kind of event: the projections in force on the day of the exchange."""

    def __init__(self, projections: Sequence[Projection]) -> None:
        self._by_kind: dict[str, dict[str, list[Projection]]] = {}
        for projection in projections:
            recipients = self._by_kind.setdefault(projection.contract.name, {})
            recipients.setdefault(projection.recipient, []).append(projection)

    def judge(
        self, kind: str, standings: Mapping[str, _Standing], decision: str | None
    ) -> tuple[tuple[Projection, ...], tuple[tuple[str, str], ...]]:
        """The projections to copy by, and (recipient, reason) for every institution that gets nothing.

        An institution that neither has a deliberation on this kind nor the person on file asks for nothing and is
        not refused.
        """
        granted: list[Projection] = []
        refused: list[tuple[str, str]] = []
        recipients = self._by_kind.get(kind, {})
        for recipient, projections in recipients.items():
            concerned = [one for one in projections if decision is None or _concerns(one, decision)]
            standing = standings.get(recipient)
            admitted = [
                one
                for one in concerned
                if one.population is None or (standing is not None and not one.population.isdisjoint(standing.now))
            ]
            if admitted:
                granted += admitted
            elif reason := _reason(concerned, standing):
                refused.append((recipient, reason))
        refused += [
            (institution, NOT_AUTHORISED)
            for institution, standing in standings.items()
            if standing.now and institution not in recipients
        ]
        return tuple(granted), tuple(refused)


def _concerns(projection: Projection, decision: str) -> bool:
    return not projection.decisions or decision in projection.decisions


def _reason(concerned: Sequence[Projection], standing: _Standing | None) -> str | None:
    if not concerned:
        return NOT_AUTHORISED if standing and standing.now else None
    if standing is None:
        return NOT_INTEGRATED
    if any(one.population and not one.population.isdisjoint(standing.ever) for one in concerned):
        return NOT_IN_PERIOD
    return NOT_THAT_QUALITY


def persons(events: Sequence[Event]) -> set[str]:
    """Whom a batch is about; events that cannot be read are about nobody."""
    found = set()
    for contract, body in events:
        try:
            found.add(shape(contract).person(body))
        except Unreadable:
            continue
    return found


def narrow(events: Sequence[Event], access: Access, dossiers: Mapping[str, Sequence[Dossier]]) -> Narrowed:
    """Copy each event for everybody entitled to it, in the order of the events."""
    result = Narrowed()
    copies, refusals = result.copies, result.refusals
    standings = _Standings(dossiers)
    for source, (contract, body) in enumerate(events):
        try:
            opened = shape(contract).open(body)
            standing = standings.of(opened)
        except Unreadable as error:
            result.failures.append(Failure(source, str(error)))
            continue
        granted, refused = access.judge(contract.name, standing, opened.decision and opened.decision.kind)
        for projection in granted:
            copies.append(Copy(source, opened.event, projection, cutter(projection).cut(opened)))
        for recipient, reason in refused:
            refusals.append(Refusal(source, opened.event, recipient, reason))
    return result
