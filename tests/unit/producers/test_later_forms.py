"""What came into the form after the tables is told, kept and not read; what the tables know is judged as before."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from producers.intake import anomalies
from producers.intake.event_encoder import EventEncoder
from producers.intake.file_validation import judge
from rules.catalogue import decide_all, excesses
from rules.findings.contradiction import doubt_history
from rules.findings.finding import Certainty
from rules.view.history import QuarterRecord, history_of, pack, unpack
from rules.view.situation import Situation, situation
from schemas.contracts import contract
from schemas.dmfa.code_lists import code_list
from schemas.dmfa.forms import elements
from schemas.dmfa.later_forms import ELEMENTS, later_parts
from schemas.dmfa.tables import EVENT_KINDS, TABLES_OF, is_later
from tests.builders import declarations
from tests.builders.declarations import DECLARATION, LATER, SOUND
from tests.builders.law import LAW
from tests.builders.read_file import read

LINE = f"{DECLARATION}/NaturalPerson[1]/WorkerRecord[1]"
OCCUPATION = f"{LINE}/Occupation[1]"
BLOCKING, TOLD = "blocking", "non-blocking"
CODES: dict[str, tuple[str, str, str, str]] = {
    "a service": ("ServiceCode", "001", "081", f"{OCCUPATION}/Service[1]/ServiceCode"),
    "a remuneration": ("RemunCode", "001", "088", f"{OCCUPATION}/Remun[1]/RemunCode"),
    "a reduction of an occupation": (
        "DeductionCode", "3000", "7777", f"{OCCUPATION}/OccupationDeduction[1]/DeductionCode"),
    "a reduction of a line": ("DeductionCode", "0001", "0777", f"{LINE}/WorkerDeduction[1]/DeductionCode"),
    "a contribution": (
        "ContributionWorkerCode", "015", "899", f"{LINE}/WorkerContribution[1]/ContributionWorkerCode"),
    "a worker code": ("WorkerCode", "015", "777", f"{LINE}/WorkerCode"),
    "an employer class": ("EmployerClass", "017", "999", f"{LINE}/EmployerClass"),
    "a joint committee": ("JointCommissionNbr", "302", "777.77", f"{OCCUPATION}/JointCommissionNbr"),
    "a measure": ("ReorganisationMeasure", "4", "77", f"{OCCUPATION}/ReorganisationMeasure"),
}  # fmt: skip
ZONES: dict[str, tuple[str, str]] = {
    "in the form": ("<TypeForm>SU</TypeForm>", "90059"),
    "in the head of the declaration": ("<System5>0</System5>", "90007"),
    "in a person": ("<INSS>85073003328</INSS>", "90017"),
    "in a worker line": ("<Border>0</Border>", "90012"),
    "in an occupation": ("<Retired>0</Retired>", "90015"),
    "in the information of an occupation": ("<HorecaExtra>E</HorecaExtra>", "90313"),
    "in a service": ("<ServiceCode>001</ServiceCode>", "90018"),
    "in a company vehicle": ("<CompanyVehicleSequenceNbr>1</CompanyVehicleSequenceNbr>", "90294"),
    "between persons": ("</NaturalPerson>", "90007"),
    "behind the last block": ("</ContributionUnrelatedToNP>", "90007"),
    "behind the declaration": ("</EmployerDeclaration>", "90059"),
}  # fmt: skip
NEW = '<FlexiMark since="2026-07-01">yes<Detail note="x">1</Detail></FlexiMark>'


once = partial(declarations.once, text=LATER)


def changed(case: str) -> str:
    name, old, new, _ = CODES[case]
    return once(f"<{name}>{old}</{name}>", f"<{name}>{new}</{name}>")


class Read:
    """What a text is told, and what of it would travel."""

    def __init__(self, path: Path, text: str) -> None:
        path.write_text(text, "utf-8")
        with read(path) as reading:
            self.accepted = reading.accepted
            self.told = [(one.code, one.path, one.severity) for one in reading.anomalies]
            self.messages = [one.message for one in reading.anomalies]
            self.persons = list(reading.persons())
        self.kept: list[dict[str, str]] = [
            kept
            for entry in judge(path, EventEncoder(lambda *_: None, trace="")).entries
            for kept in entry.content.get("unread", [])
        ]
        self.unread = [person["declarations.working-time"]["unread"] for person in self.persons]

    def travels(self, text: str) -> bool:
        return text in json.dumps(self.persons, default=str)


@pytest.fixture
def reading(tmp_path: Path) -> Callable[[str], Read]:
    return lambda text: Read(tmp_path / "file.xml", text)


def test_the_same_declaration_of_a_later_quarter_is_accepted_without_a_word(reading: Callable[[str], Read]) -> None:
    found = reading(LATER)
    assert (found.accepted, found.told, found.kept) == (True, [], [])
    assert found.unread == [False] * 6
    assert not is_later(TABLES_OF)
    assert is_later("2022Q4")


@pytest.mark.parametrize("case", CODES)
def test_a_code_that_the_tables_do_not_know_is_told_kept_and_reaches_nobody(
    case: str, reading: Callable[[str], Read]
) -> None:
    name, _, new, path = CODES[case]
    found = reading(changed(case))
    assert found.accepted
    assert [(place, severity) for _, place, severity in found.told] == [(path, TOLD)]
    assert "not known to these tables, which are those of 2022/3" in found.messages[0]
    assert not found.travels(f'"{new}"')
    assert not found.travels(f'"code": "{new}"')
    assert [one for one in found.kept if f"<{name}>{new}</{name}>" in one["xml"]]
    assert found.unread == [True] + [False] * 5


@pytest.mark.parametrize("case", CODES)
def test_the_same_code_in_a_quarter_of_the_tables_refuses_the_file(case: str, reading: Callable[[str], Read]) -> None:
    name, old, new, path = CODES[case]
    found = reading(once(f"<{name}>{old}</{name}>", f"<{name}>{new}</{name}>", text=SOUND))
    assert not found.accepted
    assert (path, BLOCKING) in [(place.replace("2026", "2022"), severity) for _, place, severity in found.told]


def test_what_stands_beside_an_unknown_code_still_travels(reading: Callable[[str], Read]) -> None:
    before, after = reading(LATER).persons[0], reading(changed("a service")).persons[0]
    old = before["declarations.working-time"]["lines"][0]["occupations"][0].pop("services")
    new = after["declarations.working-time"]["lines"][0]["occupations"][0].pop("services")
    assert [one["code"] for one in old] == ["001", "050"]
    assert new == old[1:]
    after["declarations.working-time"]["unread"] = False
    for person in (before, after):
        for event in person.values():
            del event["occurred_at"]
    assert after == before


@pytest.mark.parametrize("case", ["a reduction of an occupation", "a contribution"])
def test_amounts_under_an_unknown_code_count_in_what_is_owed(case: str, reading: Callable[[str], Read]) -> None:
    told = [code for code, _, _ in reading(changed(case)).told]
    assert told
    assert "00015-007" not in told


@pytest.mark.parametrize("case", ZONES)
def test_a_zone_that_the_tables_do_not_know_is_told_kept_and_reaches_nobody(
    case: str, reading: Callable[[str], Read]
) -> None:
    after, block = ZONES[case]
    found = reading(once(after, f"{after}{NEW}"))
    assert [(code, severity) for code, _, severity in found.told] == [(f"{block}-092", TOLD)]
    assert found.told[0][1].endswith("/FlexiMark")
    assert found.accepted
    assert not found.travels("Flexi")
    assert [one["xml"] for one in found.kept] == [NEW]
    personal = f"{DECLARATION}/NaturalPerson[" in found.told[0][1]
    assert found.unread == [personal] + [False] * 5
    assert not reading(once(after, f"{after}{NEW}", text=SOUND)).accepted


REFUSED: dict[str, tuple[str, str, str]] = {
    "the placeholder of a service": ("<ServiceCode>001<", "<ServiceCode>999<", "00062-008"),
    "the placeholder of a reduction": ("<DeductionCode>3000<", "<DeductionCode>9999<", "00086-008"),
    "the placeholder of a joint committee": (">302<", ">000<", "00046-008"),
    "a service that ended": ("<ServiceCode>001<", "<ServiceCode>023<", "00062-008"),
    "an employer class that ended": ("<EmployerClass>017<", "<EmployerClass>018<", "00036-034"),
    "a worker code that is only a contribution": ("<WorkerCode>015<", "<WorkerCode>809<", "00037-008"),
    "a known zone in another block": ("<Retired>0<", "<ServiceCode>001</ServiceCode><Retired>0<", "90015-092"),
    "letters for a code": ("<ServiceCode>001<", "<ServiceCode>0A1<", "00062-002"),
    "a zone inside a zone": ("<Retired>0<", "<Retired>0<New/><", "00054-092"),
    "an attribute of a known zone": ("<Retired>0<", '<Retired new="1">0<', "90169-092"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_tables_do_know_is_refused_in_a_later_quarter_too(case: str, reading: Callable[[str], Read]) -> None:
    old, new, code = REFUSED[case]
    assert code in [found for found, _, severity in reading(once(old, new)).told if severity == BLOCKING]


def test_a_code_found_since_travels_from_its_quarter_on_and_is_not_known_before(reading: Callable[[str], Read]) -> None:
    text = once("<ServiceCode>001<", "<ServiceCode>038<")
    assert reading(text).told == []
    assert reading(text).travels('"038"')
    earlier = text.replace("20263", "20262").replace("2026-07-01", "2026-04-01").replace("2026-09-30", "2026-06-30")
    found = reading(earlier.replace("2026-08-31", "2026-05-31"))
    assert ("00062-008", TOLD) in [(code, severity) for code, _, severity in found.told]
    assert not found.travels('"038"')


@pytest.mark.parametrize("code", ["016", "017", "081"])
@pytest.mark.parametrize("quarter", [("20263", ""), ("20224", "2022")])
def test_a_service_code_whose_first_quarter_was_not_found_is_named_and_not_read(
    code: str, quarter: tuple[str, str], reading: Callable[[str], Read]
) -> None:
    text = once("<ServiceCode>001<", f"<ServiceCode>{code}<")
    if quarter[1]:
        text = text.replace("2026", "2022").replace("20223", "20224")
        text = text.replace("2022-07-01", "2022-10-01").replace("2022-09-30", "2022-12-31").replace("08-31", "11-30")
    found = reading(text)
    assert found.accepted
    told = [one for one, (told, _, severity) in zip(found.messages, found.told, strict=True) if severity == TOLD]
    (message,) = [one for one in told if f"“{code}”" in one]
    assert later_parts()["services", code].said in message
    assert "first quarter not found (REPO: " in message
    assert not found.travels(f'"code": "{code}"')
    assert found.unread[0]
    assert not reading(once("<ServiceCode>001<", f"<ServiceCode>{code}<", text=SOUND)).accepted


@pytest.mark.parametrize("name", ["EmployerCompensation", "FlexiNotion"])
def test_a_block_or_zone_of_a_later_form_is_named_and_kept(name: str, reading: Callable[[str], Read]) -> None:
    added = f"<{name}>1</{name}>"
    place = "<System5>0</System5>" if name == "EmployerCompensation" else "<HorecaExtra>E</HorecaExtra>"
    found = reading(once(place, f"{place}{added}"))
    assert found.accepted
    assert [severity for _, _, severity in found.told] == [TOLD]
    assert later_parts()[ELEMENTS, name].said in found.messages[0]
    assert [one["xml"] for one in found.kept] == [added]
    assert not reading(once(place, f"{place}{added}", text=SOUND)).accepted


def test_a_part_of_a_later_form_says_how_it_was_read_and_is_in_no_table() -> None:
    assert len(later_parts()) == 9
    known = {(ELEMENTS, element) for element in elements()}
    for (kind, code), part in later_parts().items():
        assert part.quality in ("OFF", "SEC", "REPO")
        assert part.source
        assert part.label
        assert (kind, code) not in known
        assert kind == ELEMENTS or not code_list(kind).knows(code)
        assert part.first or "first quarter not found" in part.said
        assert not part.first or is_later(part.first)


@pytest.mark.parametrize("employer_class", ["373", "673"])
@pytest.mark.parametrize("worker_code", ["012", "025", "485", "492"])
def test_sheltered_workers_may_stand_under_the_classes_of_tailored_work(
    employer_class: str, worker_code: str, reading: Callable[[str], Read]
) -> None:
    text = once("<EmployerClass>017<", f"<EmployerClass>{employer_class}<")
    found = reading(once("<WorkerCode>015<", f"<WorkerCode>{worker_code}<", text=text))
    assert found.accepted
    assert not [code for code, _, _ in found.told if code.startswith(("00036", "00037"))]
    assert found.unread[0] is False
    for quarter in ("2023Q1", "2026Q3"):
        assert code_list("employer_classes").holds(employer_class, quarter)
        assert code_list("workers").holds(worker_code, quarter)


def test_what_is_everywhere_is_told_once_with_its_number_of_places(reading: Callable[[str], Read]) -> None:
    found = reading(re.sub(r"(<INSS>\d+</INSS>)", r"\1<FlexiMark>1</FlexiMark>", LATER))
    assert len(found.told) == 1
    assert found.told[0][1] == f"{DECLARATION}/NaturalPerson[1]/FlexiMark"
    assert found.messages[0].endswith("This is the first of 6 places.")
    assert len(found.kept) == 6
    assert found.kept[5]["path"] == f"{DECLARATION}/NaturalPerson[6]/FlexiMark"
    assert found.unread == [True] * 6


def test_more_than_can_be_kept_refuses_the_file(
    reading: Callable[[str], Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anomalies, "MOST_UNREAD", 1000)
    found = reading(once("<Retired>0<", f"<FlexiMark>{'x' * 1001}</FlexiMark><Retired>0<"))
    assert found.told[-1] == ("90169-172", "/DmfAOriginal", BLOCKING)


def seen(text: str, tmp_path: Path) -> Iterator[Situation]:
    for person in Read(tmp_path / "one.xml", text).persons:
        wages, working_time, contributions = (person[f"declarations.{kind}"] for kind in EVENT_KINDS)
        yield situation(wages, working_time, contributions)


def ordinary(deduction: str = "", extra: str = "") -> str:
    """One full-time employee of 2026Q3."""
    start, end = LATER.index("<NaturalPerson>"), LATER.rindex("</EmployerDeclaration>")
    person = f"""<NaturalPerson><NaturalPersonSequenceNbr>1</NaturalPersonSequenceNbr><INSS>85073003328</INSS>
<WorkerRecord><EmployerClass>010</EmployerClass><WorkerCode>495</WorkerCode>
<NOSSQuarterStartingDate>2026-07-01</NOSSQuarterStartingDate><NOSSQuarterEndingDate>2026-09-30</NOSSQuarterEndingDate>
<Border>0</Border><Occupation><OccupationSequenceNbr>1</OccupationSequenceNbr>
<OccupationStartingDate>2015-01-01</OccupationStartingDate><JointCommissionNbr>200</JointCommissionNbr>
<WorkingDaysSystem>500</WorkingDaysSystem><ContractType>0</ContractType><RefMeanWorkingHours>3800</RefMeanWorkingHours>
<MeanWorkingHours>3800</MeanWorkingHours><Retired>0</Retired><LocalUnitID>2000000141</LocalUnitID>
<Service><ServiceSequenceNbr>1</ServiceSequenceNbr><ServiceCode>001</ServiceCode>
<ServiceNbrDays>6600</ServiceNbrDays></Service>{extra}
<Remun><RemunSequenceNbr>1</RemunSequenceNbr><RemunCode>001</RemunCode><RemunAmount>690000</RemunAmount></Remun>
{deduction}</Occupation><WorkerContribution><ContributionWorkerCode>495</ContributionWorkerCode>
<ContributionType>0</ContributionType><ContributionCalculationBasis>690000</ContributionCalculationBasis>
<ContributionAmount>262683</ContributionAmount></WorkerContribution></WorkerRecord></NaturalPerson>"""
    return LATER[:start] + person + LATER[end:]


OVERTIME = (
    "<Service><ServiceSequenceNbr>2</ServiceSequenceNbr><ServiceCode>081</ServiceCode>"
    "<ServiceNbrDays>100</ServiceNbrDays></Service>"
)
TOO_MUCH = (
    "<OccupationDeduction><DeductionCode>3000</DeductionCode><DeductionAmount>200000</DeductionAmount>"
    "</OccupationDeduction>"
)


def test_nothing_is_sure_of_a_person_of_whom_something_was_not_read(tmp_path: Path) -> None:
    (known,), (unknown,) = seen(ordinary(), tmp_path), seen(ordinary(extra=OVERTIME), tmp_path)
    day = date(2026, 10, 20)
    sure = {finding.rule for finding in decide_all(known, day, LAW) if finding.certainty.states_an_amount}
    assert sure
    doubted = [finding for finding in decide_all(unknown, day, LAW) if finding.rule in sure]
    assert {finding.rule for finding in doubted} == sure
    for finding in doubted:
        assert finding.certainty is Certainty.TO_CHECK
        assert any("do not know" in step.source for step in finding.trace if step.step == "certainty")


def test_no_excess_is_told_where_something_was_not_read(tmp_path: Path) -> None:
    (known,) = seen(ordinary(TOO_MUCH), tmp_path)
    (unknown,) = seen(ordinary(TOO_MUCH, OVERTIME), tmp_path)
    assert [excess.deduction_code for excess in excesses(known, LAW)] == ["3000"]
    assert excesses(unknown, LAW) == []


def test_a_history_remembers_that_something_was_not_read(tmp_path: Path) -> None:
    (unknown,), (known,) = seen(ordinary(extra=OVERTIME), tmp_path), seen(ordinary(), tmp_path)
    for one, expected in ((unknown, True), (known, False)):
        slots = {(one.quarter, one.employer): QuarterRecord(history_of(one).worked, ())}
        (kept,) = unpack(pack(slots)).values()
        assert [worked.unread for worked in kept.worked] == [expected]
    certain = next(one for one in decide_all(known, date(2026, 10, 20), LAW) if one.certainty.states_an_amount)
    for one, certainty in ((unknown, Certainty.TO_CHECK), (known, certain.certainty)):
        history = history_of(one)
        (found,) = doubt_history(history, [replace(certain, causes=history.worked[0].events)])
        assert found.certainty is certainty
    (found,) = doubt_history(history_of(unknown), [replace(certain, causes=("another event",))])
    assert found.certainty is certain.certainty


def test_only_the_rules_learn_that_something_was_not_read() -> None:
    from consumers.deliberations import RULES, load

    granted = {one.recipient for one in load() if "unread" in one.granted("declarations.working-time")}
    assert granted == {RULES}
    assert contract("declarations.working-time").schema["fields"][-1]["name"] == "unread"
