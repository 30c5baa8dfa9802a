"""Decisions of institutions come in as JSON lines: every line is judged, each decision gives one event."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.builders.declarations import decision_line
from tests.builders.read_file import read

SOUND = decision_line("rva-1")


def written(tmp_path: Path, *lines: dict[str, Any] | str) -> Path:
    path = tmp_path / "decisions.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), "utf-8")
    return path


def told(path: Path) -> list[tuple[str, str]]:
    with read(path) as reading:
        return [(anomaly.code, anomaly.path) for anomaly in reading.anomalies]


def test_a_decision_gives_one_event_with_its_fields(tmp_path: Path) -> None:
    with read(written(tmp_path, SOUND)) as reading:
        assert reading.accepted
        assert [(declared.employer, declared.quarter, declared.persons) for declared in reading.declarations] == [
            ("", "2026Q1", 1)
        ]
        (event,) = [person["declarations.entitlements"] for person in reading.persons()]
    assert (event["version"], event["status"], event["person"]) == (1, "original", "85073003328")
    assert (event["amount"], event["per"], event["from"], event["until"]) == (5510, "day", date(2026, 1, 15), None)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("person", "85073003329", "003"),
        ("institution", "nobody", "003"),
        ("kind", "gift", "003"),
        ("person", "85610599894", "003"),
        ("person", "85073003328\u00a0", "003"),
        ("from", "2026-02-30", "003"),
        ("from", 1768435200, "003"),
        ("from", "1768435200", "003"),
        ("from", "2026-01-15T00:00:00", "003"),
        ("from", "２０２６-01-15", "003"),
        ("until", 20260115, "003"),
        ("amount", "５５.10", "003"),
        ("amount", "55.10\u00a0", "003"),
        ("amount", " 55.10", "003"),
        ("amount", "5e1", "003"),
        ("amount", "1_000", "003"),
        ("until", "2026-01-14", "003"),
        ("amount", "1.234", "003"),
        ("amount", "-1", "003"),
        ("per", None, "003"),
        ("per", "hour", "003"),
        ("family_situation", "many", "003"),
        ("basis", "a\u0000b", "003"),
        ("decision", "", "003"),
        ("hobby", "chess", "092"),
        # Whole days since 1970, in seconds: a lenient reader makes dates of them.
        ("from", 1767225600, "003"),
        ("from", "1767225600", "003"),
        ("from", 0, "003"),
        ("from", 0.0, "003"),
        ("from", "20260115", "003"),
        ("until", 1798675200, "003"),
        ("until", True, "003"),
        ("amount", True, "003"),
        ("amount", " 55.10 ", "003"),
        ("amount", "5_5", "003"),
        ("amount", "1e1", "003"),
        ("person", 85073003328, "003"),
        ("decision", 1, "003"),
        ("nature", 1, "003"),
        ("basis", ["law"], "003"),
        ("per", 1, "003"),
    ],
)
def test_a_wrong_field_refuses_the_file(field: str, value: Any, code: str, tmp_path: Path) -> None:
    found = told(written(tmp_path, SOUND, {**SOUND, "decision": "rva-2", field: value}))
    assert [anomaly for anomaly, _ in found] == [f"entitlement-{code}"]
    assert found[0][1].startswith("/line[2]")


@pytest.mark.parametrize("amount", ["55.10", 55.1, 55, "55", "0"])
def test_an_amount_is_text_or_a_number(amount: Any, tmp_path: Path) -> None:
    assert not told(written(tmp_path, {**SOUND, "amount": amount}))


def test_every_wrong_line_is_told_at_once(tmp_path: Path) -> None:
    missing = {name: value for name, value in SOUND.items() if name != "person"}
    found = told(written(tmp_path, {**SOUND, "kind": "gift"}, "{not json", "", missing, "[]"))
    assert [path.split("/")[1] for _, path in found] == ["line[1]", "line[2]", "line[4]", "line[5]"]


def test_a_decision_stands_once_in_a_file(tmp_path: Path) -> None:
    assert told(written(tmp_path, SOUND, {**SOUND, "amount": "60.00"})) == [("entitlement-006", "/line[2]/decision")]


def test_decisions_of_two_institutions_with_the_same_name_are_two(tmp_path: Path) -> None:
    with read(written(tmp_path, SOUND, {**SOUND, "institution": "nic"})) as reading:
        assert reading.accepted
        assert len({declared.declaration for declared in reading.declarations}) == 2
