"""An update is read as an original is: what is wrong is told at its place, the rest comes as values to apply."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from producers.intake.dmfa.checks.sending_date import must_be_justified
from producers.intake.dmfa.updates.content import LastSituation, PersonUpdate, QuotedPerson, UpdatedDeclaration
from producers.intake.dmfa.walk import Walk
from producers.intake.dmfa.xml_stream import Stream
from producers.intake.event_encoder import EventEncoder
from producers.intake.file_validation import FileValidation, judge
from schemas.dmfa.update_tables import UpdateAction
from tests.builders.declarations import SOUND, once, with_form
from tests.builders.updates import SOUND_UPDATE, UPDATED, update_of

LATER_UPDATE = SOUND_UPDATE.replace("2022", "2026")
FIRST = f"{UPDATED}/NaturalPersonUpdate[1]"
LINE = f"{FIRST}/WorkerRecordUpdate[1]"
CONTENT = f"{LINE}/WorkerRecordUpdateAction"
OCCUPATION = f"{CONTENT}/OccupationUpdate[1]"
VEHICLE = f"{UPDATED}/CompanyVehicleUpdateAction[1]"
UNRELATED = f"{UPDATED}/ContributionUnrelatedToNPUpdate[1]"
Told = list[tuple[str, str]]


def change(old: str, new: str, text: str = SOUND_UPDATE) -> str:
    """The update with the first match of a pattern replaced, which must be there."""
    changed, number = re.subn(old, new, text, count=1, flags=re.DOTALL)
    assert number
    return changed


@pytest.fixture
def reading(tmp_path: Path) -> Callable[..., tuple[FileValidation, list[PersonUpdate]]]:
    """Reads an update: what is judged of it, and its persons."""

    def read(text: str, on: date | None = None) -> tuple[FileValidation, list[PersonUpdate]]:
        path = tmp_path / "update.xml"
        path.write_text(text, "utf-8")
        persons: list[PersonUpdate] = []
        found = judge(path, EventEncoder(lambda *_: None, trace=""), on=on, updates=persons.append)
        assert found.accepted == (not any(anomaly.severity == "blocking" for anomaly in found.anomalies.entries))
        return found, persons

    return read


@pytest.fixture
def told(reading: Callable[..., tuple[FileValidation, list[PersonUpdate]]]) -> Callable[..., Told]:
    """Reads an update: (code, path) of everything that is told."""

    def read(text: str, on: date | None = None) -> Told:
        found, _ = reading(text, on)
        assert all(anomaly.message.endswith(".") for anomaly in found.anomalies.entries)
        assert all(anomaly.path.startswith("/DmfAUpdate") for anomaly in found.anomalies.entries)
        return [(anomaly.code, anomaly.path) for anomaly in found.anomalies.entries]

    return read


def action(number: int, text: str = SOUND_UPDATE) -> str:
    """The update in which the first worker line has another action."""
    return change("<UpdateAction>1<", f"<UpdateAction>{number}<", text)


def test_a_sound_update_with_one_of_everything_is_read_without_a_word(told: Callable[..., Told]) -> None:
    assert told(SOUND_UPDATE) == []


LINE_ZONES = r"<NOSSQuarterStartingDate>.*?</Border>\s*"
LINE_BLOCKS = r"(<UpdateAction>1</UpdateAction>)(?:(?!</WorkerRecordUpdateAction>).)*(</WorkerRecordUpdateAction>)"
LAST = r"<LastSituationWR>.*?</LastSituationWR>"
EMPTIED = change(LINE_BLOCKS, r"\1\2")
ONE_LINE = r"<WorkerRecordUpdate>.*?</WorkerRecordUpdate>"
first_line = re.search(ONE_LINE, SOUND_UPDATE, re.DOTALL)
assert first_line
TWICE = change(ONE_LINE, (first_line[0] * 2).replace("\\", r"\\"))
NUMBER = "WorkerRecordVersionNbr"
WRONG: dict[str, tuple[str, Told]] = {
    "the form of an original": (
        change(">DMFAUPD<", ">DMFA<"), [("00296-008", "/DmfAUpdate/Form[1]/Identification")]),
    "the status of an original": (
        change("<AttestationStatus>1<", "<AttestationStatus>0<"),
        [("00110-008", "/DmfAUpdate/Form[1]/AttestationStatus")]),
    "what is owed": (
        change("<System5>", "<NetOwedAmount>1</NetOwedAmount><System5>"),
        [("00015-090", f"{UPDATED}/NetOwedAmount")]),
    "no identifier of the declaration": (
        change("<EmployerDeclarationPID>.*?</EmployerDeclarationPID>", ""),
        [("00534-001", f"{UPDATED}/EmployerDeclarationPID")]),
    "a text for an identifier": (
        change("<EmployerDeclarationPID>.*?<", "<EmployerDeclarationPID>first<"),
        [("00534-002", f"{UPDATED}/EmployerDeclarationPID")]),
    "a justification that is too long": (
        change(">misread<", f">{'x' * 561}<"), [("00545-093", f"{UPDATED}/Justification")]),
    "an action that does not exist": (action(2), [("00618-008", f"{CONTENT}/UpdateAction")]),
    "a text for an action": (
        change("<UpdateAction>1<", "<UpdateAction>delete<"), [("00618-002", f"{CONTENT}/UpdateAction")]),
    "no action": (change("<UpdateAction>1</UpdateAction>", ""), [("00618-001", f"{CONTENT}/UpdateAction")]),
    "a version number with too many digits": (
        change(f"<{NUMBER}>.*?<", f"<{NUMBER}>100000000000<"), [("00610-093", f"{LINE}/LastSituationWR/{NUMBER}")]),
    "a version number that would overflow anything": (
        change(f"<{NUMBER}>.*?<", f"<{NUMBER}>{'9' * 5000}<"), [("00610-093", f"{LINE}/LastSituationWR/{NUMBER}")]),
    "version number zero": (
        change(f"<{NUMBER}>.*?<", f"<{NUMBER}>0<"), [("00610-008", f"{LINE}/LastSituationWR/{NUMBER}")]),
    "a negative version number": (
        change(f"<{NUMBER}>.*?<", f"<{NUMBER}>-1<"), [("00610-008", f"{LINE}/LastSituationWR/{NUMBER}")]),
    "a text for a version number": (
        change(f"<{NUMBER}>.*?<", f"<{NUMBER}>last<"), [("00610-002", f"{LINE}/LastSituationWR/{NUMBER}")]),
    "a changed line without its last situation": (
        change(LAST, ""), [("90221-001", f"{LINE}/LastSituationWR")]),
    "a deleted line without its last situation": (
        action(0, change(LAST, "")), [("90221-001", f"{LINE}/LastSituationWR")]),
    "a created line with a last situation": (action(3), [("90221-090", f"{LINE}/LastSituationWR")]),
    "a changed line without its zones": (
        change(LINE_ZONES, ""),
        [(f"{zone}-001", f"{CONTENT}/{name}") for zone, name in (
            ("00038", "NOSSQuarterStartingDate"), ("00039", "NOSSQuarterEndingDate"), ("00040", "Border"))]),
    "a changed line without content": (EMPTIED, [("90211-090", f"{CONTENT}/OccupationUpdate")]),
    "a line that is quoted twice": (
        TWICE,
        [
            ("00610-006", f"{FIRST}/WorkerRecordUpdate[2]/LastSituationWR/{NUMBER}"),
            ("90225-006", f"{FIRST}/WorkerRecordUpdate[2]/WorkerRecordUpdateAction")]),
    "two occupations of one last situation": (
        change(
            "(<OccupationVersionNbr>)(\\d+)(<.*?<OccupationVersionNbr>)\\d+", r"\g<1>\g<2>\g<3>\g<2>"),
        [("00619-006", f"{CONTENT}/OccupationUpdate[2]/OccupationVersionNbr")]),
    "a person of whom too little is quoted": (
        change("<DeclNaturalPersonPID>.*?</DeclNaturalPersonVersionNbr>", ""),
        [("00548-001", f"{FIRST}/DeclNaturalPersonPID"), ("00620-001", f"{FIRST}/DeclNaturalPersonVersionNbr")]),
    "one person under the identifier of another": (
        change(
            "(<DeclNaturalPersonPID>)(\\d+)(<.*?<DeclNaturalPersonPID>)\\d+", r"\g<1>\g<2>\g<3>\g<2>"),
        [("00548-006", f"{UPDATED}/NaturalPersonUpdate[2]/DeclNaturalPersonPID")]),
    "the same person twice": (
        once("<INSS>04022900231<", "<INSS>85073003328<", SOUND_UPDATE),
        [("00024-006", f"{UPDATED}/NaturalPersonUpdate[2]/INSS")]),
    "a vehicle that does not change": (
        change("(<CompanyVehicleVersionNbr>.*?<UpdateAction>)1", r"\g<1>9"),
        [("00618-174", f"{VEHICLE}/UpdateAction")]),
    "a deleted vehicle without its version number": (
        change("<CompanyVehicleVersionNbr>.*?</CompanyVehicleVersionNbr>(\\s*<UpdateAction>)1", r"\g<1>0"),
        [("00782-001", f"{VEHICLE}/CompanyVehicleVersionNbr")]),
    "a vehicle twice": (
        change("(<CompanyVehicleUpdateAction>.*?</CompanyVehicleUpdateAction>)", r"\1\1"),
        [(code, f"{UPDATED}/CompanyVehicleUpdateAction[2]/{name}") for code, name in (
            ("00780-006", "CompanyVehicleSequenceNbr"), ("90312-006", "LicensePlate"),
            ("00782-006", "CompanyVehicleVersionNbr"))]),
    "a contribution that does not change": (
        change("(<CUNPUpdateAction>.*?<UpdateAction>)1", r"\g<1>9"),
        [("00618-174", f"{UNRELATED}/CUNPUpdateAction/UpdateAction")]),
    "a changed contribution without an amount": (
        change("<UnrelatedAmount>.*?</UnrelatedAmount>", ""),
        [("00022-001", f"{UNRELATED}/CUNPUpdateAction/UnrelatedAmount")]),
    "a changed contribution without its last situation": (
        change("<LastSituationCUNP>.*?</LastSituationCUNP>", ""),
        [("90222-001", f"{UNRELATED}/LastSituationCUNP")]),
    "a created contribution with a last situation": (
        change("(<CUNPUpdateAction>.*?<UpdateAction>)1", r"\g<1>3"), [("90222-090", f"{UNRELATED}/LastSituationCUNP")]),
    "a contribution twice": (
        change("(<ContributionUnrelatedToNPUpdate>.*?</ContributionUnrelatedToNPUpdate>)", r"\1\1"),
        [("90237-006", f"{UPDATED}/ContributionUnrelatedToNPUpdate[2]/CUNPUpdateAction"),
         ("00611-006", f"{UPDATED}/ContributionUnrelatedToNPUpdate[2]/LastSituationCUNP/ContUnrelatedToNPVersionNbr")]),
    "a vehicle before the persons": (
        change(
            "(<NaturalPersonUpdate>.*</NaturalPersonUpdate>\\s*)(<CompanyVehicleUpdateAction>.*?</CompanyVehicleUpdateAction>)",
            r"\2\1"),
        [("90220-091", f"{UPDATED}/NaturalPersonUpdate[{number}]") for number in range(1, 7)]),
    "an update of nothing": (
        change("<NaturalPersonUpdate>.*</ContributionUnrelatedToNPUpdate>", ""),
        [("90220-090", f"{UPDATED}/NaturalPersonUpdate")]),
    "a form without an update": (
        change("<EmployerDeclarationUpdate>.*</EmployerDeclarationUpdate>", ""),
        [("90219-090", "/DmfAUpdate/Form[1]/EmployerDeclarationUpdate")]),
    "a block of an original": (
        change("<WorkerRecordUpdate>", "<WorkerRecord/><WorkerRecordUpdate>"),
        [("90220-092", f"{FIRST}/WorkerRecord[1]")]),
    "a declaration of an original": (
        change("<EmployerDeclarationUpdate>", "<EmployerDeclaration/><EmployerDeclarationUpdate>"),
        [("90059-092", "/DmfAUpdate/Form[1]/EmployerDeclaration")]),
    "an attribute of the root": (change("<DmfAUpdate>", '<DmfAUpdate a="1">'), [("90217-092", "/DmfAUpdate")]),
    "a check of an original": (
        change("<OccupationEndingDate>.*?<", "<OccupationEndingDate>2018-08-31<"),
        [("00045-014", f"{OCCUPATION}/OccupationEndingDate")]),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_in_an_update_is_told_at_its_place(case: str, told: Callable[..., Told]) -> None:
    text, expected = WRONG[case]
    assert told(text) == expected


def test_everything_wrong_in_an_update_is_told_at_once(told: Callable[..., Told]) -> None:
    text = change("<DeclNaturalPersonPID>.*?</DeclNaturalPersonPID>", "")
    text = change(f"<{NUMBER}>.*?<", f"<{NUMBER}>{'9' * 50}<", change(LINE_ZONES, "", text))
    text = change("<UnrelatedAmount>.*?<", "<UnrelatedAmount>much<", text)
    assert [code for code, _ in told(text)] == [
        "00610-093", "00038-001", "00039-001", "00040-001", "00548-001", "00022-002",
    ]  # fmt: skip


@pytest.mark.parametrize("number", [UpdateAction.DELETE, UpdateAction.UNCHANGED])
def test_a_line_that_is_deleted_or_unchanged_need_not_be_given(number: int, told: Callable[..., Told]) -> None:
    assert told(action(number, change(LINE_ZONES, "", EMPTIED))) == []


def test_a_person_who_is_not_declared_yet_quotes_nothing(
    reading: Callable[..., tuple[FileValidation, list[PersonUpdate]]],
) -> None:
    text = change("<NaturalPersonPID>.*?</DeclNaturalPersonVersionNbr>", "", action(3, change(LAST, "")))
    _, persons = reading(text)
    assert persons[0].quoted is None
    assert [(line.action, line.last) for line in persons[0].lines] == [(UpdateAction.CREATE, None)]


def test_nobody_changes_a_line_of_a_person_whom_the_same_update_declares(told: Callable[..., Told]) -> None:
    text = change("<NaturalPersonPID>.*?</DeclNaturalPersonVersionNbr>", "")
    assert [code for code, _ in told(text)] == ["00549-001", "00548-001", "00620-001"]


def test_an_update_does_not_correct_what_the_same_file_makes_of_the_declaration(told: Callable[..., Told]) -> None:
    form = SOUND_UPDATE[SOUND_UPDATE.index("<Form>") : SOUND_UPDATE.index("</DmfAUpdate>")]
    text = once("</DmfAUpdate>", form + "</DmfAUpdate>", SOUND_UPDATE)
    assert told(text) == [("90219-006", "/DmfAUpdate/Form[2]/EmployerDeclarationUpdate")]


@pytest.mark.parametrize(
    ("text", "code"), [(SOUND_UPDATE[:-200], "102"), (SOUND_UPDATE.replace("misread", "mis\x00read", 1), "102")]
)
def test_an_update_that_is_no_xml_is_told_at_its_root(text: str, code: str, told: Callable[..., Told]) -> None:
    assert told(text) == [(f"90217-{code}", "/DmfAUpdate")]


def test_the_content_of_every_line_is_what_an_original_gives_of_it(
    reading: Callable[..., tuple[FileValidation, list[PersonUpdate]]], tmp_path: Path
) -> None:
    path = tmp_path / "original.xml"
    path.write_text(SOUND, "utf-8")
    originals = [person.records for person in Walk(Stream(path)).persons()]
    _, persons = reading(SOUND_UPDATE)
    assert len(persons) == len(originals) == 6

    def without_lines(record: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in record.items() if name != "lines"}

    for person, records in zip(persons, originals, strict=True):
        for kind in range(3):
            assert [line.content[kind] for line in person.lines] == records[kind]["lines"]
            assert person.about[kind] == without_lines(records[kind])


def test_an_update_quotes_what_it_corrects(
    reading: Callable[..., tuple[FileValidation, list[PersonUpdate]]],
) -> None:
    found, persons = reading(SOUND_UPDATE)
    assert found.updates is not None
    (declaration,) = found.updates
    assert (declaration.employer, declaration.quarter, declaration.persons) == ("1000000021", "2022Q3", 6)
    assert (declaration.pid, declaration.justification) == (2200000417, "misread")
    first = persons[0]
    assert (first.person, first.quoted) == ("85073003328", QuotedPerson(2200000418, 2200000419, 2200000420))
    (line,) = first.lines
    assert line.last == LastSituation("017", "015", 2200000423)
    assert [(occupation.number, occupation.version) for occupation in line.occupations] == [
        (1, 2200000421), (2, 2200000422),
    ]  # fmt: skip
    assert [(vehicle.action, vehicle.number) for vehicle in declaration.vehicles] == [(UpdateAction.CHANGE, 1)]
    (contribution,) = declaration.contributions
    assert contribution.last is not None
    assert (contribution.action, contribution.last.worker_code) == (UpdateAction.CHANGE, contribution.code)


def test_a_refused_update_corrects_nothing_and_shows_nobody_after_what_blocks(
    reading: Callable[..., tuple[FileValidation, list[PersonUpdate]]],
) -> None:
    found, persons = reading(once("<INSS>04022900231<", "<INSS>04022900232<", SOUND_UPDATE))
    assert found.updates == []
    assert len(persons) == 1


def counts(declaration: UpdatedDeclaration) -> tuple[dict[Any, int], dict[str, int], int]:
    return dict(declaration.actions), dict(declaration.quoted), declaration.unjustified


def test_what_an_update_does_and_quotes_is_counted(
    reading: Callable[..., tuple[FileValidation, list[PersonUpdate]]],
) -> None:
    found, _ = reading(action(0))
    assert found.updates is not None
    done = {("line", UpdateAction.DELETE): 1, ("line", UpdateAction.CHANGE): 5,
            ("vehicle", UpdateAction.CHANGE): 1, ("contribution", UpdateAction.CHANGE): 1}  # fmt: skip
    quoted = {"persons": 6, "lines": 6, "occupations": 2, "vehicles": 1, "contributions": 1}
    assert counts(found.updates[0]) == (done, quoted, 0)


def test_what_the_tables_do_not_know_is_kept_with_the_declaration_and_left_out_of_the_content(
    reading: Callable[..., tuple[FileValidation, list[PersonUpdate]]],
) -> None:
    text = once("<ServiceCode>001<", "<ServiceCode>081<", LATER_UPDATE)
    found, persons = reading(text)
    assert found.accepted
    assert found.updates is not None
    assert [anomaly.code for anomaly in found.anomalies.entries] == ["00062-008"]
    assert "<ServiceCode>081</ServiceCode>" in found.updates[0].unread[0]["xml"]
    assert [person.unread for person in persons] == [True, False, False, False, False, False]
    services = persons[0].lines[0].content[1]["occupations"][0]["services"]
    assert [service["code"] for service in services] == ["050"]


@pytest.mark.parametrize(
    ("quarter", "sent", "late"),
    [
        ("2003Q2", date(2003, 12, 31), False),
        ("2003Q2", date(2004, 1, 1), True),
        ("2022Q4", date(2023, 6, 30), False),
        ("2022Q4", date(2023, 7, 1), True),
    ],
)
def test_lower_remuneration_is_justified_when_it_comes_more_than_two_quarters_late(
    quarter: str, sent: date, late: bool
) -> None:
    assert must_be_justified(quarter, sent) is late


@pytest.mark.parametrize(
    ("text", "unjustified"),
    [
        (SOUND_UPDATE, 0),
        (SOUND_UPDATE.replace("<Justification>misread</Justification>", ""), 6),
        (SOUND_UPDATE.replace("<Justification>misread</Justification>", "").replace(
            "<UpdateAction>1<", "<UpdateAction>9<", 1), 5),
        (SOUND_UPDATE.replace("<Justification>misread</Justification>", "", 1), 0),
        (SOUND_UPDATE.replace("<Justification>misread</Justification>", "<Justification/>", 2), 1),
    ],
)  # fmt: skip
def test_persons_whose_remuneration_may_not_become_lower_are_counted(
    text: str, unjustified: int, reading: Callable[..., tuple[FileValidation, list[PersonUpdate]]]
) -> None:
    found, persons = reading(text, date(2023, 4, 1))
    assert found.updates is not None
    assert found.updates[0].late
    assert found.updates[0].unjustified == unjustified
    in_time, _ = reading(text, date(2023, 3, 31))
    assert in_time.updates is not None
    assert (in_time.updates[0].late, in_time.updates[0].unjustified) == (False, 0)
    assert persons


def test_an_original_does_not_take_the_blocks_of_an_update(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(once("<Border>0</Border>", "<Border>0</Border><UpdateAction>1</UpdateAction>", SOUND), "utf-8")
    found = judge(path, EventEncoder(lambda *_: None, trace=""))
    assert [(anomaly.code, anomaly.severity) for anomaly in found.anomalies.entries] == [("90012-092", "blocking")]


def test_an_update_is_refused_where_nothing_stores_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(SOUND_UPDATE, "utf-8")
    found = judge(path, EventEncoder(lambda *_: None, trace=""))
    (anomaly,) = found.anomalies.entries
    assert (anomaly.code, anomaly.label, anomaly.path) == ("00297-163", "TypeForm", "/DmfAUpdate")
    assert "nothing stores them" in anomaly.message
    assert "`kruispunt check`" in anomaly.message


def test_a_file_of_several_updates_is_read_whole(
    reading: Callable[..., tuple[FileValidation, list[PersonUpdate]]],
) -> None:
    other = SOUND[SOUND.index("  <Form>") : SOUND.index("</DmfAOriginal>")].replace("1000000021", "1000000120")
    found, persons = reading(update_of(with_form(other)))
    assert found.updates is not None
    assert [declaration.employer for declaration in found.updates] == ["1000000021", "1000000120"]
    assert [person.declaration for person in persons] == [found.updates[0]] * 6 + [found.updates[1]] * 6
