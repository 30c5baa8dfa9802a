"""Writing a form and reading it are each other's inverse: both follow the same tables."""

import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from population.dmfa_xml import HEAD, TAIL, write_form, write_person
from population.generate import generate
from population.worker_lines import PersonEvents
from producers.intake.dmfa.walk import Walk
from producers.intake.dmfa.xml_stream import Stream
from schemas.dmfa.code_lists import code_list
from schemas.dmfa.tables import Block, Zone, blocks

QUARTER = "2022Q3"
KINDS = ("wages", "working-time", "contributions")
ENVELOPE = {"event", "declaration", "version", "status", "quarter", "employer", "occurred_at", "trace_parent", "unread"}
"""What no zone says."""
NUMBERS = {
    "inss": "94020399827",
    "inss0": "94020399827",
    "enterprise": "1900000069",
    "establishment": "7000000050",
    "nsso": "125482497",
}
HEADER = {
    "form": "DMFA", "created_on": date(2022, 10, 9), "created_at": "09:00:00.000", "attestation_status": 0,
    "form_type": "SU", "quarter": QUARTER, "nsso_number": "0", "trusteeship": False, "enterprise_number": "1900000069",
    "net_owed": 0,
}  # fmt: skip
DEEP = 2
"""How often a block that may repeat is repeated at most."""


def present(value: Any) -> Any:
    """What is there: without the envelope, and without what is absent."""
    if isinstance(value, dict):
        kept = {name: present(inner) for name, inner in value.items() if name not in ENVELOPE}
        return {name: inner for name, inner in kept.items() if inner is not None and inner not in ([], {})}
    if isinstance(value, list):
        return [present(inner) for inner in value]
    return value


def read(path: Path) -> list[tuple[Any, ...]]:
    return [tuple(present(record) for record in person.records[:3]) for person in Walk(Stream(path)).persons()]


@pytest.mark.parametrize("quarter", ["2026Q3", "2025Q4", "2022Q1"])
def test_a_generated_form_is_read_back_as_it_was_meant_and_without_an_anomaly(quarter: str, tmp_path: Path) -> None:
    meant: list[Any] = []

    def remember(events: Mapping[str, Any]) -> dict[str, Any]:
        meant.append(events)
        return {}

    generate(150, quarter, tmp_path, seed=4, due=remember)
    walk = Walk(Stream(tmp_path / f"dmfa-{quarter}-0001.xml"))
    found = [tuple(present(record) for record in person.records[:3]) for person in walk.persons()]
    assert found == [tuple(present(events[kind]) for kind in KINDS) for events in meant]
    assert list(walk.anomalies.entries) == []


@st.composite
def value(draw: st.DrawFn, zone: Zone) -> Any:
    """Any value the zone may have in the quarter."""
    if zone.codes:
        listed = code_list(zone.codes)
        code = draw(st.sampled_from(sorted(code for code in listed.periods if listed.holds(code, QUARTER))))
        return int(code) if zone.type in {"int", "long"} else code
    if zone.type in NUMBERS:
        return NUMBERS[zone.type]
    if zone.type == "bool":
        return draw(st.booleans())
    if zone.type == "date":
        return draw(st.dates(date(2010, 1, 1), date(2022, 9, 30)))
    if zone.type == "percent":
        return draw(st.integers(0, 10_000))
    if zone.type in {"int", "long"}:
        if zone.values:
            return int(draw(st.sampled_from(zone.values)))
        high = int(zone.high) if zone.high else 10 ** (zone.length or 1) - 1
        return draw(st.integers(int(zone.low or 0), min(high, 10 ** (zone.length or 12) - 1)))
    if zone.values:
        return draw(st.sampled_from(zone.values))
    if zone.element in {"ReferenceYearMonth", "PecuniarySeniorityStartDate"}:
        return "2020-07"
    if zone.pattern:
        return draw(st.from_regex(rf"\A(?:{zone.pattern})\Z").filter(str.isascii))
    return draw(st.text("Aé&<>\"' -", min_size=1, max_size=zone.length or 8).map(str.strip).filter(bool))


@st.composite
def parts(draw: st.DrawFn, block: Block, events: int = 3) -> PersonEvents:
    """A block in each of the three events."""
    made: tuple[dict[str, Any], ...] = tuple({} for _ in range(events))
    for zone in block.zones:
        if zone.name and zone.most and zone.kind and (zone.least or draw(st.booleans())):
            drawn = draw(value(zone))
            for kind, part in zip(KINDS, made, strict=True):
                if zone.kind in {kind, "every"}:
                    part[zone.name] = drawn
    for child in draw(st.sampled_from(block.variants)):
        inner = blocks()[child.element]
        count = draw(st.integers(child.least, min(child.most, DEEP)))
        drawn_blocks = [draw(parts(inner)) for _ in range(count)]
        for at in range(events):
            column = [one[at] for one in drawn_blocks]
            if any(column) or (inner.repeats and inner.name in {"lines", "occupations"}):
                made[at][inner.name] = column if inner.repeats else column[0]
    return made[0], made[1], made[2]


@given(events=parts(blocks()["NaturalPerson"]))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_a_form_can_say_of_a_person_comes_back_from_it(events: PersonEvents) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "form.xml"
        path.write_text(f"{HEAD}{''.join(write_form(HEADER, [write_person(events, 1)]))}{TAIL}", "utf-8")
        assert read(path) == [tuple(present(event) for event in events)]
