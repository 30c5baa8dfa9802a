"""Derives from each deliberation the narrower contract it permits, so that a copy cannot hold anything else."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from consumers.deliberations import EVERYONE, Deliberation
from schemas.contracts import Contract, contract, make
from schemas.fields import leaves, narrower


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """What `recipient` may see of one kind of event on one deliberation.

    `population` holds the qualities that admit a person, None for everyone; `decisions` the kinds of decision, empty
    for all; `contract` carries the name of the full contract and the narrower schema.
    """

    recipient: str
    deliberation: str
    since: date
    until: date | None
    population: frozenset[str] | None
    decisions: frozenset[str]
    contract: Contract

    def holds_on(self, day: date) -> bool:
        """Whether its deliberation is in force on a day."""
        return self.since <= day and (self.until is None or day <= self.until)


def projections(deliberations: Iterable[Deliberation]) -> tuple[Projection, ...]:
    """One projection per deliberation and kind of event."""
    return tuple(
        Projection(
            recipient=deliberation.recipient,
            deliberation=deliberation.id,
            since=deliberation.since,
            until=deliberation.until,
            population=None if deliberation.population == EVERYONE else frozenset(deliberation.population),
            decisions=deliberation.decisions,
            contract=make(kind, narrower(contract(kind).schema, granted)),
        )
        for deliberation in deliberations
        for kind, granted in deliberation.fields.items()
    )


def common(then: Deliberation, now: Deliberation) -> tuple[Projection, ...]:
    """What two versions of a deliberation both permit, on the basis of the later one; nothing if they share nothing.

    The population and the decisions are those that both admit.
    """
    populations = [frozenset(version.population) for version in (then, now) if version.population != EVERYONE]
    population = frozenset.intersection(*populations) if populations else None
    decided = [version.decisions for version in (then, now) if version.decisions]
    decisions = frozenset.intersection(*decided) if decided else frozenset()
    if population == frozenset() or (decided and not decisions):
        return ()
    return tuple(
        Projection(
            recipient=now.recipient,
            deliberation=now.id,
            since=now.since,
            until=now.until,
            population=population,
            decisions=decisions,
            contract=make(kind, narrower(contract(kind).schema, tuple(sorted(shared)))),
        )
        for kind, granted in now.fields.items()
        if (shared := leaves(contract(kind).schema, granted) & leaves(contract(kind).schema, then.granted(kind)))
    )


def in_force(candidates: Iterable[Projection], day: date) -> tuple[Projection, ...]:
    """Those whose deliberation holds on a day."""
    return tuple(projection for projection in candidates if projection.holds_on(day))
