"""Everything a rule sees of one person at one employer in one quarter, assembled from narrowed events."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

from rules.view.worker_line import Claim, DeclaredLine, DeclaredOccupation, ServiceTime, Shortening

NarrowedEvent = Mapping[str, Any]
PART_TIME = 1
"""Contract type of a part-time contract (zone 00050)."""


@dataclass(frozen=True, slots=True)
class InstitutionDecision:
    """What an institution decided about the person, both days included; `until` is None while it is open."""

    kind: str
    nature: str
    start: date
    until: date | None
    event: str

    def covers(self, first: date, last: date) -> bool:
        """Whether the decision holds on any day from `first` to `last`."""
        return self.start <= last and (self.until is None or self.until >= first)


class DeclarationEvents(NamedTuple):
    """The identifiers of the three events of a declaration about one person."""

    wages: str
    working_time: str
    contributions: str


@dataclass(frozen=True)
class Situation:
    """One person, one employer, one quarter. `decisions` is None where they are unknown; an empty tuple means none.

    `declared` are the events it was put together from, declaration by declaration.
    """

    person: str
    employer: str
    quarter: str
    lines: tuple[DeclaredLine, ...]
    decisions: tuple[InstitutionDecision, ...] | None = None
    declared: tuple[DeclarationEvents, ...] = ()

    @cached_property
    def causes(self) -> tuple[str, ...]:
        """The events it was put together from."""
        return tuple(chain.from_iterable(self.declared))

    @cached_property
    def taken(self) -> frozenset[str]:
        """The codes of the deductions that are taken: most rules have nothing to do without theirs."""
        of_lines = (claim.code for line in self.lines for claim in line.claims)
        of_occupations = (
            claim.code for line in self.lines for occupation in line.occupations for claim in occupation.claims
        )
        return frozenset(chain(of_lines, of_occupations))

    @cached_property
    def _places(self) -> dict[tuple[str, int, int], str]:
        return _labels(self.lines)

    def label(self, line: DeclaredLine, occupation: DeclaredOccupation) -> str:
        """The occupation as `495/1`; with the employer class, then a rank, in front where two would be the same."""
        return self._places[line.declaration, line.position, occupation.position]

    def line_label(self, line: DeclaredLine) -> str:
        """What stands for a whole line: its one occupation, or the line without occupation number where it has more."""
        label = self.label(line, line.occupations[0])
        return label if len(line.occupations) == 1 else label.rsplit("/", 1)[0]


def _labels(lines: Iterable[DeclaredLine]) -> dict[tuple[str, int, int], str]:
    places: dict[tuple[str, int, int], str] = {}
    seen: dict[str, int] = {}
    for line in lines:
        for occupation in line.occupations:
            label = f"{line.worker_code}/{occupation.number}"
            if label in seen:
                label = f"{line.employer_class}/{label}"
            rank = seen[label] = seen.get(label, 0) + 1
            places[line.declaration, line.position, occupation.position] = label if rank == 1 else f"{label}#{rank}"
    return places


def decision(event: NarrowedEvent) -> InstitutionDecision:
    """The decision in a narrowed `declarations.entitlements` event."""
    return InstitutionDecision(event["kind"], event["nature"], event["from"], event["until"], event["event"])


def declaration_events(
    wages: NarrowedEvent, working_time: NarrowedEvent, contributions: NarrowedEvent
) -> DeclarationEvents:
    """The identifiers of the three events of a declaration."""
    return DeclarationEvents(wages["event"], working_time["event"], contributions["event"])


def lines(wages: NarrowedEvent, working_time: NarrowedEvent, contributions: NarrowedEvent) -> tuple[DeclaredLine, ...]:
    """The worker lines of a declaration, assembled from its three events about one person."""
    paid = _by_key(wages["lines"])
    taken = _by_key(contributions["lines"])
    found = []
    for position, (key, timed) in enumerate(_keyed(working_time["lines"])):
        pay, claim = paid.get(key), taken.get(key)
        found.append(
            DeclaredLine(
                working_time["declaration"],
                position,
                timed["employer_class"],
                timed["worker_code"],
                tuple(_occupations(timed, pay, claim)),
                _claims(claim),
                frozenset(due["code"] for due in claim.get("contributions") or ()) if claim else frozenset(),
                working_time.get("unread", False),
            )
        )
    return tuple(found)


def _keyed(part: Sequence[NarrowedEvent]) -> Iterable[tuple[tuple[str, str, int], NarrowedEvent]]:
    ranks: dict[tuple[str, str], int] = {}
    for line in part:
        name = line["employer_class"], line["worker_code"]
        rank = ranks[name] = ranks.get(name, 0) + 1
        yield (*name, rank), line


def _by_key(part: Sequence[NarrowedEvent]) -> dict[tuple[str, str, int], NarrowedEvent]:
    return dict(_keyed(part))


def _numbered(line: NarrowedEvent | None) -> dict[int, NarrowedEvent]:
    return {occupation["number"]: occupation for occupation in line["occupations"]} if line else {}


def _claims(part: NarrowedEvent | None, *, detailed: bool = False) -> tuple[Claim, ...]:
    """The deductions of a line or of an occupation, where a deduction may have a detail (block 90250)."""
    if not part or not part["deductions"]:
        return ()
    return tuple(
        Claim(
            deduction["code"],
            deduction["amount"] or 0,
            deduction.get("right_start"),
            _shortening(deduction.get("detail")) if detailed else None,
        )
        for deduction in part["deductions"]
    )


def _shortening(detail: NarrowedEvent | None) -> Shortening | None:
    """The detail of a deduction; copies from before the rules were granted it have none."""
    return Shortening(detail["origin_on"], detail["hours_before"], detail["hours_after"]) if detail else None


def _occupations(
    timed: NarrowedEvent, paid: NarrowedEvent | None, taken: NarrowedEvent | None
) -> Iterable[DeclaredOccupation]:
    pay, claims = _numbered(paid), _numbered(taken)
    for position, occupation in enumerate(timed["occupations"]):
        number = occupation["number"]
        wages: dict[str, int] = {}
        for remuneration in pay[number]["remunerations"] if number in pay else ():
            code = remuneration["code"]
            wages[code] = wages.get(code, 0) + remuneration["amount"]
        yield DeclaredOccupation(
            number,
            position,
            occupation["start"],
            occupation["end"],
            occupation["joint_committee"],
            occupation["days_per_week"],
            occupation["contract_type"] == PART_TIME,
            occupation["mean_hours"],
            occupation["reference_hours"],
            wages,
            tuple(
                ServiceTime(service["code"], service["days"], service["hours"]) for service in occupation["services"]
            ),
            _claims(claims.get(number), detailed=True),
        )


def situation(
    wages: NarrowedEvent,
    working_time: NarrowedEvent,
    contributions: NarrowedEvent,
    decisions: Sequence[NarrowedEvent] | None = None,
) -> Situation:
    """The situation in one declaration about one person, with what institutions decided about them."""
    return Situation(
        working_time["person"],
        working_time["employer"],
        working_time["quarter"],
        lines(wages, working_time, contributions),
        None if decisions is None else tuple(decision(event) for event in decisions),
        (declaration_events(wages, working_time, contributions),),
    )
