"""Decides who may have a copy of an event, from the deliberations in force and the dossiers of the person.

Pure: projections and dossiers in, projections to copy by and refusals out.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from consumers.directory import Dossier
from consumers.narrowing.event_codec import OpenedEvent, UnreadableBody
from consumers.narrowing.projection import Projection
from schemas.identifiers import quarter_days
from schemas.institutions import INSTITUTIONS

EVERYBODY = tuple(INSTITUTIONS)
NOT_AUTHORISED = "not authorised"
NOT_INTEGRATED = "person not integrated"
NOT_IN_PERIOD = "not in the period"
NOT_THAT_QUALITY = "not that quality"
"""Why an institution gets no copy, in KSZ's terms."""


class Standing(NamedTuple):
    """How a person is on file at one institution: qualities in the period, and ever."""

    now: AbstractSet[str]
    ever: AbstractSet[str]


NOWHERE: AbstractSet[str] = frozenset()


class Standings:
    """How each person of a batch is on file, by institution; computed once per person and quarter."""

    def __init__(self, dossiers: Mapping[str, Sequence[Dossier]]) -> None:
        self._dossiers = dossiers
        self._known: dict[tuple[str, str], dict[str, Standing]] = {}

    def of(self, opened: OpenedEvent) -> dict[str, Standing]:
        """Standings by institution, for the period of an event: its quarter, or the period of the decision.

        Raises UnreadableBody when the quarter is invalid.
        """
        if opened.decision:
            return self._work_out(opened.person, opened.decision.first, opened.decision.last)
        key = opened.person, opened.quarter
        by_institution = self._known.get(key)
        if by_institution is None:
            by_institution = self._known[key] = self._work_out(opened.person, *_days(opened.quarter))
        return by_institution

    def _work_out(self, person: str, first: date, last: date | None) -> dict[str, Standing]:
        now: dict[str, set[str]] = {}
        ever: dict[str, set[str]] = {}
        for institution, quality, since, until in self._dossiers.get(person, ()):
            ever.setdefault(institution, set()).add(quality)
            if (last is None or since <= last) and (until is None or first <= until):
                now.setdefault(institution, set()).add(quality)
        return {name: Standing(now.get(name, NOWHERE), qualities) for name, qualities in ever.items()}


@lru_cache(maxsize=1_000)
def _days(quarter: str) -> tuple[date, date]:
    try:
        return quarter_days(quarter)
    except (ValueError, IndexError) as error:
        raise UnreadableBody("its quarter is invalid") from error


class AccessDecision(NamedTuple):
    """The decision on one event: projections to copy by, refusals with reasons, and institutions not concerned.

    Every institution is in exactly one of them.
    """

    granted: tuple[Projection, ...]
    refused: tuple[tuple[str, str], ...]
    unconcerned: tuple[str, ...]


class Access:
    """Who may have which kind of event: the projections in force on the day of the exchange."""

    def __init__(self, projections: Sequence[Projection]) -> None:
        self._by_kind: dict[str, dict[str, list[Projection]]] = {}
        for projection in projections:
            recipients = self._by_kind.setdefault(projection.contract.name, {})
            recipients.setdefault(projection.recipient, []).append(projection)
        self._without = {
            kind: tuple(name for name in INSTITUTIONS if name not in recipients)
            for kind, recipients in self._by_kind.items()
        }

    def judge(self, kind: str, standings: Mapping[str, Standing], decision: str | None) -> AccessDecision:
        """What becomes of an event for each recipient.

        An institution without a deliberation on this kind and without the person on file is not refused: the event
        does not concern it.
        """
        granted: list[Projection] = []
        refused: list[tuple[str, str]] = []
        unconcerned: list[str] = []
        recipients = self._by_kind.get(kind, {})
        for recipient, projections in recipients.items():
            concerned = [
                projection for projection in projections if decision is None or _concerns(projection, decision)
            ]
            standing = standings.get(recipient)
            admitted = [
                projection
                for projection in concerned
                if projection.population is None
                or (standing is not None and not projection.population.isdisjoint(standing.now))
            ]
            if admitted:
                granted += admitted
            elif reason := _reason(concerned, standing):
                refused.append((recipient, reason))
            elif recipient in INSTITUTIONS:
                unconcerned.append(recipient)
        for institution in self._without.get(kind, EVERYBODY):
            standing = standings.get(institution)
            if standing is not None and standing.now:
                refused.append((institution, NOT_AUTHORISED))
            else:
                unconcerned.append(institution)
        return AccessDecision(tuple(granted), tuple(refused), tuple(unconcerned))


def _concerns(projection: Projection, decision: str) -> bool:
    return not projection.decisions or decision in projection.decisions


def _reason(concerned: Sequence[Projection], standing: Standing | None) -> str | None:
    if not concerned:
        return NOT_AUTHORISED if standing and standing.now else None
    if standing is None:
        return NOT_INTEGRATED
    if any(projection.population and not projection.population.isdisjoint(standing.ever) for projection in concerned):
        return NOT_IN_PERIOD
    return NOT_THAT_QUALITY
