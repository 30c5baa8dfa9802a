"""Builds the values of an update from the records that reading its blocks gives; all that must be there is there."""

from typing import Any

from producers.intake.dmfa.block_types import CONTRIBUTIONS, HEAD, TIME, WAGES, BlockRecord, BlockRecords
from producers.intake.dmfa.declaration import without_unread
from producers.intake.dmfa.updates.content import (
    ContributionUpdate,
    EventRecords,
    LastSituation,
    LineUpdate,
    PersonUpdate,
    QuotedOccupation,
    QuotedPerson,
    UpdatedDeclaration,
    VehicleUpdate,
)
from schemas.dmfa.update_tables import UpdateAction

EVENTS = (WAGES, TIME, CONTRIBUTIONS)
LINES = "lines"


def person_update(declaration: UpdatedDeclaration, records: BlockRecords, unread: int) -> PersonUpdate:
    """A person of an update that nothing blocks."""
    if unread:
        for record in records:
            without_unread(record)
    head = records[HEAD]
    return PersonUpdate(
        declaration=declaration,
        person=records[WAGES]["person"],
        quoted=_quoted(head),
        justification=head.get("justification"),
        about=_three(*({name: value for name, value in records[at].items() if name != LINES} for at in EVENTS)),
        lines=tuple(_line(index, records) for index in range(len(head[LINES]))),
        unread=bool(unread),
    )


def vehicle_update(head: BlockRecord) -> VehicleUpdate:
    """A company vehicle of an update that nothing blocks."""
    return VehicleUpdate(
        action=UpdateAction(head["action"]),
        number=head["line"],
        plate=head["licence_plate"],
        ecological=head.get("ecological"),
        version=head.get("version"),
    )


def contribution_update(head: BlockRecord) -> ContributionUpdate:
    """A contribution that is not bound to a person, of an update that nothing blocks."""
    content = head["content"]
    return ContributionUpdate(
        action=UpdateAction(content["action"]),
        employer_class=content["employer_class"],
        code=content["code"],
        basis=content.get("basis"),
        amount=content.get("amount"),
        last=_last(head.get("last_situation"), "code"),
    )


def _three(wages: BlockRecord, time: BlockRecord, contributions: BlockRecord) -> EventRecords:
    return wages, time, contributions


def _quoted(head: BlockRecord) -> QuotedPerson | None:
    """The check of a person sees to it that either all of these are quoted, or none that says it is declared."""
    if head.get("person_pid") is None:
        return None
    return QuotedPerson(head["natural_person_pid"], head["person_pid"], head["version"])


def _last(last: BlockRecord | None, code: str) -> LastSituation | None:
    return last and LastSituation(last["employer_class"], last[code], last["version"])  # type: ignore[return-value]


def _line(index: int, records: BlockRecords) -> LineUpdate:
    head: BlockRecord = records[HEAD][LINES][index]
    content = _three(*(records[at][LINES][index]["content"] for at in EVENTS))
    occupations: list[dict[str, Any]] = head["content"].get("occupations", [])
    return LineUpdate(
        action=UpdateAction(head["content"]["action"]),
        employer_class=content[WAGES]["employer_class"],
        worker_code=content[WAGES]["worker_code"],
        last=_last(head.get("last_situation"), "worker_code"),
        content=content,
        occupations=tuple(
            QuotedOccupation(said["number"], quoted.get("version"))
            for said, quoted in zip(content[WAGES]["occupations"], occupations, strict=True)
        ),
    )
