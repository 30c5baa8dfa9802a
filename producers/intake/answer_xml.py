"""Writes an answer to a submission as the XML form that payroll software reads: ACRF001 or NOTI001."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from lxml.etree import Element, SubElement, _Element, tostring

from producers.intake.submission_answers import AnsweredAnomaly, SubmissionAnswer
from schemas.identifiers import to_dmfa
from schemas.legal_day import in_belgium, legal_day

HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'
TICKET_OF_SOCIAL_SECURITY = "2"
"""Origin of a reference (zone 00298)."""
WHOLE_FORM = "1"
"""Type of a reference (zone 00221): it points at the form."""
PROVISIONAL, FINAL = "PA", "FA"
"""Types of a form that answers (zone 00297)."""
UNKNOWN = "0"
"""A number of an employer that is not known."""
RESULTS = {"received": "1", "accepted": "1", "refused": "0"}
CLASSES = {"blocking": "B", "non-blocking": "NP"}
"""Nothing here counts by percentage: what does not block is NP."""

Say = Callable[[str], str]
"""The text of an anomaly, by its code."""


def document(ticket: str, at: datetime, answer: SubmissionAnswer, say: Say) -> bytes:
    """One answer as a document of its own."""
    write = _acknowledgement if answer.kind == "acknowledgement" else _notification
    return HEAD + tostring(write(ticket, at, answer, say), encoding="UTF-8", pretty_print=True)


def _acknowledgement(ticket: str, at: datetime, answer: SubmissionAnswer, _say: Say) -> _Element:
    root = Element("ACRF")
    form = SubElement(root, "Form")
    _opening(form, "ACRF001", PROVISIONAL, ticket, at)
    result = SubElement(form, "ReceptionResult")
    _add(result, "ResultCode", RESULTS[answer.result])
    for anomaly in answer.anomalies:
        _add(result, "ErrorID", anomaly.code)
    return root


def _notification(ticket: str, at: datetime, answer: SubmissionAnswer, say: Say) -> _Element:
    root = Element("NOTIFICATION")
    form = SubElement(root, "Form")
    _opening(form, "NOTI001", FINAL, ticket, at)
    about = answer.about
    if handled := about.get("form"):
        _handled_form(SubElement(form, "HandledOriginalForm"), handled)
    _employer(form, about)
    if quarter := about.get("quarter"):
        _add(SubElement(form, "ConcernedQuarter"), "Quarter", to_dmfa(quarter))
    reference = SubElement(form, "HandledReference")
    _add(reference, "ReferenceType", WHOLE_FORM)
    _add(reference, "ReferenceOrigin", TICKET_OF_SOCIAL_SECURITY)
    _add(reference, "ReferenceNbr", ticket)
    result = SubElement(form, "HandlingResult")
    _add(result, "ResultCode", RESULTS[answer.result])
    for anomaly in answer.anomalies:
        _anomaly(SubElement(result, "AnomalyReport"), anomaly, say)
    data = SubElement(form, "ApplicationData")
    for name in ("place", "declaration", "version", "status"):
        if name in about:
            _add(data, name.capitalize(), about[name])
    return root


def _opening(form: _Element, identification: str, kind: str, ticket: str, at: datetime) -> None:
    _add(form, "Identification", identification)
    _add(form, "FormCreationDate", legal_day(at))
    _add(form, "FormCreationHour", f"{in_belgium(at):%H:%M:%S}.{at.microsecond // 1000:03d}")
    _add(form, "AttestationStatus", "0")
    _add(form, "TypeForm", kind)
    file = SubElement(form, "FileReference")
    # The register knows a file by its bytes, never by the name it had at its sender.
    _add(file, "FileName", ticket)
    _add(file, "ReferenceOrigin", TICKET_OF_SOCIAL_SECURITY)
    _add(file, "ReferenceNbr", ticket)


def _handled_form(handled: _Element, form: dict[str, Any]) -> None:
    for name, element in (
        ("form", "Identification"),
        ("created_on", "FormCreationDate"),
        ("created_at", "FormCreationHour"),
        ("attestation_status", "AttestationStatus"),
        ("form_type", "TypeForm"),
    ):
        if form.get(name) is not None:
            _add(handled, element, form[name])


def _employer(form: _Element, about: dict[str, Any]) -> None:
    names = (("nsso_number", "NOSSRegistrationNbr"), ("enterprise_number", "CompanyID"))
    given = [(element, about[name]) for name, element in names if about.get(name) not in {None, UNKNOWN}]
    if given:
        employer = SubElement(form, "EmployerId")
        for element, number in given:
            _add(employer, element, number)


def _anomaly(report: _Element, anomaly: AnsweredAnomaly, say: Say) -> None:
    _add(report, "ErrorID", anomaly.code)
    _add(report, "TagName", anomaly.label)
    _add(report, "AnomalyClass", CLASSES[anomaly.severity])
    if text := say(anomaly.code):
        _add(report, "AnomalyLabel", text)
    _add(SubElement(report, "AnomalyLocation"), "Location", anomaly.path)


def _add(parent: _Element, name: str, value: Any) -> None:
    SubElement(parent, name).text = str(value)
