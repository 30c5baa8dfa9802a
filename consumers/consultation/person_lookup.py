"""Looks up one person in the directory; every look-up, granted or refused, is on record before anything is shown."""

from datetime import date
from typing import Any

from psycopg import Connection

from consumers import acts
from consumers.directory.lookup import Dossier, look_back, look_up
from consumers.directory.return_codes import ChangeFault, ReturnCode
from schemas.identifiers import is_inss, pseudonym


class WrongNumber(ValueError):
    """The number of the person is not a national number."""

    def __init__(self) -> None:
        super().__init__(str(ChangeFault(ReturnCode.WRONG_NUMBER)))


def subject(pepper: bytes, number: str) -> str:
    """Whom an act is about: the pseudonym, even of text that is not a number."""
    return pseudonym(pepper, number.encode("utf-8", "replace").decode()).hex()


def look_up_person(
    connection: Connection[Any], pepper: bytes, number: str, *, institution: str | None, day: date | None
) -> list[Dossier]:
    """The dossiers of a person: those that hold on a day, by what was known then; without a day all that are open now.

    Only those at the institution where one is named; empty when the person is not on file there.

    Raises WrongNumber.
    """

    def note(code: ReturnCode) -> None:
        acts.note(
            connection,
            "looked up a person" if code == ReturnCode.TAKEN_IN else "was refused a look-up of a person",
            subject(pepper, number),
            institution=institution,
            on=day.isoformat() if day else None,
            code=str(code),
        )
        connection.commit()

    if not is_inss(number):
        note(ReturnCode.WRONG_NUMBER)
        raise WrongNumber
    with connection.cursor() as cursor:
        dossiers = look_back(cursor, [number], day) if day else look_up(cursor, [number])
    found = [
        dossier
        for dossier in dossiers.get(number, [])
        if institution in {None, dossier.institution} and (day is None or dossier.holds_on(day))
    ]
    note(ReturnCode.TAKEN_IN if found else ReturnCode.NOT_INTEGRATED)
    return found


def as_documents(number: str, dossiers: list[Dossier]) -> list[dict[str, Any]]:
    """The dossiers of a person as JSON, in order."""
    return [
        {
            "person": number,
            "institution": dossier.institution,
            "quality": dossier.quality,
            "from": dossier.since.isoformat(),
            "until": dossier.until.isoformat() if dossier.until else None,
        }
        for dossier in sorted(dossiers, key=lambda dossier: dossier[:3])
    ]
