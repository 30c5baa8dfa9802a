"""What a rule gives back: a right or reduction nobody took up, with every step of the reasoning."""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from rules.law.dated_figures import Citation, FigureRow, SourceQuality
from rules.law.rounding import cents

Side = Literal["employer", "citizen"]


class Certainty(StrEnum):
    """How sure a rule is, from the surest to the least sure."""

    CERTAIN = "certain"
    LIKELY = "likely"
    TO_CHECK = "to check"
    UNDETERMINED = "undetermined"

    @property
    def rank(self) -> int:
        """0 for the surest."""
        return RANKS[self]

    @property
    def symbol(self) -> str:
        """As it is written in the contract `findings`."""
        return self.value.replace(" ", "_")

    @property
    def states_an_amount(self) -> bool:
        """Whether a person may be told the amount."""
        return self.rank <= Certainty.LIKELY.rank


RANKS = {certainty: rank for rank, certainty in enumerate(Certainty)}


class ConditionOutcome(StrEnum):
    """The result of a condition of the law; unknown where nothing was declared, decided or settled."""

    HELD = "held"
    DID_NOT_HOLD = "did not hold"
    UNKNOWN = "unknown"

    @property
    def symbol(self) -> str:
        """As it is written in the contract `findings`."""
        return self.value.replace(" ", "_")


HELD, DID_NOT_HOLD, UNKNOWN = ConditionOutcome


def whether(holds: bool | None) -> ConditionOutcome:
    """The outcome of a condition; None is not known."""
    return UNKNOWN if holds is None else HELD if holds else DID_NOT_HOLD


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One figure or condition, named as in the law; it cites rows of figures, an official page or a DmfA zone.

    A condition has an outcome, a figure has none.
    """

    step: str
    value: str
    unit: str | None
    cited: Citation | str
    outcome: ConditionOutcome | None = None

    @property
    def source(self) -> str:
        """What it cites, as text."""
        return str(self.cited)

    @property
    def rows(self) -> tuple[FigureRow, ...]:
        """The rows of figures it rests on."""
        return self.cited.rows if isinstance(self.cited, Citation) else ()


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason why a finding is not certain; its outcome is unknown where a condition was not seen or settled."""

    certainty: Certainty
    reason: str
    outcome: ConditionOutcome | None = None


def surest(doubts: list[Doubt]) -> Certainty:
    """The certainty these doubts leave; certain without any."""
    return max((doubt.certainty for doubt in doubts), key=RANKS.__getitem__, default=Certainty.CERTAIN)


def doubt_steps(doubts: list[Doubt]) -> tuple[TraceStep, ...]:
    """The doubts as steps of a trace; one that leaves a finding undetermined is an unknown condition."""
    return tuple(
        TraceStep(
            "certainty",
            doubt.certainty.value,
            None,
            doubt.reason,
            UNKNOWN if doubt.certainty is Certainty.UNDETERMINED else doubt.outcome,
        )
        for doubt in doubts
    )


AT_MOST = {
    SourceQuality.REPO: Doubt(Certainty.LIKELY, "figures from public code that quotes a source, not read there"),
    SourceQuality.DER: Doubt(Certainty.TO_CHECK, "figures derived, not read"),
    SourceQuality.MEM: Doubt(Certainty.TO_CHECK, "figures derived, not read"),
}
"""The highest certainty of a finding that rests on figures with such a label, and why; other labels set no limit."""


def _of_labels(trace: tuple[TraceStep, ...], certainty: Certainty) -> list[Doubt]:
    """Doubts about the rows a trace rests on that allow less than this certainty, one per row."""
    return [
        Doubt(most.certainty, f"{most.reason}: {row.cited}")
        for row in dict.fromkeys(row for step in trace for row in step.rows)
        if (most := AT_MOST.get(row.quality)) and most.certainty.rank > certainty.rank
    ]


@dataclass(frozen=True, slots=True)
class Finding:
    """A right that was missed. Amounts in euro; `missing` is never negative; `causes` are the events it rests on."""

    rule: str
    side: Side
    employer: str
    person: str
    quarter: str
    occupation: str | None
    deduction_code: str | None
    amount: Decimal | None
    claimed: Decimal
    missing: Decimal | None
    certainty: Certainty
    trace: tuple[TraceStep, ...]
    causes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As `kruispunt check --json` prints it."""
        return {
            "rule": self.rule,
            "side": self.side,
            "employer": self.employer,
            "person": self.person,
            "quarter": self.quarter,
            "occupation": self.occupation,
            "deduction_code": self.deduction_code,
            "amount": _money(self.amount),
            "claimed": _money(self.claimed),
            "missing": _money(self.missing),
            "certainty": self.certainty.value,
            "trace": [_step(step) for step in self.trace],
        }

    def as_record(self) -> dict[str, Any]:
        """As the contract `findings` holds it, without identifier, version, status, time and evidence."""
        rows = {
            row: number for number, row in enumerate(dict.fromkeys(row for step in self.trace for row in step.rows))
        }
        return {
            "rule": self.rule,
            "side": self.side,
            "employer": self.employer,
            "person": self.person,
            "quarter": self.quarter,
            "occupation": self.occupation,
            "deduction_code": self.deduction_code,
            "amount": None if self.amount is None else cents(self.amount),
            "claimed": cents(self.claimed),
            "missing": None if self.missing is None else cents(self.missing),
            "certainty": self.certainty.symbol,
            "trace": [
                _step(step)
                | {
                    "parameters": [rows[row] for row in step.rows],
                    "outcome": None if step.outcome is None else step.outcome.symbol,
                }
                for step in self.trace
            ],
            "parameters": [row.version for row in rows],
            "causes": list(self.causes),
        }


def no_surer_than_its_figures(finding: Finding) -> Finding:
    """The finding, at most as certain as the labels of the figures it rests on allow."""
    if finding.certainty.states_an_amount and (doubts := _of_labels(finding.trace, finding.certainty)):
        return replace(finding, certainty=surest(doubts), trace=(*finding.trace, *doubt_steps(doubts)))
    return finding


@dataclass(frozen=True, slots=True)
class Excess:
    """A declaration that takes more than is due: DmfA anomaly 00089-044, which does not block.

    `line`, `occupation` and `deduction` count from 0 in the declaration; `occupation` is None for a deduction of the
    worker line.
    """

    rule: str
    code: str
    declaration: str
    line: int
    occupation: int | None
    deduction: int
    deduction_code: str
    claimed: Decimal
    due: Decimal


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"


def _step(step: TraceStep) -> dict[str, Any]:
    return {
        "step": step.step,
        "value": step.value,
        "unit": step.unit,
        "source": step.source,
        "outcome": None if step.outcome is None else step.outcome.value,
    }
