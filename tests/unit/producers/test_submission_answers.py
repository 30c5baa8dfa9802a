"""Each submission is answered: an acknowledgement of the file, then a notification for each declaration in it."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import orjson
import pytest
from lxml.etree import _Element, fromstring

from producers.intake.answer_xml import document
from producers.intake.event_encoder import EventEncoder
from producers.intake.file_validation import FileValidation, judge
from producers.intake.spool import Spool
from producers.intake.submission_answers import SubmissionAnswer, answers
from schemas.dmfa.anomaly_texts import text
from tests.builders.declarations import (
    FORM,
    ITS_EMPLOYER,
    ITS_FIRST_PERSON,
    SOUND,
    decision_line,
    of_employer,
    once,
    with_form,
)

ON = date(2022, 10, 20)
OTHER = "1000000120"
WRONG = once(ITS_FIRST_PERSON, "85073003329")
"""A sound declaration but for one digit."""
AT = datetime(2026, 10, 31, 23, 30, 5, 678900, UTC)
TICKET = "0123456789abcdef0123456789abcdef"

Answer = Callable[[str], list[SubmissionAnswer]]


@pytest.fixture
def validated(tmp_path: Path) -> Callable[[str], FileValidation]:
    def validate(given: str) -> FileValidation:
        path = tmp_path / "file"
        path.write_text(given, "utf-8")
        with Spool() as spool:
            return judge(path, EventEncoder(spool.write, trace=""), on=ON)

    return validate


@pytest.fixture
def answered(validated: Callable[[str], FileValidation]) -> Answer:
    def answer(given: str) -> list[SubmissionAnswer]:
        found = validated(given)
        return answers(found.accepted, found.judged, found.anomalies.entries)

    return answer


def results(found: list[SubmissionAnswer]) -> list[tuple[int, str, str]]:
    return [(answer.number, answer.kind, answer.result) for answer in found]


def codes(answer: SubmissionAnswer) -> list[str]:
    return [anomaly.code for anomaly in answer.anomalies]


def test_every_declaration_of_an_accepted_file_is_answered_in_its_order(answered: Answer) -> None:
    found = answered(with_form(of_employer(OTHER, FORM)))
    assert results(found) == [
        (0, "acknowledgement", "received"), (1, "notification", "accepted"), (2, "notification", "accepted"),
    ]  # fmt: skip
    first, second = found[1].about, found[2].about
    assert (first["place"], first["employer"], first["quarter"]) == ("/DmfAOriginal/Form[1]", ITS_EMPLOYER, "2022Q3")
    assert (second["place"], second["employer"]) == ("/DmfAOriginal/Form[2]", OTHER)
    assert (first["version"], first["status"], first["persons"]) == (1, "original", 6)
    assert first["declaration"] != second["declaration"]
    assert first["form"] == {
        "form": "DMFA", "created_on": date(2022, 10, 14), "created_at": first["form"]["created_at"],
        "attestation_status": 0, "form_type": "SU",
    }  # fmt: skip


def test_a_file_that_is_refused_for_one_declaration_answers_the_others_as_well(answered: Answer) -> None:
    found = answered(with_form(of_employer(OTHER, FORM).replace(ITS_FIRST_PERSON, "85073003329")))
    assert results(found) == [
        (0, "acknowledgement", "received"), (1, "notification", "refused"), (2, "notification", "refused"),
    ]  # fmt: skip
    assert [codes(answer) for answer in found] == [[], [], ["00024-004"]]
    (anomaly,) = found[2].anomalies
    assert (anomaly.severity, anomaly.label) == ("blocking", "INSS")
    assert anomaly.path == "/DmfAOriginal/Form[2]/EmployerDeclaration/NaturalPerson[1]/INSS"


def test_what_is_refused_is_named_by_employer_quarter_and_form_and_by_nothing_else(answered: Answer) -> None:
    about = answered(WRONG)[1].about
    assert set(about) == {"place", "employer", "quarter", "nsso_number", "enterprise_number", "form"}
    assert set(about["form"]) == {"form", "created_on", "created_at", "attestation_status", "form_type"}


BROKEN = {
    "nothing": "",
    "no XML": "Beste collega, hierbij de aangifte.",
    "another form": "<DmfAUpdate/>",
    "cut off after a wrong number": WRONG[: WRONG.rindex("</Form>")],
    "something between the forms": WRONG.replace("  <Form>", "  <Letter/>\n  <Form>", 1),
}


@pytest.mark.parametrize("given", BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_processed_is_refused_by_its_acknowledgement_alone(
    validated: Callable[[str], FileValidation], answered: Answer, given: str
) -> None:
    (acknowledgement,) = answered(given)
    assert (acknowledgement.number, acknowledgement.result, acknowledgement.about) == (0, "refused", {})
    assert codes(acknowledgement) == [anomaly.code for anomaly in validated(given).anomalies.entries] != []


SEVERAL = {
    **BROKEN,
    "two wrong forms": with_form(WRONG[WRONG.index("  <Form>") : WRONG.index("</DmfAOriginal>")], WRONG),
    "a form without a declaration": with_form("<Form><Identification>DMFA</Identification></Form>"),
    "two declarations in one form": once("</EmployerDeclaration>", "</EmployerDeclaration><EmployerDeclaration/>"),
    "what does not block": once("177140</NetOwedAmount>", "177141</NetOwedAmount>"),
}


@pytest.mark.parametrize("given", SEVERAL.values(), ids=SEVERAL)
def test_every_anomaly_of_a_file_is_in_exactly_one_answer(
    validated: Callable[[str], FileValidation], answered: Answer, given: str
) -> None:
    told = Counter((anomaly.code, anomaly.path) for anomaly in validated(given).anomalies.entries)
    kept = Counter((anomaly.code, anomaly.path) for answer in answered(given) for anomaly in answer.anomalies)
    assert kept == told
    assert told


def test_what_is_kept_quotes_no_value_and_names_no_person(answered: Answer) -> None:
    wrong = WRONG.replace("<Retired>0</Retired>", "<Retired>Janssens</Retired>")
    kept = orjson.dumps([asdict(answer) for answer in answered(wrong)]).decode()
    assert "00024-004" in kept
    assert "Janssens" not in kept
    assert not [number for number in ("85073003329", ITS_FIRST_PERSON) if number in kept]


def test_each_decision_is_answered_by_its_line(answered: Answer) -> None:
    sound, wrong = json.dumps(decision_line("a")), json.dumps(decision_line("b", kind="gift"))
    assert [answer.about.get("place") for answer in answered(f"{sound}\n\n{json.dumps(decision_line('c'))}")] == [
        None, "/line[1]", "/line[3]",
    ]  # fmt: skip
    refused = answered(f"{sound}\n{wrong}\n{{")
    assert [(answer.about.get("place"), answer.result, codes(answer)) for answer in refused] == [
        (None, "received", []), ("/line[1]", "refused", []), ("/line[2]", "refused", ["entitlement-003"]),
        ("/line[3]", "refused", ["entitlement-003"]),
    ]  # fmt: skip


def as_xml(answer: SubmissionAnswer) -> _Element:
    written = document(TICKET, AT, answer, partial(text, language="nl"))
    assert written.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n')
    # As it comes back from the register.
    return fromstring(written)


def outline(element: _Element) -> list[str]:
    return [str(child.tag) for child in element]


OPENING = ["Identification", "FormCreationDate", "FormCreationHour", "AttestationStatus", "TypeForm", "FileReference"]


def test_the_acknowledgement_is_the_form_that_payroll_software_reads(answered: Answer) -> None:
    root = as_xml(answered(SOUND)[0])
    assert root.tag == "ACRF"
    (form,) = root
    assert outline(form) == [*OPENING, "ReceptionResult"]
    assert [form.findtext(name) for name in OPENING[:5]] == ["ACRF001", "2026-11-01", "00:30:05.678", "0", "PA"]
    assert outline(form.find("FileReference")) == ["FileName", "ReferenceOrigin", "ReferenceNbr"]  # type: ignore[arg-type]
    assert form.findtext("FileReference/ReferenceNbr") == TICKET
    assert form.findtext("ReceptionResult/ResultCode") == "1"


def test_the_acknowledgement_of_what_cannot_be_processed_holds_every_code(answered: Answer) -> None:
    (result,) = as_xml(answered("")[0]).iter("ReceptionResult")
    assert [(child.tag, child.text) for child in result] == [("ResultCode", "0"), ("ErrorID", "90169-134")]


def test_the_notification_is_the_form_that_payroll_software_reads(answered: Answer) -> None:
    given = orjson.loads(orjson.dumps(answered(WRONG)[1].about))
    root = as_xml(SubmissionAnswer(1, "refused", given, answered(WRONG)[1].anomalies))
    assert root.tag == "NOTIFICATION"
    (form,) = root
    assert outline(form) == [
        *OPENING, "HandledOriginalForm", "EmployerId", "ConcernedQuarter", "HandledReference", "HandlingResult",
        "ApplicationData",
    ]  # fmt: skip
    assert [form.findtext(name) for name in ("Identification", "TypeForm")] == ["NOTI001", "FA"]
    handled = form.find("HandledOriginalForm")
    assert handled is not None
    assert outline(handled) == OPENING[:5]
    assert [handled.findtext(name) for name in ("Identification", "FormCreationDate", "TypeForm")] == [
        "DMFA", "2022-10-14", "SU",
    ]  # fmt: skip
    assert form.findtext("EmployerId/CompanyID") == ITS_EMPLOYER
    assert form.findtext("ConcernedQuarter/Quarter") == "20223"
    assert [child.text for child in form.iterfind("HandledReference/*")] == ["1", "2", TICKET]
    assert form.findtext("HandlingResult/ResultCode") == "0"
    (report,) = form.iterfind("HandlingResult/AnomalyReport")
    assert [(child.tag, child.text) for child in report][:4] == [
        ("ErrorID", "00024-004"), ("TagName", "INSS"), ("AnomalyClass", "B"),
        ("AnomalyLabel", "Ongeldig controlegetal"),
    ]  # fmt: skip
    assert report.findtext("AnomalyLocation/Location", "").endswith("/NaturalPerson[1]/INSS")


def test_an_accepted_declaration_is_told_its_id_and_version_and_what_does_not_block(answered: Answer) -> None:
    answer = answered(SEVERAL["what does not block"])[1]
    form = as_xml(answer)[0]
    assert form.findtext("HandlingResult/ResultCode") == "1"
    assert form.findtext("HandlingResult/AnomalyReport/AnomalyClass") == "NP"
    assert [(child.tag, child.text) for child in form.iterfind("ApplicationData/*")] == [
        ("Place", "/DmfAOriginal/Form[1]"), ("Declaration", answer.about["declaration"]), ("Version", "1"),
        ("Status", "original"),
    ]  # fmt: skip
