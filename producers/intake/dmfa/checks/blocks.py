"""Checks the values of a block against each other and against the quarter."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import Any

from lxml.etree import _Element

from producers.intake.anomalies import Anomalies, shown
from producers.intake.dmfa.block_types import CONTRIBUTIONS, TIME, UNREAD, WAGES, BlockCheck, BlockRecord, BlockRecords
from producers.intake.dmfa.checks.deductions import deductions
from producers.intake.dmfa.checks.occupation import CheckedOccupation, occupation
from producers.intake.dmfa.checks.updated_person import person
from producers.intake.dmfa.checks.updates import last_situation, vehicle, whole
from schemas.dmfa.code_lists import contribution_types
from schemas.identifiers import quarter_days

UNSPECIFIED = "999"
STUDENT_HOURS = (("2017Q1", "2022Q4", 475), ("2023Q1", "2024Q4", 600))
"""Most hours a student may be declared for in a quarter (zone 01158), where known."""


def _same_types(code: str) -> Iterator[str]:
    yield code
    yield f"{code[0]}xx"


def _contributions(_quarter: str) -> BlockCheck:
    types = contribution_types()

    def check(element: _Element, outs: BlockRecords, anomalies: Anomalies) -> None:
        record = outs[CONTRIBUTIONS]
        code, kind = record.get("code"), record.get("type")
        if code is None or kind is None or code == UNSPECIFIED or UNREAD in record:
            return
        allowed: set[str] = set()
        for name in _same_types(code):
            allowed |= types.get(name, frozenset())
        if allowed and str(kind) not in allowed:
            message = f"Type {kind} does not go with contribution {shown(code)}: use {', '.join(sorted(allowed))}."
            anomalies.tell(_sub(element, "ContributionType"), "00083-084", "ContributionType", message)

    return check


def _sub(element: _Element, name: str) -> _Element:
    child = element.find(name)
    return element if child is None else child


def _line(quarter: str, occupations: str = "Occupation") -> BlockCheck:
    first, last = quarter_days(quarter) if quarter else (date.min, date.max)

    def check(element: _Element, outs: BlockRecords, anomalies: Anomalies) -> None:
        wages, time = outs[WAGES], outs[TIME]
        start, end = time.get("quarter_start"), time.get("quarter_end")
        if start and end:
            if end < start:
                message = f"The quarter ends on {end}, before it begins on {start}. Correct one of them."
                place = _sub(element, "NOSSQuarterEndingDate")
                anomalies.tell(place, "00039-014", "NOSSQuarterEndingDate", message)
            elif end < first or start > last:
                message = f"{start} to {end} has no day in {quarter}. Give the days of the quarter that is declared."
                place = _sub(element, "NOSSQuarterStartingDate")
                anomalies.tell(place, "00038-034", "NOSSQuarterStartingDate", message)
        lines = zip(time["occupations"], wages["occupations"], strict=True)
        for index, (worked, paid) in enumerate(lines):
            for code, label, message in occupation(CheckedOccupation(time, worked, paid, quarter)):
                _tell(element.findall(occupations)[index], code, label, message, anomalies)

    return check


def _tell(element: _Element, code: str, label: str, message: str, anomalies: Anomalies) -> None:
    """Report it at the zone of a block, present or missing, or at the block itself."""
    zone = element if element.tag == label else element.find(label)
    if zone is None:
        anomalies.tell(element, code, label, message, below=label)
    else:
        anomalies.tell(zone, code, label, message)


def _measures(_quarter: str) -> BlockCheck:
    def check(element: _Element, outs: BlockRecords, anomalies: Anomalies) -> None:
        if outs[TIME].get("measure") == SEVERAL_MEASURES:
            message = f"{SEVERAL_MEASURES} says that there are several; name each of them here."
            anomalies.tell(_sub(element, "ReorganisationMeasure"), "00051-008", "ReorganisationMeasure", message)

    return check


SEVERAL_MEASURES = 599


def _student(quarter: str) -> BlockCheck:
    most = next((hours for since, until, hours in STUDENT_HOURS if since <= quarter <= until), None)

    def check(element: _Element, outs: BlockRecords, anomalies: Anomalies) -> None:
        record: BlockRecord = outs[TIME]
        days, hours = record.get("days"), record.get("hours")
        if element.find("StudentNbrDays") is None and element.find("StudentHoursNbr") is None:
            message = "Neither days nor hours are given. Give the hours the student worked."
            anomalies.tell(element, "01158-001", "StudentHoursNbr", message, below="StudentHoursNbr", blocking=True)
        elif days is not None and hours is not None:
            message = "Days and hours are both given. Give the hours only."
            anomalies.tell(_sub(element, "StudentNbrDays"), "00078-090", "StudentNbrDays", message, blocking=True)
        if most is not None and hours is not None and hours > most:
            message = f"{hours} hours are more than the {most} a student may have in {quarter}. Correct the hours."
            anomalies.tell(_sub(element, "StudentHoursNbr"), "01158-008", "StudentHoursNbr", message)

    return check


def _ends(record: int, start: str, end: str, code: str, label: str) -> Callable[[str], BlockCheck]:
    """An end must not be before its start."""

    def made(_quarter: str) -> BlockCheck:
        def check(element: _Element, outs: BlockRecords, anomalies: Anomalies) -> None:
            first: Any = outs[record].get(start)
            last: Any = outs[record].get(end)
            if first and last and last < first:
                message = f"It ends on {last}, before it begins on {first}. Correct one of them."
                anomalies.tell(_sub(element, label), code, label, message)

        return check

    return made


def _deduction(level: str) -> Callable[[str], BlockCheck]:
    def made(quarter: str) -> BlockCheck:
        judge = deductions(level, quarter)

        def check(element: _Element, outs: BlockRecords, anomalies: Anomalies) -> None:
            for code, label, message in judge(outs[CONTRIBUTIONS]):
                _tell(element, code, label, message, anomalies)

        return check

    return made


CHECKS: dict[str, tuple[Callable[[str], BlockCheck], ...]] = {
    "WorkerRecord": (_line,),
    "NaturalPersonUpdate": (person,),
    "WorkerRecordUpdate": (last_situation("line", "90221", "LastSituationWR"),),
    "WorkerRecordUpdateAction": (whole("line", partial(_line, occupations="OccupationUpdate")),),
    "CompanyVehicleUpdateAction": (vehicle,),
    "ContributionUnrelatedToNPUpdate": (last_situation("contribution", "90222", "LastSituationCUNP"),),
    "CUNPUpdateAction": (whole("contribution"),),
    "WorkerContribution": (_contributions,),
    "StudentContribution": (_student,),
    "ReorgMeasureInformation": (_measures,),
    "OccupationDeduction": (_deduction("occupation"),),
    "WorkerDeduction": (_deduction("line"),),
    "OccupationPublicServiceData": (_ends(TIME, "start", "end", "00965-014", "OccupationPSDEndDate"),),
    "ScaleSalary": (_ends(TIME, "start", "end", "00971-014", "ScaleSalaryEndDate"),),
    "AdditionalScaleSalary": (_ends(TIME, "start", "end", "00979-014", "AdditionalScaleSalaryEndDate"),),
    "DismissedStatutoryWorkerContribution": (
        _ends(CONTRIBUTIONS, "start", "end", "00129-014", "SubjectionEndingDate"),
    ),
}
"""Which blocks have a check, made once for each quarter."""


def checks(element: str, quarter: str) -> list[BlockCheck]:
    """The checks of a block for declarations of a quarter."""
    return [make(quarter) for make in CHECKS.get(element, ())]
