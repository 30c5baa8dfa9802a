"""Compares what the rules find now with what they found before: new, replaced, withdrawn, or nothing to say."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rules.finding import Finding
from schemas.codec import decode_body, encode_body
from schemas.contracts import contract
from schemas.identifiers import derive

FOUND = "found"
REPLACED = "replaced"
WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class State:
    """A finding as it was last told; `body` is its record in Avro without framing."""

    finding: str
    version: int
    status: str
    essence: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """What there is to tell: the new state, and the number of the one it is told to."""

    state: State
    recipient: str


def finding_id(finding: Finding) -> str:
    """The same cause always has the same identifier."""
    return derive(finding.rule, finding.person, finding.employer, finding.quarter, finding.occupation or "")


def essence(finding: Finding) -> str:
    """What makes it another finding when it changes."""
    parts = (finding.deduction_code, finding.amount, finding.claimed, finding.missing, finding.certainty)
    return "|".join("" if part is None else str(part) for part in parts)


def changes(before: Mapping[str, State], found: Iterable[Finding], at: datetime) -> Iterator[Change]:
    """What changed between the states `before`, by finding, and what is found at `at`."""
    now = {finding_id(finding): finding for finding in found}
    for identifier, finding in now.items():
        state = before.get(identifier)
        if state is None or state.status == WITHDRAWN:
            yield _told(finding, identifier, (state.version if state else 0) + 1, FOUND, at)
        elif state.essence != essence(finding):
            yield _told(finding, identifier, state.version + 1, REPLACED, at)
    for identifier, state in before.items():
        if identifier not in now and state.status != WITHDRAWN:
            yield _withdrawn(state, at)


def _told(finding: Finding, identifier: str, version: int, status: str, at: datetime) -> Change:
    record = {**finding.as_record(), "finding": identifier, "version": version, "status": status, "found_at": at}
    return _change(record, essence(finding))


def _withdrawn(state: State, at: datetime) -> Change:
    """The record as it was last told, taken back."""
    record = decode_body(contract("findings"), state.body)
    record |= {"version": state.version + 1, "status": WITHDRAWN, "found_at": at}
    return _change(record, state.essence)


def _change(record: dict[str, Any], what: str) -> Change:
    body = encode_body(contract("findings"), record)
    state = State(record["finding"], record["version"], record["status"], what, body)
    return Change(state, record["person"] if record["side"] == "citizen" else record["employer"])
