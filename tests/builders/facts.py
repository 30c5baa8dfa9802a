"""Facts as the exchange bundles them for the rules: events narrowed to the fields that the rules read."""

from datetime import UTC, datetime
from typing import Any

from rules.casebook.case_events import EMPLOYER, events
from rules.stream.held_facts import ENTITLEMENTS, PARTS
from rules.view.required_fields import NEEDS
from schemas.codec import encode_body
from schemas.contracts import Contract, contract, make
from schemas.fields import narrower
from schemas.registry import SchemaBook
from schemas.twins.rules_facts import Fact

AT = datetime(2026, 10, 20, tzinfo=UTC)
ANNE, BERT = b"a" * 16, b"b" * 16
NARROW: dict[str, Contract] = {kind: make(kind, narrower(contract(kind).schema, NEEDS[kind])) for kind in NEEDS}
UNCLAIMED: dict[str, Any] = {
    "quarter": "2026Q3", "wage": {1: 6771.00}, "days": {1: 66}, "claimed on the line": {1: 900.00},
}  # fmt: skip
"""A quarter in which the structural reduction was not taken."""
Facts = list[Fact]


def narrow_book() -> SchemaBook:
    """Knows the narrowed contracts."""
    book = SchemaBook()
    for narrow in NARROW.values():
        book.add(narrow)
    return book


def fact(key: bytes, kind: str, record: dict[str, Any]) -> Fact:
    """One event; what the exchange adds to each is added where the record lacks it."""
    envelope = {"occurred_at": AT, "trace_parent": "", "deliberation": "24/100@1", "replay": False}
    return {"person": key, "contract": NARROW[kind].id, "body": encode_body(NARROW[kind], {**envelope, **record})}


def event_name(kind: str, declaration: str, version: int) -> str:
    """What the events of this builder are called."""
    return f"{kind}-{declaration}@{version}"


def case_facts(key: bytes, case: dict[str, Any], *, version: int = 1, declaration: str = "d1", **about: Any) -> Facts:
    """The three facts of a case about the person of this key; `about` replaces what the events say otherwise."""
    return [
        fact(
            key,
            kind,
            {
                **event,
                "declaration": declaration,
                "version": version,
                "event": event_name(kind, declaration, version),
                **about,
            },
        )
        for kind, event in zip(PARTS, events(case), strict=True)
    ]


def declared(
    number: str,
    quarter: str,
    case: dict[str, Any],
    *,
    version: int = 1,
    status: str = "original",
    employer: str = EMPLOYER,
    key: bytes = ANNE,
) -> Facts:
    """The three facts of a quarter of work, which is 60 days long unless the case says otherwise."""
    written = {"quarter": quarter, "person": number, "days": {1: 60}, **case}
    name = f"{quarter}-{employer}"
    return case_facts(key, written, version=version, declaration=name, status=status, employer=employer)


def decided(
    number: str,
    name: str,
    what: dict[str, Any],
    *,
    version: int = 1,
    status: str = "original",
    key: bytes = ANNE,
    institution: str = "rva",
) -> Facts:
    """The fact of one decision of an institution."""
    record = {
        "event": f"{name}@{version}", "declaration": name, "version": version, "status": status, "quarter": "",
        "employer": "", "person": number, "institution": institution, "nature": "", "until": None, **what,
    }  # fmt: skip
    return [fact(key, ENTITLEMENTS, record)]
