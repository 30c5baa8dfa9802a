"""Integrates persons, changes and ends dossiers by command; what was done or refused is recorded with it."""

from datetime import date

from backbone import postgres
from consumers.consultation.person_lookup import subject
from consumers.directory import alarms
from consumers.directory.change_decision import CHANGE, END, FIRST, INTEGRATE, DossierChange, DossierKey
from consumers.directory.change_on_record import take_in_on_record
from consumers.directory.return_codes import code, reason
from kruispunt import settings
from kruispunt.commands.institutions.overview import known
from kruispunt.monitoring.alarms import tell
from kruispunt.output import Exit, as_json, console, errors
from schemas.roles import Role

__all__ = ["CHANGE", "END", "FIRST", "INTEGRATE", "take_in"]


def take_in(
    action: str,
    institution: str,
    person: str,
    quality: str,
    *,
    since: date,
    until: date | None,
    version: int | None,
    json: bool,
) -> int:
    """Integrate, change or end one dossier; 1 when it is refused. Without a version, whichever follows."""
    config = settings.load()
    change = DossierChange("", action, DossierKey(person, known(institution), quality), since, until, version)
    with postgres.connect(config, Role.OPERATOR) as connection, connection.cursor() as cursor:
        verdict = take_in_on_record(cursor, change, subject(config.pepper(), person))
        raised = alarms.raised(cursor)
    tell(raised)
    told = reason(verdict.faults)
    if json:
        as_json(
            {"accepted": not verdict.faults, "code": code(verdict.faults), "reason": told, "version": verdict.version}
        )
    elif verdict.faults:
        for fault in verdict.faults:
            errors.print("[bold red]✗[/]", str(fault), soft_wrap=True)
        errors.print("  Nothing was changed.")
    else:
        period = "ended: nothing is delivered on it any more" if action == END else f"until {until or 'further'}"
        console.print(f"[bold green]✓[/] {institution} {quality} from {since}, {period} (version {verdict.version})")
    return Exit.NO if verdict.faults else Exit.DONE
