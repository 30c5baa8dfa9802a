"""Shows where one person is on file."""

from datetime import date

from backbone import postgres
from backbone.settings import Settings
from consumers.consultation.person_lookup import WrongNumber, as_documents, look_up_person
from consumers.directory.lookup import Dossier
from consumers.directory.return_codes import ChangeFault, ReturnCode
from kruispunt import settings
from kruispunt.output import Exit, as_json, console, errors, fail, table
from schemas.roles import Role


def look_up(config: Settings, number: str, institution: str | None, day: date | None) -> list[Dossier]:
    """The dossiers of a person; ends with 2 when the number is not a national number."""
    with postgres.connect(config, Role.OPERATOR) as connection:
        try:
            return look_up_person(connection, config.pepper(), number, institution=institution, day=day)
        except WrongNumber as error:
            fail(Exit.WRONG_USE, str(error))


def not_on_file() -> Exit:
    """Say that a person is not on file there."""
    errors.print("[bold red]✗[/]", str(ChangeFault(ReturnCode.NOT_INTEGRATED)), soft_wrap=True)
    return Exit.NO


def person(number: str, *, institution: str | None, json: bool) -> int:
    """Where one person is on file now; 1 when nowhere, or not there."""
    found = look_up(settings.load(), number, institution, None)
    if json:
        as_json(as_documents(number, found))
    if not found:
        return not_on_file()
    if not json:
        shown = table("institution", "quality", "from", "until")
        for one in sorted(found, key=lambda one: one[:3]):
            shown.add_row(one.institution, one.quality, str(one.since), str(one.until or ""))
        console.print(shown)
    return Exit.DONE
