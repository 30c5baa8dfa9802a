"""Looks up one person in the directory; who looked, and who was refused to, is on record before anything is shown."""

from datetime import date
from typing import Any

from psycopg import Connection

from backbone import postgres, settings
from backbone.settings import Settings
from consumers import acts
from consumers.directory.codes import ChangeFault, ReturnCode
from consumers.directory.lookup import Dossier, look_back
from consumers.directory.lookup import look_up as look_up_now
from kruispunt.output import Exit, as_json, console, errors, fail, table
from schemas.identifiers import is_inss, pseudonym

OPERATOR = "operator"


def about(config: Settings, number: str) -> str:
    """Whom an act is about: the pseudonym, also of what is no number at all."""
    return pseudonym(config.pepper(), number.encode("utf-8", "replace").decode()).hex()


def _note(
    connection: Connection[Any],
    config: Settings,
    number: str,
    institution: str | None,
    day: date | None,
    code: ReturnCode,
) -> None:
    acts.note(
        connection,
        "looked up a person" if code == ReturnCode.TAKEN_IN else "was refused a look-up of a person",
        about(config, number),
        institution=institution,
        on=day.isoformat() if day else None,
        code=str(code),
    )
    connection.commit()


def look_up(config: Settings, number: str, institution: str | None, day: date | None) -> list[Dossier]:
    """The dossiers of a person: those that hold on a day, by what was known then; without a day all that are open now.

    Only those at the institution where one is named; empty when the person is not on file there.
    Ends with 2 when the number is none.
    """
    with postgres.connect(config, OPERATOR) as connection:
        if not is_inss(number):
            _note(connection, config, number, institution, day, ReturnCode.WRONG_NUMBER)
            fail(Exit.WRONG_USE, str(ChangeFault(ReturnCode.WRONG_NUMBER)))
        with connection.cursor() as cursor:
            everything = look_back(cursor, [number], day) if day else look_up_now(cursor, [number])
        found = [
            one
            for one in everything.get(number, [])
            if institution in {None, one.institution} and (day is None or one.holds_on(day))
        ]
        _note(connection, config, number, institution, day, ReturnCode.TAKEN_IN if found else ReturnCode.NOT_INTEGRATED)
    return found


def not_on_file() -> Exit:
    """Say that a person is not on file there."""
    errors.print("[bold red]✗[/]", str(ChangeFault(ReturnCode.NOT_INTEGRATED)), soft_wrap=True)
    return Exit.NO


def person(number: str, *, institution: str | None, json: bool) -> int:
    """Where one person is on file now; 1 when nowhere, or not there."""
    found = look_up(settings.load(), number, institution, None)
    if json:
        as_json(
            [
                {
                    "person": number,
                    "institution": one.institution,
                    "quality": one.quality,
                    "from": one.since.isoformat(),
                    "until": one.until.isoformat() if one.until else None,
                }
                for one in sorted(found, key=lambda one: one[:3])
            ]
        )
    if not found:
        return not_on_file()
    if not json:
        shown = table("institution", "quality", "from", "until")
        for one in sorted(found, key=lambda one: one[:3]):
            shown.add_row(one.institution, one.quality, str(one.since), str(one.until or ""))
        console.print(shown)
    return Exit.DONE
