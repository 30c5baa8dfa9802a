"""Applies a change of a dossier by command, and records what was done or refused in the same transaction."""

from typing import Any

from psycopg import Cursor

from consumers import acts
from consumers.directory.change_decision import CHANGE, END, INTEGRATE, ChangeVerdict, DossierChange
from consumers.directory.return_codes import ReturnCode
from consumers.directory.store import take_in_one

DONE = {INTEGRATE: "integrated a dossier", CHANGE: "changed a dossier", END: "ended a dossier"}
REFUSED = {
    INTEGRATE: "was refused an integration",
    CHANGE: "was refused a change of a dossier",
    END: "was refused the end of a dossier",
}


def take_in_on_record(cursor: Cursor[Any], change: DossierChange, subject: str) -> ChangeVerdict:
    """Integrate, change or end one dossier, or refuse to; `subject` is the pseudonym of the person."""
    verdict = take_in_one(cursor, change)
    codes = [str(fault.code) for fault in verdict.faults]
    acts.note(
        cursor,
        (REFUSED if verdict.faults else DONE)[change.action],
        subject,
        institution=change.key.institution,
        # What was refused may be anything, also somebody's number.
        quality=None if ReturnCode.UNKNOWN_QUALITY in codes else change.key.quality,
        **{"from": change.since.isoformat(), "until": change.until.isoformat() if change.until else None},
        version=verdict.version,
        codes=codes,
    )
    return verdict
