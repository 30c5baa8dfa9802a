"""A sound update in XML, made of a sound declaration: everything is changed to what it was."""

from collections.abc import Callable, Iterable, Iterator
from itertools import count

from lxml import etree

from schemas.identifiers import inss
from tests.builders.declarations import SOUND

FIRST_NUMBER = 2200000417
"""The identifiers and version numbers that are quoted count up from here."""
AFTER_OCCUPATION_VERSION = {"LocalUnitID", "ShipId", "StaffCode", "SubsidizedMeanWorkingHours"}
CHANGED = "1"


def _zone(name: str, text: object) -> etree._Element:
    element = etree.Element(name)
    element.text = str(text)
    return element


def _before(parent: etree._Element, names: Callable[[etree._Element], bool], added: Iterable[etree._Element]) -> None:
    """Put elements before the first child of which `names` says yes, else at the end."""
    place = next((index for index, child in enumerate(parent) if names(child)), len(parent))
    for index, element in enumerate(added, place):
        parent.insert(index, element)


def _block(element: etree._Element) -> bool:
    return len(element) > 0


def _last(name: str, zones: Iterable[tuple[str, object]]) -> etree._Element:
    last = etree.Element(name)
    last.extend(_zone(*zone) for zone in zones)
    return last


def _wrap(element: etree._Element, outer: str, inner: str, last: etree._Element) -> None:
    """Put a block and its last situation into one that holds both."""
    wrapped = etree.Element(outer)
    element.addprevious(wrapped)
    wrapped.append(last)
    element.tag = inner
    wrapped.append(element)


def _line(line: etree._Element, numbers: Iterator[int]) -> None:
    for occupation in line.findall("Occupation"):
        occupation.tag = "OccupationUpdate"
        quoted = [_zone("OccupationVersionNbr", next(numbers))]
        _before(occupation, lambda child: child.tag in AFTER_OCCUPATION_VERSION or _block(child), quoted)
    _before(line, _block, [_zone("UpdateAction", CHANGED)])
    zones = [(name, line.findtext(name)) for name in ("EmployerClass", "WorkerCode")]
    last = _last("LastSituationWR", [*zones, ("WorkerRecordVersionNbr", next(numbers))])
    _wrap(line, "WorkerRecordUpdate", "WorkerRecordUpdateAction", last)


def _declaration(declaration: etree._Element, numbers: Iterator[int]) -> None:
    declaration.tag = "EmployerDeclarationUpdate"
    for owed in declaration.findall("NetOwedAmount"):
        declaration.remove(owed)
    _before(declaration, _block, [_zone("EmployerDeclarationPID", next(numbers)), _zone("Justification", "misread")])
    for person in declaration.findall("NaturalPerson"):
        person.tag = "NaturalPersonUpdate"
        names = ("NaturalPersonPID", "DeclNaturalPersonPID", "DeclNaturalPersonVersionNbr")
        _before(person, _block, [*(_zone(name, next(numbers)) for name in names), _zone("Justification", "misread")])
        for line in person.findall("WorkerRecord"):
            _line(line, numbers)
    for vehicle in declaration.findall("CompanyVehicle"):
        vehicle.tag = "CompanyVehicleUpdateAction"
        vehicle.extend([_zone("CompanyVehicleVersionNbr", next(numbers)), _zone("UpdateAction", CHANGED)])
    for contribution in declaration.findall("ContributionUnrelatedToNP"):
        contribution.append(_zone("UpdateAction", CHANGED))
        zones = [(name, contribution.findtext(name)) for name in ("UnrelatedEmployerClass", "UnrelatedWorkerCode")]
        last = _last("LastSituationCUNP", [*zones, ("ContUnrelatedToNPVersionNbr", next(numbers))])
        _wrap(contribution, "ContributionUnrelatedToNPUpdate", "CUNPUpdateAction", last)


def update_of(declaration: str) -> str:
    """The update that changes everything in this declaration to what it is."""
    numbers = count(FIRST_NUMBER)
    root = etree.fromstring(declaration.encode(), etree.XMLParser(remove_blank_text=True))
    root.tag = "DmfAUpdate"
    for form in root:
        for name, text in (("Identification", "DMFAUPD"), ("AttestationStatus", "1")):
            (zone,) = form.findall(name)
            zone.text = text
        for inner in form.findall("EmployerDeclaration"):
            _declaration(inner, numbers)
    etree.indent(root)
    return etree.tostring(root, encoding="unicode", doctype='<?xml version="1.0" encoding="UTF-8"?>')


SOUND_UPDATE = update_of(SOUND)
"""An update of 2022Q3 with one of everything, of six persons."""
UPDATED = "/DmfAUpdate/Form[1]/EmployerDeclarationUpdate"


def persons(number: int) -> Iterator[str]:
    """Persons of 2022Q3 of whom one worker line is deleted, each with its own number and identifiers."""
    pattern = SOUND_UPDATE[SOUND_UPDATE.index("<LastSituationWR>") : SOUND_UPDATE.index("<NOSSQuarterStartingDate>")]
    for sequence in range(1, number + 1):
        born = 500101000 + sequence // 900 * 1000 + sequence % 900 + 1
        quoted = FIRST_NUMBER + 10 * sequence
        yield (
            f"<NaturalPersonUpdate><NaturalPersonSequenceNbr>{sequence}</NaturalPersonSequenceNbr>"
            f"<INSS>{inss(born, after_2000=False)}</INSS><NaturalPersonPID>{quoted}</NaturalPersonPID>"
            f"<DeclNaturalPersonPID>{quoted + 1}</DeclNaturalPersonPID>"
            f"<DeclNaturalPersonVersionNbr>{quoted + 2}</DeclNaturalPersonVersionNbr>"
            f"<Justification>{'left before the quarter ' * 20}</Justification><WorkerRecordUpdate>{pattern}"
            "<UpdateAction>0</UpdateAction></WorkerRecordUpdateAction></WorkerRecordUpdate></NaturalPersonUpdate>"
        )
