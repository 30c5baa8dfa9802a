"""Compares what the rules find now with what they found before: found, replaced, withdrawn or unchanged."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from rules.findings.finding import Finding
from schemas.codec import decode_body, encode_body
from schemas.contracts import contract, contracts
from schemas.identifiers import derive

FOUND = "found"
REPLACED = "replaced"
WITHDRAWN = "withdrawn"
FINDINGS = "findings"
GatherEvidence = Callable[[], list[dict[str, str]]]
"""The events that were read, with their digests; computed only when a finding changes."""


@dataclass(frozen=True, slots=True)
class FindingState:
    """A finding as last published; `body` is its record in Avro without framing, in the contract with that id."""

    finding: str
    version: int
    status: str
    essence: str
    contract: int
    body: bytes

    def record(self) -> dict[str, Any]:
        """The finding as the newest contract has it."""
        newest = contract(FINDINGS)
        written = next((version for version in contracts() if version.id == self.contract), newest)
        record = decode_body(written, self.body)
        return record if written is newest else _since_then(record)


@dataclass(frozen=True, slots=True)
class FindingChange:
    """A change to publish: the new state, and the number of its recipient."""

    state: FindingState
    recipient: str


def finding_id(finding: Finding) -> str:
    """The identifier of a finding: the same cause always has the same one."""
    return derive(finding.rule, finding.person, finding.employer, finding.quarter, finding.occupation or "")


@dataclass(frozen=True, slots=True)
class LawChange:
    """Why a finding changed though nothing new was declared: figures that became known, by version, and since when."""

    known: date
    parameters: tuple[str, ...]

    def as_record(self) -> dict[str, Any]:
        """As the contract `findings` holds it."""
        return {"known": self.known, "parameters": list(self.parameters)}


@dataclass(frozen=True, slots=True)
class DecidedBy:
    """When findings are published, the day as of which the law is known that they are decided by, and its change."""

    at: datetime
    law_known_on: date
    law_change: LawChange | None = None

    def as_record(self) -> dict[str, Any]:
        """As the contract `findings` holds it."""
        change = None if self.law_change is None else self.law_change.as_record()
        return {"found_at": self.at, "law_known_on": self.law_known_on, "law_change": change}


def essence(finding: Finding) -> str:
    """What makes a finding another one when it changes."""
    parts = (finding.deduction_code, finding.amount, finding.claimed, finding.missing, finding.certainty)
    return "|".join("" if part is None else str(part) for part in parts)


def _since_then(record: dict[str, Any]) -> dict[str, Any]:
    """A record of an older contract, completed with the fields of the newest."""
    steps = [{"parameters": [], "outcome": None, **step} for step in record["trace"]]
    return {"parameters": [], "evidence": [], "law_known_on": None, "law_change": None, **record, "trace": steps}


def changes(
    before: Mapping[str, FindingState], found: Iterable[Finding], by: DecidedBy, evidence: GatherEvidence
) -> Iterator[FindingChange]:
    """What changed between the states `before`, by finding, and what is found now."""
    now = {finding_id(finding): finding for finding in found}
    for identifier, finding in now.items():
        state = before.get(identifier)
        if state is None or state.status == WITHDRAWN:
            yield tell(finding, identifier, (state.version if state else 0) + 1, FOUND, by, evidence)
        elif state.essence != essence(finding):
            yield tell(finding, identifier, state.version + 1, REPLACED, by, evidence)
    for identifier, state in before.items():
        if identifier not in now and state.status != WITHDRAWN:
            yield _withdrawn(state, by, evidence)


def tell(
    finding: Finding, identifier: str, version: int, status: str, by: DecidedBy, evidence: GatherEvidence
) -> FindingChange:
    """A finding as it is published."""
    record = {**finding.as_record(), "finding": identifier, "version": version, "status": status}
    return _change(record | by.as_record() | {"evidence": evidence()}, essence(finding))


def _withdrawn(state: FindingState, by: DecidedBy, evidence: GatherEvidence) -> FindingChange:
    """The record as last published, withdrawn; its evidence is what was read when it was withdrawn."""
    record = state.record() | {"version": state.version + 1, "status": WITHDRAWN}
    return _change(record | by.as_record() | {"evidence": evidence()}, state.essence)


def _change(record: dict[str, Any], what: str) -> FindingChange:
    written = contract(FINDINGS)
    body = encode_body(written, record)
    state = FindingState(record["finding"], record["version"], record["status"], what, written.id, body)
    return FindingChange(state, record["person"] if record["side"] == "citizen" else record["employer"])
