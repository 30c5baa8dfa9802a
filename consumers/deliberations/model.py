"""Models a deliberation, and reports where it contradicts itself, the contract or the directory."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from schemas.contracts import contract
from schemas.fields import expanded, grantable, symbols
from schemas.qualities import QUALITIES

RULES = "rules"
EVERYONE = "everyone"
ENTITLEMENTS = "declarations.entitlements"
RECIPIENTS = (*QUALITIES, RULES)

EventKind = Literal[
    "declarations.wages", "declarations.working-time", "declarations.contributions", "declarations.entitlements"
]
Fields = Annotated[tuple[str, ...], Field(min_length=1)]


class Names(BaseModel):
    """What the deliberation is called where people read it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    nl: str
    fr: str
    de: str
    en: str


class Deliberation(BaseModel):
    """One version of a legal basis: `recipient` may receive, for `purpose`, these fields about this population.

    `fields` are dotted paths into the full contract of a kind; a record or list without a leaf is all of it.
    `population` are qualities (sector/code) of the recipient's own dossiers, or everyone (the rules only).
    `decisions` limits entitlements to these kinds of decision. In force from `since` to `until`, both included.
    `retention` is how many years the recipient may keep what it got. `look_back`, written `history`, is for how many
    years it also gets what was published before a person came on file there; without it, it gets nothing older.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    number: Annotated[str, Field(pattern=r"^\d{2}/\d{3}$")]
    version: Annotated[int, Field(ge=1)]
    recipient: str
    basis: Annotated[str, Field(min_length=1)]
    purpose: Annotated[str, Field(min_length=1)]
    names: Names
    since: date = Field(alias="from")
    until: date | None = None
    retention: Annotated[int, Field(ge=1, le=100)]
    look_back: Annotated[int, Field(ge=1, le=100)] | None = Field(default=None, alias="history")
    population: frozenset[str] | Literal["everyone"]
    fields: dict[EventKind, Fields]
    decisions: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        """The id in copies and disclosures: 20/296@1."""
        return f"{self.number}@{self.version}"

    def granted(self, kind: str) -> tuple[str, ...]:
        """The paths it names in a kind of event; none where it is not about that kind."""
        return next((paths for name, paths in self.fields.items() if name == kind), ())

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.since <= day and (self.until is None or day <= self.until)

    def is_over_on(self, day: date) -> bool:
        """Whether it ended before a day; one that has not begun yet has not ended."""
        return self.until is not None and self.until < day

    @field_validator("recipient")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in RECIPIENTS:
            raise ValueError(f"{value!r} is not a recipient; choose one of {', '.join(RECIPIENTS)}")
        return value

    @field_validator("fields")
    @classmethod
    def _in_the_contract(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        unknown = [
            f"{kind}: {path}"
            for kind, granted in value.items()
            for path in granted
            if path not in grantable(contract(kind).schema)
        ]
        if unknown:
            raise ValueError(f"not in the contract: {', '.join(unknown)}")
        if not value:
            raise ValueError("names no kind of event")
        return value

    @field_validator("decisions")
    @classmethod
    def _decided(cls, value: frozenset[str]) -> frozenset[str]:
        unknown = value - set(decision_kinds())
        if unknown:
            raise ValueError(f"not a kind of decision: {', '.join(sorted(unknown))}")
        return value

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        wrong = list(contradictions(self.model_dump(by_alias=True)))
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


def contradictions(written: Mapping[str, Any]) -> Iterator[str]:
    """What does not go together in a deliberation, as written; single values may be wrong in themselves."""
    since, until = written.get("from"), written.get("until")
    if isinstance(since, date) and isinstance(until, date) and until < since:
        yield f"until {until} lies before from {since}"
    recipient, population = written.get("recipient"), written.get("population")
    if population == EVERYONE:
        if recipient != RULES:
            yield "population everyone is for the rules only"
    elif recipient == RULES:
        yield "population of the rules is everyone"
    elif not population:
        yield "population is empty"
    elif recipient in QUALITIES and isinstance(population, Iterable):
        unknown = sorted(str(quality) for quality in population if quality not in QUALITIES[recipient])
        if unknown:
            yield f"population: {', '.join(unknown)} is not a quality of {recipient}"
    if written.get("decisions") and ENTITLEMENTS not in (written.get("fields") or ()):
        yield f"decisions without fields of {ENTITLEMENTS}"


def decision_kinds() -> tuple[str, ...]:
    """The kinds of decision that entitlements can carry."""
    return symbols(contract(ENTITLEMENTS).schema, "kind")


def entitlements(deliberations: Iterable[Deliberation], day: date | None = None) -> Iterator[dict[str, Any]]:
    """Who may receive which fields on which basis, one entry per deliberation and kind; on a day, or ever."""
    for deliberation in deliberations:
        if day is None or deliberation.holds_on(day):
            for kind, granted in deliberation.fields.items():
                yield {
                    "deliberation": deliberation.id,
                    "recipient": deliberation.recipient,
                    "kind": kind,
                    "fields": list(expanded(contract(kind).schema, granted)),
                    "population": deliberation.population
                    if deliberation.population == EVERYONE
                    else sorted(deliberation.population),
                    "decisions": sorted(deliberation.decisions) if kind == ENTITLEMENTS else [],
                    "purpose": deliberation.purpose,
                    "basis": deliberation.basis,
                    "from": deliberation.since.isoformat(),
                    "until": deliberation.until.isoformat() if deliberation.until else None,
                    "retention": deliberation.retention,
                    "history": deliberation.look_back,
                }
