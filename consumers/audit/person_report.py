"""Reports to a person who received what, on which basis, why and when, and who did not: as a document."""

from collections.abc import Iterable
from datetime import UTC
from typing import Any

from psycopg import Connection

from consumers.audit.log_lookup import LogEntry, look_up
from consumers.audit.report_texts import phrase
from consumers.deliberations import Deliberation, store
from schemas.contracts import Contract
from schemas.fields import meanings
from schemas.institutions import INSTITUTIONS
from schemas.languages import Language


def bases(connection: Connection[Any]) -> dict[str, Deliberation]:
    """Every version of every deliberation that was ever kept, by id: also those that are over or withdrawn."""
    with connection.cursor() as cursor:
        return store.current(cursor).by_id


def named(recipient: str, language: Language) -> str:
    """What a recipient is called."""
    return INSTITUTIONS[recipient].names[language] if recipient in INSTITUTIONS else phrase(recipient, language)


def _moment(entry: LogEntry) -> str:
    return entry.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _fields(contract: Contract) -> list[dict[str, str]]:
    return [{"field": path, "means": means} for path, means in meanings(contract.schema)]


def disclosure(
    entry: LogEntry, contract: Contract, known: dict[str, Deliberation], language: Language
) -> dict[str, Any]:
    """One copy, as JSON."""
    basis = known.get(entry.deliberation or "")
    return {
        "at": _moment(entry),
        "recipient": entry.recipient,
        "name": named(entry.recipient, language),
        "deliberation": entry.deliberation,
        "title": basis and getattr(basis.names, language),
        "purpose": basis and basis.purpose,
        "basis": basis and basis.basis,
        "kind": contract.name,
        "contract": contract.id,
        "fields": _fields(contract),
        "event": entry.event,
        "replay": entry.replay,
        "chain": entry.chain,
        "segment": entry.segment,
    }


def refusal(entry: LogEntry, language: Language) -> dict[str, Any]:
    """One copy that was not made, as JSON."""
    return {
        "at": _moment(entry),
        "recipient": entry.recipient,
        "name": named(entry.recipient, language),
        "reason": entry.reason,
        "explanation": phrase(entry.reason or "", language),
        "event": entry.event,
        "replay": entry.replay,
        "chain": entry.chain,
        "segment": entry.segment,
    }


def report(connection: Connection[Any], person: bytes, language: Language) -> dict[str, Any]:
    """All that the log says about a person, given by pseudonym, newest first, as JSON."""
    return answer(look_up(connection, person), bases(connection), language)


def answer(entries: Iterable[LogEntry], known: dict[str, Deliberation], language: Language) -> dict[str, Any]:
    """All of it, newest first, as JSON."""
    log = list(entries)
    return {
        "language": language,
        "disclosures": [disclosure(entry, entry.contract, known, language) for entry in log if entry.contract],
        "refusals": [refusal(entry, language) for entry in log if entry.contract is None],
    }
