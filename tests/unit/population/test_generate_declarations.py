"""Generated declarations add up, take what is due except the share that is planted, and agree with the contracts."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from kruispunt.commands.intake.generate import due
from population.declare import Summary
from population.dmfa_xml import HEAD, TAIL, FormBlock, block, write_form, write_person
from population.generate import generate
from rules.catalogue import decide_all, excesses
from rules.view.situation import situation
from schemas.codec import decode_body, encode_body
from schemas.contracts import contract
from schemas.dmfa.tables import EVENT_KINDS
from schemas.identifiers import quarter_days
from tests.builders.law import LAW

QUARTERS = ("2026Q3", "2025Q2", "2022Q4")
PERSONS = 400

Events = Mapping[str, Any]


class Made:
    def __init__(self, folder: Path, quarter: str) -> None:
        self.folder, self.quarter = folder, quarter
        self.events: list[Events] = []
        self.summary: Summary = generate(PERSONS, quarter, folder, due=self._due)

    def _due(self, events: Events) -> Mapping[str, Mapping[str, int]]:
        self.events.append(events)
        return due(LAW, events)

    def forms(self) -> Iterator[Any]:
        for path in sorted(self.folder.glob("*.xml")):
            yield from etree.parse(str(path)).iterfind("Form")

    def truth(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "truth.jsonl").read_text("utf-8").splitlines()]

    def decisions(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "entitlements.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module", params=QUARTERS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("declarations"), request.param)


def total(parent: Any, path: str) -> int:
    return sum(int(element.text) for element in parent.iterfind(path))


def test_the_net_amount_is_contributions_less_reductions(made: Made) -> None:
    assert list(made.forms())
    for form in made.forms():
        declaration = form.find("EmployerDeclaration")
        owed = total(declaration, ".//ContributionAmount") + total(declaration, ".//StudentContributionAmount")
        assert int(declaration.findtext("NetOwedAmount")) == owed - total(declaration, ".//DeductionAmount") >= 0


def test_a_declaration_is_made_in_the_month_after_its_quarter(made: Made) -> None:
    _, last = quarter_days(made.quarter)
    month = f"{last.year + last.month // 12}-{last.month % 12 + 1:02d}"
    assert {form.findtext("FormCreationDate")[:7] for form in made.forms()} == {month}


def test_nobody_is_twice_in_one_declaration_and_some_are_in_two(made: Made) -> None:
    seen: set[str] = set()
    twice = 0
    for form in made.forms():
        numbers = [element.text for element in form.iterfind(".//INSS")]
        assert len(set(numbers)) == len(numbers)
        twice += len(seen & set(numbers))
        seen |= set(numbers)
    assert twice > 0
    assert len(seen) == PERSONS


def test_an_occupation_accounts_for_no_more_days_than_the_quarter_has(made: Made) -> None:
    lines = [line for events in made.events for line in events["working-time"]["lines"]]
    occupations = [occupation for line in lines for occupation in line["occupations"]]
    assert any(occupation["end"] for occupation in occupations)
    for occupation in occupations:
        assert sum(service["days"] for service in occupation["services"]) <= 66_50
        assert occupation["end"] is None or occupation["start"] <= occupation["end"]


def test_everything_missed_and_nothing_else_was_planted(made: Made) -> None:
    planted = {
        (one["person"], one["employer"], one["occupation"], one["deduction_code"]): one["due"] - one["claimed"]
        for one in made.truth()
        if "deduction_code" in one
    }
    _, last = quarter_days(made.quarter)
    found: dict[tuple[str, str, str | None, str | None], int] = {}
    for events in made.events:
        seen = situation(events["wages"], events["working-time"], events["contributions"])
        assert excesses(seen, LAW) == []
        for finding in decide_all(seen, last, LAW):
            if finding.missing is not None:
                key = finding.person, finding.employer, finding.occupation, finding.deduction_code
                found[key] = int(finding.missing * 100)
    assert found == planted
    assert planted


def test_a_known_share_of_what_is_due_is_missed(made: Made) -> None:
    claims = sum(
        sum(len(occupation["deductions"]) for occupation in line["occupations"]) + len(line["deductions"])
        for events in made.events
        for line in events["contributions"]["lines"]
    )
    left_out = sum(one["planted"] == "left out" for one in made.truth())
    missed = sum(one["planted"] in ("left out", "short") for one in made.truth())
    assert 0.05 < missed / (claims + left_out) < 0.11


def test_who_came_back_from_unemployment_to_a_small_job_is_found_unless_the_guarantee_was_asked(made: Made) -> None:
    _, last = quarter_days(made.quarter)
    planted = {(one["person"], one["occupation"]) for one in made.truth() if one.get("right") == "income_guarantee"}
    by_person: dict[str, list[dict[str, Any]]] = {}
    for decision in made.decisions():
        until = decision["until"] and date.fromisoformat(decision["until"])
        record = {"event": decision["decision"], "from": date.fromisoformat(decision["from"]), "until": until}
        by_person.setdefault(decision["person"], []).append({**decision, **record})
    found = {
        (finding.person, finding.occupation)
        for events in made.events
        for finding in decide_all(
            situation(
                events["wages"],
                events["working-time"],
                events["contributions"],
                by_person.get(events["wages"]["person"], []),
            ),
            last,
            LAW,
        )
        if finding.rule == "income_guarantee"
    }
    assert found == planted


def test_statutory_staff_and_nobody_else_has_a_public_career(tmp_path: Path) -> None:
    events: list[Events] = []

    def remember(one: Events) -> dict[str, Any]:
        events.append(one)
        return {}

    generate(3000, "2026Q3", tmp_path, due=remember)
    lines = [line for one in events for line in one["working-time"]["lines"]]
    statutory = [line for line in lines if line["worker_code"] == "675"]
    assert statutory
    assert all(occupation["public_service"] for line in statutory for occupation in line["occupations"])
    others = [line for line in lines if line["worker_code"] != "675"]
    assert not any(occupation["public_service"] for line in others for occupation in line["occupations"])


def test_every_event_fits_its_contract(made: Made) -> None:
    assert made.events
    for events in made.events[::7]:
        for kind, event in events.items():
            published = contract(f"declarations.{kind}")
            again = decode_body(published, encode_body(published, event))
            assert again == event


def test_a_person_is_written_with_every_zone_the_tables_know() -> None:
    events = tuple(filled(contract(f"declarations.{kind}").schema) for kind in EVENT_KINDS)
    root = etree.fromstring(write_person((events[0], events[1], events[2]), 1).encode())
    assert {element.tag for element in root.iter() if not len(element)} == tags(block("NaturalPerson", depth=3))
    assert root.findtext(".//IncapacityDegree") == "000,07"
    assert root.findtext(".//Border") == "1"
    assert root.findtext(".//GradeOrFunction") == "R&D <1>"
    assert root.findtext(".//OccupationStartingDate") == "2026-07-01"


def test_what_belongs_to_no_person_is_written_around_the_persons() -> None:
    header = {
        "form": "DMFA", "created_on": date(2026, 10, 9), "created_at": "09:00:00.000", "attestation_status": 0,
        "form_type": "SU", "reference": {"reference_type": 1, "reference_origin": 1, "reference_number": "A<1"},
        "quarter": "2026Q3", "nsso_number": "0", "trusteeship": False, "enterprise_number": "1900000069", "net_owed": 5,
        "vehicles": [{"line": 1, "licence_plate": "1ABC123", "ecological": True}, {"line": 2, "licence_plate": "2"}],
        "unrelated_contributions": [{"employer_class": "010", "code": "862", "basis": None, "amount": 5}],
    }  # fmt: skip
    form = etree.fromstring(f"{HEAD}{''.join(write_form(header, ['<NaturalPerson/>']))}{TAIL}".encode()).find("Form")
    assert form is not None
    assert [element.tag for element in form][-2:] == ["Reference", "EmployerDeclaration"]
    assert form.findtext("Reference/ReferenceNbr") == "A<1"
    inside = [element.tag for element in form.iterfind("EmployerDeclaration/*")]
    assert inside[4:] == [
        "NetOwedAmount", "NaturalPerson", "CompanyVehicle", "CompanyVehicle", "ContributionUnrelatedToNP",
    ]  # fmt: skip


def test_occupations_that_do_not_belong_together_are_not_written() -> None:
    wages, time, contributions = (filled(contract(f"declarations.{kind}").schema) for kind in EVENT_KINDS)
    wages["lines"][0]["occupations"] *= 2
    with pytest.raises(ValueError, match="zip"):
        write_person((wages, time, contributions), 1)


def filled(schema: Any) -> Any:
    """A value of a schema in which nothing is absent."""
    if isinstance(schema, list):
        return filled(next(branch for branch in schema if branch != "null"))
    if isinstance(schema, str):
        return {"string": "R&D <1>", "int": 7, "long": 700, "boolean": True}[schema]
    if schema["type"] == "record":
        return {field["name"]: filled(field["type"]) for field in schema["fields"]}
    if schema["type"] == "array":
        return [filled(schema["items"])]
    if schema["type"] == "enum":
        return schema["symbols"][0]
    return date(2026, 7, 1)


def tags(of: FormBlock) -> set[str]:
    """The elements of all zones of a block and of those below it."""
    own = {start.strip().strip("<>") for _, _, start, _, _ in of.zones}
    return own.union(*(tags(child) for child in of.children))
