"""The rules read exactly the fields they say they need: no other, and none for nothing."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from rules.casebook.case_events import decisions, events
from rules.catalogue import decide_all
from rules.view.required_fields import NEEDS
from rules.view.situation import situation
from schemas.contracts import contract
from tests.builders.law import LAW

ENVELOPE = {"event", "declaration", "version", "status", "quarter", "employer", "person"}
KINDS = ("declarations.wages", "declarations.working-time", "declarations.contributions")
CASE: dict[str, Any] = {
    "quarter": "2024Q2",
    "from": date(2024, 5, 1),
    "contract": (19, 38),
    "wage": {1: 2600.00},
    "hours": {1: 163.4},
    "claimed": {
        3000: 1.00,
        3500: {"amount": 1.00, "since": date(2024, 1, 1), "shortened": {"on": date(2023, 12, 1), "from": 38, "to": 36}},
    },
    "contributions": [495],
    "claimed on the line": {1: 1.00},
    "decisions": [
        {"kind": "unemployment_benefit", "nature": "01", "from": date(2023, 9, 1), "until": date(2024, 4, 30)}
    ],
}


class Watched(Mapping[str, Any]):
    """A record that writes down the path of each field that is read from it."""

    def __init__(self, record: Mapping[str, Any], seen: set[str], path: str = "") -> None:
        self._record, self._seen, self._path = record, seen, path

    def __getitem__(self, name: str) -> Any:
        path = f"{self._path}{name}"
        value = self._record[name]
        if isinstance(value, list):
            return [Watched(part, self._seen, f"{path}.") for part in value]
        if isinstance(value, Mapping):
            return Watched(value, self._seen, f"{path}.")
        self._seen.add(path)
        return value

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("a rule goes through the fields of a record without naming them")

    def __len__(self) -> int:
        return len(self._record)


def test_the_rules_read_the_fields_they_need_and_no_other() -> None:
    seen: dict[str, set[str]] = {kind: set() for kind in NEEDS}
    wages, working_time, contributions = (
        Watched(event, seen[kind]) for kind, event in zip(KINDS, events(CASE), strict=True)
    )
    decided = [Watched(one, seen["declarations.entitlements"]) for one in decisions(CASE) or []]
    findings = decide_all(situation(wages, working_time, contributions, decided), date(2024, 7, 15), LAW)
    assert {finding.rule for finding in findings} == {"structural_reduction", "work_bonus", "income_guarantee"}
    for kind, needed in NEEDS.items():
        read = {path for path in seen[kind] if not any(other.startswith(f"{path}.") for other in seen[kind])}
        assert read - ENVELOPE == set(needed), kind


def test_every_field_that_is_needed_exists_in_the_full_contract() -> None:
    for kind, needed in NEEDS.items():
        assert set(needed) <= set(_paths(contract(kind).schema)), kind


def _paths(schema: Any, path: str = "") -> Iterator[str]:
    for field in schema["fields"]:
        yield path + field["name"]
        kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
        for kind in kinds:
            inner = kind.get("items", kind) if isinstance(kind, dict) else {}
            if isinstance(inner, dict) and "fields" in inner:
                yield from _paths(inner, f"{path}{field['name']}.")
