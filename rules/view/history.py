"""What a rule over several quarters sees of a person: working time by quarter and employer, without wages."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from rules.view.ages import Birth, birth
from rules.view.situation import InstitutionDecision, Situation
from rules.view.worker_line import DeclaredLine, ServiceTime
from schemas.identifiers import quarter_days, quarter_of


@dataclass(frozen=True, slots=True)
class Worked:
    """One occupation in one quarter at one employer. Times x 100; it comes from the working-time `events`."""

    quarter: str
    employer: str
    employer_class: str
    worker_code: str
    start: date | None
    end: date | None
    part_time: bool
    days_per_week: int
    mean_hours: int | None
    reference_hours: int | None
    services: tuple[ServiceTime, ...]
    events: tuple[str, ...]
    unread: bool = False

    @property
    def first(self) -> date:
        """Its first day in the quarter."""
        begin, _ = quarter_days(self.quarter)
        return max(self.start or begin, begin)

    @property
    def last(self) -> date:
        """Its last day in the quarter."""
        _, close = quarter_days(self.quarter)
        return min(self.end or close, close)

    def days(self, codes: frozenset[str]) -> int:
        """The days x 100 under these service codes."""
        return sum(service.days for service in self.services if service.code in codes)

    def hours(self, codes: frozenset[str]) -> int | None:
        """The hours x 100 under these service codes; None when one of them has none."""
        found = [service.hours for service in self.services if service.code in codes]
        return None if None in found else sum(hours or 0 for hours in found)


class CopyDigest(NamedTuple):
    """A working-time event, and the digest (SHA-256 in base64) of the copy that was read."""

    event: str
    digest: str

    def shown(self) -> dict[str, str]:
        """As evidence: the digest in hexadecimal."""
        return {"event": self.event, "sha256": b64decode(self.digest).hex()}


class QuarterRecord(NamedTuple):
    """One quarter at one employer: the work (none where all was cancelled) and the copies it was read from."""

    worked: tuple[Worked, ...]
    copies: tuple[CopyDigest, ...]


QuarterAtEmployer = tuple[str, str]
"""Quarter and employer."""

QuarterRecords = dict[QuarterAtEmployer, QuarterRecord]


@dataclass(frozen=True)
class PersonHistory:
    """The work of a person and the decisions about them.

    `decisions` is None where unknown; `whole` is False where only one declaration is seen.
    """

    person: str
    worked: tuple[Worked, ...]
    decisions: tuple[InstitutionDecision, ...] | None = None
    whole: bool = True

    @cached_property
    def born(self) -> Birth | None:
        """When the person was born, None where not even the year is known."""
        return birth(self.person)

    @cached_property
    def quarters(self) -> frozenset[str]:
        """The quarters in which anything was declared."""
        return frozenset(one.quarter for one in self.worked)

    def decided(self, *kinds: str) -> Iterator[InstitutionDecision]:
        """The decisions of these kinds, the earliest first."""
        found = [decision for decision in self.decisions or () if decision.kind in kinds]
        yield from sorted(found, key=lambda decision: (decision.start, decision.event))

    def has(self, kind: str, first: date, last: date) -> bool:
        """Whether a decision of this kind holds on any day from `first` to `last`."""
        return any(decision.covers(first, last) for decision in self.decided(kind))


def worked(situation: Situation) -> tuple[Worked, ...]:
    """What rules over several quarters keep of a situation."""
    events = tuple(one.working_time for one in situation.declared)
    return timed(situation.quarter, situation.employer, situation.lines, events)


def timed(quarter: str, employer: str, lines: Iterable[DeclaredLine], events: tuple[str, ...]) -> tuple[Worked, ...]:
    """The working time in worker lines; everything else is left out."""
    return tuple(
        Worked(
            quarter,
            employer,
            line.employer_class,
            line.worker_code,
            occupation.start,
            occupation.end,
            occupation.part_time,
            occupation.days_per_week,
            occupation.mean_hours,
            occupation.reference_hours,
            occupation.services,
            events,
            line.unread,
        )
        for line in lines
        for occupation in line.occupations
    )


def copied(event: str, body: bytes) -> CopyDigest:
    """The digest of a copy of an event."""
    return CopyDigest(event, b64encode(sha256(body).digest()).decode())


def history_of(situation: Situation) -> PersonHistory:
    """The history in a single declaration."""
    return PersonHistory(situation.person, worked(situation), situation.decisions, whole=False)


def quarters_between(first: date, last: date) -> list[str]:
    """The quarters that have a day from `first` to `last`."""
    found: list[str] = []
    day = first
    while day <= last:
        found.append(quarter_of(day))
        day = quarter_days(found[-1])[1] + timedelta(days=1)
    return found


def pack(slots: QuarterRecords) -> bytes:
    """The stored form of a history; the same slots always give the same bytes."""
    return orjson.dumps(
        [
            [quarter, employer, [tuple(copy) for copy in kept.copies], [_row(one) for one in kept.worked]]
            for (quarter, employer), kept in sorted(slots.items())
        ]
    )


def unpack(body: bytes) -> QuarterRecords:
    """The history in its stored form."""
    slots: QuarterRecords = {}
    for quarter, employer, copies, rows in orjson.loads(body):
        events = tuple(event for event, _ in copies)
        work = tuple(_entry(quarter, employer, events, row) for row in rows)
        slots[quarter, employer] = QuarterRecord(work, tuple(CopyDigest(*one) for one in copies))
    return slots


def history(
    person: str, slots: Mapping[QuarterAtEmployer, tuple[Worked, ...]], decisions: Iterable[InstitutionDecision]
) -> PersonHistory:
    """The history of a person from everything that is held."""
    entries = tuple(one for key in sorted(slots) for one in slots[key])
    return PersonHistory(person, entries, tuple(sorted(decisions, key=lambda one: (one.start, one.event))))


def _row(one: Worked) -> list[Any]:
    services = [[service.code, service.days, service.hours] for service in one.services]
    return [
        one.employer_class, one.worker_code, one.start, one.end, one.part_time, one.days_per_week,
        one.mean_hours, one.reference_hours, services, *([True] if one.unread else []),
    ]  # fmt: skip


def _entry(quarter: str, employer: str, events: tuple[str, ...], row: list[Any]) -> Worked:
    employer_class, code, start, end, part_time, days, mean, reference, services, *unread = row
    return Worked(
        quarter, employer, employer_class, code, _day(start), _day(end), part_time, days, mean, reference,
        tuple(ServiceTime(*service) for service in services), events, bool(unread),
    )  # fmt: skip


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
