"""Deliberations are refused together, with every fault named, and those in force differ as the institutions do."""

import re
from datetime import date
from typing import Any

import pytest
import yaml

from backbone.errors import Stop
from consumers.deliberations import RULES, Deliberation, entitlements, load, read
from consumers.narrowing.projection import in_force, projections
from schemas.contracts import contract
from schemas.fields import grantable, leaves, walk
from schemas.institutions import INSTITUTIONS
from schemas.topics import DECLARATIONS

WORKING_TIME = "declarations.working-time"
TODAY = date(2026, 11, 1)
SOUND: dict[str, Any] = {
    "number": "26/001",
    "version": 1,
    "recipient": "rva",
    "basis": "An act.",
    "purpose": "A purpose.",
    "names": {"nl": "a", "fr": "b", "de": "c", "en": "d"},
    "from": date(2026, 1, 1),
    "until": date(2026, 12, 31),
    "retention": 5,
    "population": ["18/1"],
    "fields": {WORKING_TIME: ["lines.worker_code"]},
}


def written(name: str = "one.yaml", **changes: Any) -> tuple[str, str]:
    return name, yaml.safe_dump({key: value for key, value in (SOUND | changes).items() if value is not None})


def faults(*texts: tuple[str, str]) -> str:
    with pytest.raises(Stop) as refused:
        read(texts)
    return refused.value.reason


def fields_of(recipient: str) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for one in load():
        if one.recipient == recipient and one.holds_on(TODAY):
            for kind, granted in one.fields.items():
                found[kind] = found.get(kind, frozenset()) | leaves(contract(kind).schema, granted)
    return found


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"recipient": "xyz"}, "recipient"),
        ({"number": "1"}, "number"),
        ({"purpose": None}, "purpose"),
        ({"population": ["10/10"]}, "10/10 is not a quality of rva"),
        ({"population": []}, "population is empty"),
        ({"population": "everyone"}, "everyone is for the rules only"),
        ({"recipient": "rules"}, "population of the rules is everyone"),
        ({"until": date(2025, 1, 1)}, "until 2025-01-01 lies before from 2026-01-01"),
        ({"fields": {WORKING_TIME: ["lines.salary"]}}, "not in the contract: declarations.working-time: lines.salary"),
        ({"fields": {WORKING_TIME: ["person"]}}, "not in the contract"),
        ({"fields": {WORKING_TIME: []}}, "fields.declarations.working-time"),
        ({"fields": {"declarations.health": ["lines"]}}, "fields.declarations.health"),
        ({"fields": {}}, "names no kind of event"),
        ({"decisions": ["lottery"]}, "not a kind of decision: lottery"),
        ({"decisions": ["pension"]}, "decisions without fields of declarations.entitlements"),
        ({"retention": 0}, "retention"),
        ({"retention": None}, "retention"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_deliberation_is_refused_with_its_file_and_what_is_wrong(changes: dict[str, Any], told: str) -> None:
    reason = faults(written("wrong.yaml", **changes))
    assert re.search(r"wrong\.yaml:\d+: ", reason)
    assert told in reason


def test_every_fault_of_every_file_is_told_at_once() -> None:
    reason = faults(written("a.yaml", recipient="xyz", number="x"), written("b.yaml", purpose=""), ("c.yaml", "a: [1"))
    wanted = [r"a\.yaml:\d+: recipient", r"a\.yaml:\d+: number", r"b\.yaml:\d+: purpose", r"c\.yaml:1: "]
    assert [fault for fault in wanted if re.search(fault, reason)] == wanted


def test_a_fault_is_told_with_the_line_it_stands_in() -> None:
    name, text = written()
    lines = [line for line in text.splitlines() if not line.startswith("recipient")]
    wrong = [lines[0], "recipient: xyz", *lines[1:], "colour: red"]
    told = faults((name, "\n".join(wrong)))
    assert "one.yaml:2: recipient: 'xyz' is not a recipient" in told
    assert f"one.yaml:{len(wrong)}: colour: " in told


def test_what_does_not_go_together_is_told_beside_values_that_are_wrong_in_themselves() -> None:
    told = faults(written(until=date(2025, 1, 1), population=["10/10"], retention=0, decisions=["pension"]))
    wanted = ["retention", "lies before from", "10/10 is not a quality of rva", "decisions without fields"]
    assert [fault for fault in wanted if fault in told] == wanted


def test_a_file_that_is_no_mapping_is_refused() -> None:
    assert "one.yaml:1: " in faults(("one.yaml", "- a list\n"))


def test_a_key_may_stand_only_once() -> None:
    name, text = written()
    assert "one.yaml:1: key purpose is given twice" in faults((name, text + "purpose: another\n"))


def test_two_versions_of_a_deliberation_never_hold_on_the_same_day() -> None:
    later = written("two.yaml", version=2, **{"from": date(2026, 12, 31), "until": None})
    assert re.search(r"two\.yaml:\d+: from: 26/001@2 overlaps 26/001@1 in one\.yaml", faults(written(), later))
    after = written("two.yaml", version=2, **{"from": date(2027, 1, 1), "until": None})
    assert [one.id for one in read([written(), after])] == ["26/001@1", "26/001@2"]


def test_a_version_stands_once_and_a_number_has_one_recipient() -> None:
    assert "version: 26/001@1 is also in one.yaml" in faults(written(), written("two.yaml"))
    other = written("two.yaml", version=2, recipient="rjv", population=["10/10"])
    assert "recipient: 26/001 belongs to rva in one.yaml" in faults(written(), other)


def test_who_could_see_what_on_a_day_has_an_answer() -> None:
    first = written()
    second = written(
        "two.yaml", version=2, fields={WORKING_TIME: ["lines"]}, **{"from": date(2027, 1, 1), "until": None}
    )
    found = projections(read([first, second]))
    assert [one.deliberation for one in in_force(found, date(2025, 12, 31))] == []
    assert [one.deliberation for one in in_force(found, date(2026, 12, 31))] == ["26/001@1"]
    assert [one.deliberation for one in in_force(found, date(2027, 1, 1))] == ["26/001@2"]


def test_a_deliberation_may_be_about_every_kind_of_event_and_no_other() -> None:
    accepted = {kind: [next(iter(grantable(contract(kind).schema)))] for kind in DECLARATIONS}
    assert [set(one.fields) for one in read([written(fields=accepted)])] == [set(DECLARATIONS)]
    assert set(Deliberation.model_json_schema()["properties"]["fields"]["propertyNames"]["enum"]) == set(DECLARATIONS)


def test_every_institution_and_the_rules_have_a_deliberation_in_force() -> None:
    assert {one.recipient for one in load() if one.holds_on(TODAY)} == {*INSTITUTIONS, RULES}


def test_many_deliberations_over_many_recipients_each_with_fields_of_its_own() -> None:
    in_force_now = [one for one in load() if one.holds_on(TODAY)]
    assert len(in_force_now) >= 12
    assert len({one.recipient for one in in_force_now}) >= 8
    granted = [(kind, paths) for one in in_force_now for kind, paths in one.fields.items() if kind == WORKING_TIME]
    assert len({frozenset(paths) for _, paths in granted}) == len(granted)


def test_something_is_granted_to_nobody() -> None:
    held = {path for name in (*INSTITUTIONS, RULES) for found in fields_of(name).values() for path in found}
    assert {"lines.complementary_indemnities", "lines.occupations.deductions.basis", "family_situation"} & held == set()


def test_who_applies_the_energy_tariff_learns_of_no_work_and_no_amount() -> None:
    assert fields_of("energie") == {"declarations.entitlements": {"kind", "from", "until"}}


def remuneration(kind: str) -> set[str]:
    schema = contract(kind).schema
    money: set[str] = set()

    def walk(part: Any, above: str) -> None:
        match part:
            case list():
                for branch in part:
                    walk(branch, above)
            case {"type": "array", "items": items}:
                walk(items, above)
            case {"type": "record", "fields": inner}:
                for field in inner:
                    path = f"{above}.{field['name']}" if above else field["name"]
                    if "Sensitivity: remuneration" in field["doc"]:
                        money.add(path)
                    walk(field["type"], path)

    walk(schema, "")
    return money


@pytest.mark.parametrize("institution", ["nic", "rva", "famifed"])
def test_who_needs_no_remuneration_sees_none(institution: str) -> None:
    seen = fields_of(institution)
    assert seen
    assert {path for kind, granted in seen.items() for path in granted & remuneration(kind)} == set()


def test_the_holiday_fund_sees_services_and_wages_and_the_pension_service_careers() -> None:
    assert "lines.occupations.services.days" in fields_of("rjv")[WORKING_TIME]
    assert "lines.occupations.remunerations.amount" in fields_of("rjv")["declarations.wages"]
    assert "lines.occupations.public_service.scale_salaries.amount" in fields_of("fpd")[WORKING_TIME]
    assert not any("public_service" in path for path in fields_of("rjv")[WORKING_TIME])


def test_child_benefit_learns_that_somebody_works_and_nothing_else() -> None:
    assert fields_of("famifed") == {WORKING_TIME: {"lines.quarter_start", "lines.quarter_end"}}


def test_no_deliberation_passes_on_the_number_of_a_third_person() -> None:
    third = {"replaced_person", "opening_person", "substitute_person"}
    granted = {path for name in (*INSTITUTIONS, RULES) for found in fields_of(name).values() for path in found}
    assert granted
    assert {path for path in granted if path.split(".")[-1] in third} == set()


def test_the_list_of_entitlements_names_every_leaf_that_a_copy_can_hold() -> None:
    listed = {(one["deliberation"], one["kind"]): set(one["fields"]) for one in entitlements(load())}
    assert listed
    for projection in projections(load()):
        fields = projection.contract.schema["fields"][11:]
        held = {field.path for field in walk({"type": "record", "fields": fields}) if field.leaf}
        assert held == {
            path
            for path in listed[projection.deliberation, projection.contract.name]
            if grantable(contract(projection.contract.name).schema)[path]
        }


def test_a_record_is_listed_by_its_own_name_only_when_all_of_it_is_granted() -> None:
    listed = {one["deliberation"]: set(one["fields"]) for one in entitlements(load()) if one["kind"] == WORKING_TIME}
    assert "lines.occupations.services" in listed["20/296@2"]
    assert "lines.occupations.services" not in listed["19/140@1"]
    assert "lines" not in listed["20/296@2"]
