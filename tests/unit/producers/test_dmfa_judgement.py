"""One file is judged whole: each thing that can be wrong is told with its code, its place and its severity."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest

from backbone.errors import Reject
from producers.intake import anomalies
from producers.intake.dmfa import xml_stream as reader
from schemas.dmfa.tables import blocks
from tests.builders.declarations import DECLARATION, FORM, SOUND, of_employer, once, with_form
from tests.builders.read_file import read

FIRST = f"{DECLARATION}/NaturalPerson[1]"
Told = list[tuple[str, str, str]]


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., Told]:
    """Judges a text: (code, path, severity) of everything that is told."""

    def judge(text: str | bytes, on: date | None = None) -> Told:
        path = tmp_path / "file"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        with read(path, on) as reading:
            assert reading.accepted == all(anomaly.severity != "blocking" for anomaly in reading.anomalies)
            return [(anomaly.code, anomaly.path, anomaly.severity) for anomaly in reading.anomalies]

    return judge


def persons(tmp_path: Path, text: str) -> list[dict[str, Any]]:
    path = tmp_path / "file"
    path.write_text(text, "utf-8")
    with read(path) as reading:
        return list(reading.persons())


def test_a_sound_declaration_with_one_of_everything_is_accepted_without_a_word(told: Callable[..., Told]) -> None:
    assert told(SOUND) == []


BLOCKING, TOLD = "blocking", "non-blocking"
OCCUPATION = f"{FIRST}/WorkerRecord[1]/Occupation[1]"
WRONG: dict[str, tuple[str, str, str, str, str]] = {
    "a national number whose check digits do not fit": (
        "85073003328", "85073003329", "00024-004", f"{FIRST}/INSS", BLOCKING),
    "a national number that is too short": ("85073003328", "8507300332", "00024-093", f"{FIRST}/INSS", BLOCKING),
    "a national number of a month that is none": (
        "85073003328", "85610599894", "00024-004", f"{FIRST}/INSS", BLOCKING),
    "a national number of somebody born after the quarter": (
        "85073003328", "85070599836", "00024-004", f"{FIRST}/INSS", BLOCKING),
    "a no-break space behind a number": ("85073003328", "85073003328\u00a0", "00024-002", f"{FIRST}/INSS", BLOCKING),
    "digits of another script": ("85073003328", "８５０７３００３３２８", "00024-002", f"{FIRST}/INSS", BLOCKING),
    "a no-break space in an amount": (
        "<ContractType>1<", "<ContractType>\u00a01<", "00050-002", f"{OCCUPATION}/ContractType", BLOCKING),
    "a no-break space beside a date": (
        ">2019-03-01<", ">2019-03-01\u00a0<", "00044-003", f"{OCCUPATION}/OccupationStartingDate", BLOCKING),
    "an em space before a time of day": (
        ">09:30:00.000<", ">\u200309:30:00.000<", "00299-003", "/DmfAOriginal/Form[1]/FormCreationHour", BLOCKING),
    "a no-break space between elements": ("<Retired>", "\u00a0<Retired>", "90169-092", OCCUPATION, BLOCKING),
    "an NSSO number whose check digits do not fit": (
        "000100006", "000100007", "00011-004", f"{DECLARATION}/NOSSRegistrationNbr", BLOCKING),
    "an enterprise number whose check digits do not fit": (
        "1000000021", "1000000022", "00014-004", f"{DECLARATION}/CompanyID", BLOCKING),
    "an establishment unit whose check digits do not fit": (
        "2000000141", "2000000142", "00042-004", f"{OCCUPATION}/LocalUnitID", BLOCKING),
    "a zone that is missing": (
        "<WorkingDaysSystem>500</WorkingDaysSystem>", "", "00047-001", f"{OCCUPATION}/WorkingDaysSystem", BLOCKING),
    "a block that is missing": (
        "<TypeForm>SU</TypeForm>", "", "00297-001", "/DmfAOriginal/Form[1]/TypeForm", BLOCKING),
    "letters for digits": (
        "<ContractType>1<", "<ContractType>a<", "00050-002", f"{OCCUPATION}/ContractType", BLOCKING),
    "a value outside its domain": (
        "<ContractType>1<", "<ContractType>2<", "00050-008", f"{OCCUPATION}/ContractType", BLOCKING),
    "a text that is too long": (
        "counter", "c" * 21, "00617-093", f"{OCCUPATION}/OccupationUserReference", BLOCKING),
    "a day that does not exist": (
        "2019-03-01", "2019-02-29", "00044-003", f"{OCCUPATION}/OccupationStartingDate", BLOCKING),
    "an end before its start": (
        "2022-08-31", "2018-08-31", "00045-014", f"{OCCUPATION}/OccupationEndingDate", BLOCKING),
    "an end outside the quarter": (
        "2022-08-31", "2022-10-31", "00045-008", f"{OCCUPATION}/OccupationEndingDate", BLOCKING),
    "a working-time code that does not exist": (
        "<ServiceCode>001<", "<ServiceCode>006<", "00062-008", f"{OCCUPATION}/Service[1]/ServiceCode", BLOCKING),
    "a working-time code of another time": (
        "<ServiceCode>001<", "<ServiceCode>023<", "00062-008", f"{OCCUPATION}/Service[1]/ServiceCode", BLOCKING),
    "a remuneration code that does not exist": (
        "<RemunCode>001<", "<RemunCode>014<", "00067-008", f"{OCCUPATION}/Remun[1]/RemunCode", BLOCKING),
    "a joint committee that does not exist": (
        ">302<", ">000<", "00046-008", f"{OCCUPATION}/JointCommissionNbr", BLOCKING),
    "a joint committee of another time": (
        ">302<", ">305<", "00046-035", f"{OCCUPATION}/JointCommissionNbr", TOLD),
    "a reduction code that does not exist": (
        "<DeductionCode>3000<", "<DeductionCode>9999<", "00086-008",
        f"{OCCUPATION}/OccupationDeduction[1]/DeductionCode", BLOCKING),
    "a reduction code of another time": (
        "<DeductionCode>3000<", "<DeductionCode>3310<", "00086-034",
        f"{OCCUPATION}/OccupationDeduction[1]/DeductionCode", TOLD),
    "a reduction on the wrong level": (
        "<DeductionCode>3000<", "<DeductionCode>0001<", "00086-064",
        f"{OCCUPATION}/OccupationDeduction[1]/DeductionCode", TOLD),
    "a reduction without the day its right began": (
        "<DeductionRightStartingDate>2019-03-01</DeductionRightStartingDate>", "", "00090-001",
        f"{OCCUPATION}/OccupationDeduction[2]/DeductionRightStartingDate", TOLD),
    "a worker code that is only a contribution": (
        "<WorkerCode>015<", "<WorkerCode>809<", "00037-008", f"{FIRST}/WorkerRecord[1]/WorkerCode", BLOCKING),
    "an employer class that ended": (
        "<EmployerClass>017<", "<EmployerClass>018<", "00036-034", f"{FIRST}/WorkerRecord[1]/EmployerClass", BLOCKING),
    "a contribution type that does not go with its code": (
        "<ContributionType>1<", "<ContributionType>7<", "00083-084",
        f"{FIRST}/WorkerRecord[1]/WorkerContribution[1]/ContributionType", BLOCKING),
    "two lines with the same number": (
        "<ServiceSequenceNbr>02<", "<ServiceSequenceNbr>01<", "00061-006",
        f"{OCCUPATION}/Service[2]/ServiceSequenceNbr", BLOCKING),
    "the same person twice": (
        "<INSS>04022900231<", "<INSS>85073003328<", "00024-006", f"{DECLARATION}/NaturalPerson[2]/INSS", BLOCKING),
    "a name, which a DmfA never holds": (
        "<INSS>85073003328</INSS>", "<INSS>85073003328</INSS><WorkerName>N</WorkerName>", "00025-005",
        f"{FIRST}/WorkerName", BLOCKING),
    "a zone nobody knows": (
        "<Retired>0</Retired>", "<Retired>0</Retired><Shoes>43</Shoes>", "90015-092", f"{OCCUPATION}/Shoes", BLOCKING),
    "zones in another order": (
        "<Retired>0</Retired>", "<Retired>0</Retired><ContractType>1</ContractType>", "00050-091",
        f"{OCCUPATION}/ContractType", BLOCKING),
    "a zone that stands there twice": (
        "<Retired>0</Retired>", "<Retired>0</Retired><Retired>0</Retired>", "00054-090", f"{OCCUPATION}/Retired",
        BLOCKING),
    "an attribute": ("<Retired>", '<Retired a="1">', "90169-092", f"{OCCUPATION}/Retired", BLOCKING),
    "text between elements": ("<Retired>", "text<Retired>", "90169-092", OCCUPATION, BLOCKING),
    "a student's block beside occupations": (
        "<ActivationInformation>",
        "<StudentContribution><StudentRemunAmount>1</StudentRemunAmount></StudentContribution><ActivationInformation>",
        "90003-082", f"{FIRST}/WorkerRecord[1]/StudentContribution", BLOCKING),
    "more days than the occupation has": (
        "03000", "09000", "90015-095", OCCUPATION, TOLD),
    "a bonus that does not say how often it is paid": (
        "<BonusPaymentFrequency>12</BonusPaymentFrequency>", "", "00068-001",
        f"{OCCUPATION}/BonusPaymentFrequency", TOLD),
    "hours of work that are missing": (
        "<MeanWorkingHours>1900</MeanWorkingHours>", "", "00048-001", f"{OCCUPATION}/MeanWorkingHours", BLOCKING),
    "an amount owed that does not add up": (
        "000000000177140", "000000000177141", "00015-007", f"{DECLARATION}/NetOwedAmount", TOLD),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_with_its_code_and_place(case: str, told: Callable[..., Told]) -> None:
    old, new, code, path, severity = WRONG[case]
    assert (code, path, severity) in told(once(old, new))


@pytest.mark.parametrize("case", sorted(WRONG))
def test_one_thing_wrong_gives_one_anomaly(case: str, told: Callable[..., Told]) -> None:
    old, new, code, _, _ = WRONG[case]
    follows = {"00044-003": 1, "00086-034": 1, "00086-064": 1, "90003-082": 1}
    assert len({found for found, _, _ in told(once(old, new))}) <= 1 + follows.get(code, 0)


ZONES = {zone.element: zone for block in blocks().values() for zone in block.zones}
SPACES = ("\u00a0", "\u2003", "\u3000", "\u0085", "\u2028")


@pytest.mark.parametrize("space", SPACES)
def test_only_the_white_space_of_xml_is_passed_over_in_any_zone_that_is_not_free_text(
    space: str, told: Callable[..., Told]
) -> None:
    there = {name: text for name, text in re.findall(r"<(\w+)>([^<]+)</", SOUND) if ZONES[name].type != "string"}
    assert len(there) > 60
    for name, text in there.items():
        for changed in (f"{text}{space}", f"{space}{text}"):
            zone = ZONES[name].number
            found = told(once(f"<{name}>{text}</", f"<{name}>{changed}</"))
            assert any(code.startswith(zone) and severity == BLOCKING for code, _, severity in found), (name, found)
    assert told(once("<ContractType>1</", "<ContractType>\t1\n </")) == []


def test_a_sign_that_cannot_be_seen_is_named_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(once("85073003328", "85073003328\u00a0"), "utf-8")
    with read(path) as reading:
        assert reading.anomalies[0].message.startswith("“85073003328[U+00A0]” is not a whole number.")


def test_an_element_inside_a_zone_is_told_whatever_value_was_read_before(told: Callable[..., Told]) -> None:
    assert told(SOUND) == []
    found = told(once("<Retired>0</Retired>", "<Retired>0<Shoes/></Retired>"))
    assert ("00054-092", f"{OCCUPATION}/Retired", BLOCKING) in found


def test_everything_wrong_is_told_at_once(told: Callable[..., Told]) -> None:
    text = SOUND
    for old, new, _, _, _ in WRONG.values():
        if len(re.findall(re.escape(old), text)):
            text = text.replace(old, new, 1)
    codes = {code for code, _, _ in told(text)}
    assert len(codes) > len(WRONG) // 2


@pytest.mark.parametrize(
    ("created", "on", "code"),
    [
        ("2022-06-30", None, "00013-008"),
        ("2022-07-01", None, ""),
        ("2025-10-31", None, ""),
        ("2025-11-01", None, "00013-313"),
        ("2022-10-14", date(2025, 11, 1), "00013-313"),
        ("2022-10-14", date(2022, 10, 13), "00218-008"),
        ("2022-10-14", date(2023, 12, 31), ""),
        ("2022-10-14", date(2024, 1, 1), "00218-008"),
    ],
)
def test_a_quarter_is_taken_from_its_first_day_until_it_lapses(
    created: str, on: date | None, code: str, told: Callable[..., Told]
) -> None:
    found = {code for code, _, _ in told(once("<FormCreationDate>2022-10-14", f"<FormCreationDate>{created}"), on)}
    assert (code in found) if code else not found


def test_an_employer_without_any_number_is_refused(told: Callable[..., Told]) -> None:
    text = once(">000100006<", ">0<").replace(">1000000021<", ">0<")
    assert told(text) == [("00011-001", f"{DECLARATION}/NOSSRegistrationNbr", BLOCKING)]


def test_a_second_form_is_read_like_the_first_and_named_in_the_path(told: Callable[..., Told]) -> None:
    other = of_employer("1000000120", FORM).replace(">85073003328<", ">85073003329<")
    assert told(with_form(other)) == [
        ("00024-004", f"{DECLARATION.replace('Form[1]', 'Form[2]')}/NaturalPerson[1]/INSS", BLOCKING)
    ]


def test_the_same_declaration_twice_in_a_file_is_refused(told: Callable[..., Told]) -> None:
    assert told(with_form(FORM)) == [("90007-006", "/DmfAOriginal/Form[2]/EmployerDeclaration", BLOCKING)]


NO_DMFA: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "90169-134"),
    "no XML": (b"hello", "90169-102"),
    "broken off": (SOUND.encode()[:-100], "90169-102"),
    "another form": (b"<WECH001/>", "90169-089"),
    "another namespace": (b'<DmfAOriginal xmlns="urn:x"/>', "90169-089"),
    "an update": (b"<DmfAUpdate/>", "00297-163"),
    "a document type": (b"<!DOCTYPE DmfAOriginal><DmfAOriginal/>", "90169-102"),
    "entities": (b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><DmfAOriginal>&a;</DmfAOriginal>', "90169-102"),
    "a file of this machine": (b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>', "90169-102"),
    "too deep": (b"<DmfAOriginal>" + b"<a>" * 10_000, "90169-102"),
    "one endless block": (b"<DmfAOriginal><Form>" + b"<a/>" * 1_500_000, "90169-172"),
    "one endless value": (SOUND.replace("counter", "c" * 11_000_000).encode(), "90169-172"),
}


@pytest.mark.parametrize("case", NO_DMFA)
def test_what_is_no_dmfa_gets_one_clear_anomaly(case: str, told: Callable[..., Told]) -> None:
    content, code = NO_DMFA[case]
    assert [(found, severity) for found, _, severity in told(content)] == [(code, BLOCKING)]


def test_no_damage_to_a_file_goes_unanswered(tmp_path: Path) -> None:
    dice = Random(20223)  # noqa: S311  # the same damage every time, no secret
    path = tmp_path / "damaged"
    for _ in range(150):
        damaged = bytearray(SOUND.encode())
        for _ in range(dice.randint(1, 4)):
            place = dice.randrange(len(damaged))
            damaged[place : place + dice.randint(0, 200)] = dice.choice((b"", b"<", b"&#0;", b"</Form>", b"<!--", b"9"))
        path.write_bytes(damaged)
        with read(path) as reading:
            assert reading.accepted or reading.anomalies
            assert all(anomaly.message.endswith(".") for anomaly in reading.anomalies)


def test_a_file_that_is_too_large_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(reader.LARGEST_FILE + 1)
    with read(path) as reading:
        assert [anomaly.code for anomaly in reading.anomalies] == ["90169-172"]


def test_after_very_many_anomalies_the_file_is_not_read_on(
    told: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anomalies, "MOST", 3)
    assert len(told(b"<DmfAOriginal>" + b"<Form/>" * 50 + b"</DmfAOriginal>")) == 4


def test_a_file_that_cannot_be_opened_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(Reject), read(tmp_path / "missing"):
        pass


def test_a_refused_file_gives_no_persons(tmp_path: Path) -> None:
    assert persons(tmp_path, once("85073003328", "85073003329")) == []


def test_other_encodings_comments_and_character_data_read_the_same(tmp_path: Path) -> None:
    def essence(text: str) -> list[Any]:
        return [person["declarations.wages"]["lines"] for person in persons(tmp_path, text)]

    changed = once(">counter<", ">cou<!-- so -->nter<").replace(">SU<", "><![CDATA[SU]]><").replace(">500<", "> 500 <")
    assert essence(changed) == essence(SOUND)


def test_every_person_gives_three_events_with_one_envelope(tmp_path: Path) -> None:
    found = persons(tmp_path, SOUND)
    assert len(found) == 6
    for person in found:
        assert list(person) == ["declarations.wages", "declarations.working-time", "declarations.contributions"]
        same = ("declaration", "version", "status", "quarter", "employer", "person", "occurred_at")
        assert len({tuple(event[name] for name in same) for event in person.values()}) == 1
        assert len({event["event"] for event in person.values()}) == 3
    assert found[0]["declarations.wages"]["employer"] == "1000000021"


def test_amounts_are_cents_and_days_and_hours_are_hundredths(tmp_path: Path) -> None:
    first = persons(tmp_path, SOUND)[0]
    paid = first["declarations.wages"]["lines"][0]["occupations"][0]["remunerations"]
    worked = first["declarations.working-time"]["lines"][0]["occupations"][0]
    owed = first["declarations.contributions"]["lines"][0]
    assert [(line["code"], line["amount"]) for line in paid] == [("001", 250000), ("002", 20000)]
    assert [(line["code"], line["days"], line["hours"]) for line in worked["services"]] == [
        ("001", 3000, 11400),
        ("050", 200, 760),
    ]
    assert (worked["start"], worked["end"], worked["joint_committee"]) == (date(2019, 3, 1), date(2022, 8, 31), "302")
    assert [(deduction["code"], deduction["amount"]) for deduction in owed["occupations"][0]["deductions"]] == [
        ("3000", 30000),
        ("3315", 40000),
    ]
    assert owed["deductions"][1]["details"][0]["registry_number"] == "123/CO"


def test_the_same_file_gives_the_same_events(tmp_path: Path) -> None:
    def ids() -> list[str]:
        return [event["event"] for person in persons(tmp_path, SOUND) for event in person.values()]

    assert ids() == ids()
    assert len(set(ids())) == 18


def test_public_careers_students_and_indemnities_come_through(tmp_path: Path) -> None:
    found = persons(tmp_path, SOUND)
    career = found[0]["declarations.working-time"]["lines"][0]["occupations"][1]["public_service"][0]
    assert career["scale_salaries"][0]["supplements"][0]["amount"] == 5000
    assert found[1]["declarations.working-time"]["lines"][0]["student"] == {
        "days": None,
        "hours": 80,
        "establishment": "2000000141",
    }
    lines = [person["declarations.contributions"]["lines"][0] for person in found]
    assert lines[2]["dismissed_statutory"]["gross"] == 500000
    assert lines[3]["early_retirement"][0]["months"] == 3
    assert lines[4]["complementary_indemnities"][0]["contributions"][0]["amount"] == 7000
    assert lines[5]["accident_indemnities"] == [{"nature": 1, "incapacity": 1050, "amount": 30000}]
