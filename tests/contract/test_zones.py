"""The tables of the form, the code lists and the contracts say the same; where NSSO's own schema is at hand, it too."""

import copy
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from lxml import etree

from producers.intake.dmfa.values import MAKERS, PERSONS
from producers.intake.dmfa.zone_steps import kinds
from schemas.contracts import contract
from schemas.dmfa.code_lists import code_list, deduction_rows, severities
from schemas.dmfa.tables import EVENT_KINDS, ZoneKind, ZoneType, blocks, rows
from tests.builders.read_file import read

ROOT = Path(__file__).parents[2]
OFFICIAL = Path(os.environ.get("KRUISPUNT_DMFA", ROOT.parent / "shared" / "dmfa"))
"""Where NSSO's schema and samples lie, when somebody has them; without them the tests about them are not there."""
SCHEMA = OFFICIAL / "xsd" / "DmfAOriginal_20223.xsd"
SAMPLE = OFFICIAL / "samples" / "DmfAOriginal_20223_1.xml"
OWN = ROOT / "tests" / "data" / "declaration.xml"
ENVELOPE = {"event", "declaration", "version", "status", "quarter", "employer", "person", "occurred_at", "trace_parent"}
PLACEHOLDERS = {"ServiceCode": "999", "DeductionCode": "9999", "JointCommissionNbr": "000"}


DERIVED: dict[str, set[str]] = {"working-time": {"unread"}}
"""What no zone says."""


def _fields(record: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Fields of a record with the record inside, None for a plain value."""
    for field in record["fields"]:
        kind = field["type"]
        while isinstance(kind, list) or (isinstance(kind, dict) and kind["type"] == "array"):
            kind = next(branch for branch in kind if branch != "null") if isinstance(kind, list) else kind["items"]
        inside = kind if isinstance(kind, dict) and kind["type"] == "record" else None
        yield field["name"], inside


def _compare(element: str, place: int, record: dict[str, Any]) -> Iterator[str]:
    """Differences between what a block gives for one kind of event and the record of the contract."""
    block = blocks()[element]
    kind = EVENT_KINDS[place]
    given: dict[str, str | None] = {zone.name: None for zone in block.zones if zone.kind in (kind, "every")}
    given |= {blocks()[child.element].name: child.element for child in block.children if place in kinds(child.element)}
    expected = dict(_fields(record))
    for name in ENVELOPE | DERIVED.get(kind, set()) if element == "NaturalPerson" else ():
        expected.pop(name)
        given.pop(name, None)
    if set(given) != set(expected):
        yield f"{element}: {set(given) ^ set(expected)}"
    for name, inside in expected.items():
        child = given.get(name)
        if inside is not None and child is not None:
            yield from _compare(child, place, inside)


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_the_zones_of_a_kind_are_the_fields_of_its_contract(kind: str) -> None:
    found = contract(f"declarations.{kind}").schema
    assert list(_compare("NaturalPerson", EVENT_KINDS.index(kind), found)) == []


def test_every_zone_has_a_type_and_a_kind_we_read() -> None:
    zones = [zone for block in blocks().values() for zone in block.zones]
    assert {zone.type for zone in zones} <= set(get_args(ZoneType)) == {*MAKERS, *PERSONS}
    assert {zone.kind for zone in zones} <= set(get_args(ZoneKind))
    assert all(zone.name for zone in zones if zone.most)


def test_every_code_list_a_zone_names_is_there_and_every_code_has_a_source() -> None:
    named = {zone.codes for block in blocks().values() for zone in block.zones if zone.codes}
    assert "services" in named
    for name in named:
        assert code_list(name).periods
        lines = rows(f"codes/{name}.csv")
        assert all(line["source"] for line in lines)
        assert all(not line["until"] or line["from"] <= line["until"] for line in lines)


def test_codes_hold_in_their_quarters_only() -> None:
    services = code_list("services")
    assert services.holds("077", "2021Q1")
    assert not services.holds("077", "2023Q1")
    assert not services.holds("077", "2020Q1")
    assert services.knows("077")
    assert not services.knows("999")
    assert {row["level"] for row in deduction_rows()["3000"]} == {"occupation"}


def test_severities_name_zones_that_exist() -> None:
    assert severities()["00024-004"] == "blocking"
    assert severities()["00068-001"] == "non-blocking"


Tree = etree._ElementTree


def _changed(tree: Tree, index: int) -> tuple[Tree, etree._Element]:
    changed = copy.deepcopy(tree)
    return changed, list(changed.iter())[index]


TEXTS = ("", "x", "-1", "0", "99", "9" * 21, "2022-02-30", " 1 ", "1.5", "é", "a" * 150)


def mutations(tree: Tree, every: int) -> Iterator[tuple[str, Tree]]:
    """Of all ways to change one thing in a declaration, one in `every`."""
    count = 0
    for index, original in enumerate(tree.iter()):
        ways = ["delete", "twice", "later", "name", "attribute", "inside", "between"]
        ways += [f"text {text}" for text in TEXTS] if not len(original) else []
        for way in ways:
            count += 1
            if count % every:
                continue
            changed, element = _changed(tree, index)
            if _change(element, way):
                yield f"{way} at {element.tag}", changed


def _change(element: etree._Element, way: str) -> bool:
    parent = element.getparent()
    follower = element.getnext()
    if way.startswith("text "):
        element.text = way.removeprefix("text ")
    elif way == "attribute":
        element.set("a", "1")
    elif way == "inside":
        etree.SubElement(element, "Inside")
    elif way == "between" and len(element):
        element[0].tail = "between"
    elif parent is None:
        return False
    elif way == "delete":
        parent.remove(element)
    elif way == "twice":
        element.addnext(copy.deepcopy(element))
    elif way == "name":
        element.tag = "Unknown"
    elif way == "later" and follower is not None:
        follower.addnext(element)
    else:
        return False
    return True


def test_our_own_example_is_accepted() -> None:
    with read(OWN) as reading:
        assert reading.anomalies == ()


LEAST_MUTATIONS = 400
"""Changes that are tried, at the very least."""


def test_no_change_of_one_thing_breaks_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "changed.xml"
    tried = []
    for what, changed in mutations(etree.parse(OWN), every=11):
        tried.append(what)
        changed.write(path, encoding="utf-8")
        with read(path) as reading:
            assert reading.accepted or reading.anomalies, what
            assert len(list(reading.persons())) in (0, 6, 7, 5), what
    assert len(tried) > LEAST_MUTATIONS


if SCHEMA.is_file():

    def test_what_the_schema_of_nsso_refuses_is_refused(tmp_path: Path) -> None:
        schema = etree.XMLSchema(etree.parse(SCHEMA))
        path = tmp_path / "changed.xml"
        refused = 0
        for what, changed in mutations(etree.parse(OWN), every=5):
            if not schema.validate(changed):
                changed.write(path, encoding="utf-8")
                refused += 1
                with read(path) as reading:
                    assert not reading.accepted, what
        assert refused > 100


if SAMPLE.is_file():

    def _sample(tmp_path: Path, valid: dict[str, str]) -> Path:
        text = SAMPLE.read_text("utf-8")
        for name, code in valid.items():
            text = text.replace(f"<{name}>{PLACEHOLDERS[name]}<", f"<{name}>{code}<")
        path = tmp_path / "sample.xml"
        path.write_text(text, "utf-8")
        return path

    def test_the_official_sample_is_told_exactly_its_placeholder_codes() -> None:
        with read(SAMPLE) as reading:
            assert not reading.accepted
            assert {(anomaly.code, anomaly.label, anomaly.severity) for anomaly in reading.anomalies} == {
                ("00062-008", "ServiceCode", "blocking"),
                ("00086-008", "DeductionCode", "blocking"),
                ("00046-008", "JointCommissionNbr", "blocking"),
            }
            assert len(reading.anomalies) == 8

    @pytest.mark.parametrize(
        "codes", [("001", "3000", "200"), ("010", "3315", "100"), ("071", "0001", "330.01.20"), ("050", "1511", "999")]
    )
    def test_the_sample_with_valid_codes_goes_through_whole(codes: tuple[str, ...], tmp_path: Path) -> None:
        with read(_sample(tmp_path, dict(zip(PLACEHOLDERS, codes, strict=True)))) as reading:
            assert reading.accepted, reading.anomalies
            found = list(reading.persons())
        assert len(found) == 7
        careers = [
            occupation["public_service"]
            for person in found
            for line in person["declarations.working-time"]["lines"]
            for occupation in line["occupations"]
        ]
        assert sum(map(len, careers)) == 3
