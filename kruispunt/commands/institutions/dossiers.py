"""Takes persons on file by command, changes and ends dossiers; what was done or refused is on record with it."""

from datetime import date

from backbone import postgres, settings
from consumers import acts
from consumers.directory import alarms
from consumers.directory.changes import CHANGE, END, FIRST, INTEGRATE, DossierChange, DossierKey
from consumers.directory.codes import ReturnCode, code, reason
from consumers.directory.store import take_in_one
from kruispunt.commands.institutions.alarms import tell
from kruispunt.commands.institutions.overview import known
from kruispunt.commands.institutions.person_lookup import OPERATOR, about
from kruispunt.output import Exit, as_json, console, errors

__all__ = ["CHANGE", "END", "FIRST", "INTEGRATE", "take_in"]
DONE = {INTEGRATE: "integrated a dossier", CHANGE: "changed a dossier", END: "ended a dossier"}
REFUSED = {
    INTEGRATE: "was refused an integration",
    CHANGE: "was refused a change of a dossier",
    END: "was refused the end of a dossier",
}


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
    with postgres.connect(config, OPERATOR) as connection, connection.cursor() as cursor:
        verdict = take_in_one(cursor, change)
        codes = [str(fault.code) for fault in verdict.faults]
        acts.note(
            cursor,
            (REFUSED if verdict.faults else DONE)[action],
            about(config, person),
            institution=institution,
            # What was refused may be anything, also somebody's number.
            quality=None if ReturnCode.UNKNOWN_QUALITY in codes else quality,
            **{"from": since.isoformat(), "until": until.isoformat() if until else None},
            version=verdict.version,
            codes=codes,
        )
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
