"""Looks up, for the demo, what became of one person: in the audit, the institutions and the inbox."""

import email
import json
from dataclasses import dataclass
from email import policy
from pathlib import Path
from typing import Any

from rich.text import Text

from backbone import postgres
from backbone.errors import Stop
from backbone.settings import Settings
from consumers import acts
from consumers.audit.log_lookup import look_up
from schemas.contracts import contract
from schemas.identifiers import pseudonym
from schemas.institutions import HOSTED, INSTITUTIONS

RULES = "rules"
SHOWN_CHARACTERS = 900
TOLD = """
select f.finding, f.recipient, p.first_name || ' ' || p.name
  from notifier.finding f
  join notifier.profile p on p.recipient = f.person
  join notifier.telling t on t.finding = f.finding and t.version = f.version
  join notifier.notice n on n.notice = t.notice
 where f.side = %s and n.state = 'handed over'
 order by f.certainty <> 'certain', f.certainty <> 'likely', n.channel <> 'e-mail', f.missing desc nulls last
 limit 1
"""
FINDING = (
    "select rule, certainty, missing, trace from notifier.finding where finding = %s order by version desc limit 1"
)
MAILED = """
select notice from notifier.notice where channel = 'e-mail' and state = 'handed over'
 order by recipient <> %s, side <> 'citizen', notice
"""
STORED = "select content from store.record where person = %s order by kind desc limit 1"


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the demo follows."""

    number: str
    name: str
    finding: str


@dataclass(frozen=True, slots=True)
class Line:
    """What a recipient got of one event, or why it got nothing."""

    recipient: str
    kind: str
    fields: int | None
    of: int
    basis: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """A finding as it was told."""

    rule: str
    certainty: str
    missing: int | None
    trace: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail as its reader sees it."""

    subject: str
    text: str
    path: Path


def somebody_told(config: Settings, side: str) -> Person:
    """A person about whom somebody was told, with the surest finding there is.

    Raises Stop when nobody was.
    """
    with postgres.connect(config, "notifier") as connection:
        row = connection.execute(TOLD, (side,)).fetchone()
    if row is None:
        raise Stop("Nobody was told anything.", "Look at `kruispunt notices`.")
    return Person(number=row[1], name=row[2], finding=row[0])


def _leaves(schema: Any) -> int:
    match schema:
        case list():
            return max(_leaves(branch) for branch in schema)
        case {"type": "array", "items": items}:
            return _leaves(items)
        case {"type": "record", "fields": fields}:
            return sum(_leaves(field["type"]) for field in fields)
    return 1


def disclosures(config: Settings, person: Person) -> list[Line]:
    """What every recipient got about a person, as the record of disclosures has it."""
    key = pseudonym(config.pepper(), person.number)
    with postgres.connect(config, "auditor") as connection, connection.transaction():
        acts.note(connection, "looked up a person", key.hex(), reason="demo")
        entries = list(look_up(connection, key))
    kinds = {one.event: one.contract.name for one in entries if one.contract}
    lines = []
    for one in entries:
        kind = kinds.get(one.event, "").removeprefix("declarations.")
        if one.contract:
            full = _leaves(contract(one.contract.name).schema)
            lines.append(Line(one.recipient, kind, _leaves(one.contract.schema), full, one.deliberation or "", ""))
        else:
            lines.append(Line(one.recipient, kind, None, 0, "", one.reason or ""))
    order = [*INSTITUTIONS, RULES]
    return sorted(lines, key=lambda line: (order.index(line.recipient), line.fields is None, line.kind))


def holders(config: Settings, person: Person) -> list[str]:
    """The institutions that have something about a person in their database."""
    return [name for name in HOSTED if _stored(config, name, person)]


def _stored(config: Settings, institution: str, person: Person) -> Any:
    with postgres.connect(config, institution, institution) as connection:
        row = connection.execute(STORED, (person.number,)).fetchone()
    return row[0] if row else None


def stored(config: Settings, institution: str, person: Person) -> Text:
    """What an institution's own database holds about a person, the beginning of it."""
    text = json.dumps(_stored(config, institution, person), indent=1, ensure_ascii=False)
    return Text(text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS].rsplit("\n", 1)[0] + "\n …")


def finding(config: Settings, person: Person) -> Found:
    """The finding about a person that was told."""
    with postgres.connect(config, "notifier") as connection:
        row = connection.execute(FINDING, (person.finding,)).fetchone()
    if row is None:
        raise Stop("The finding is gone.")
    return Found(row[0].replace("_", " "), row[1].replace("_", " "), row[2], row[3])


def mail(config: Settings, person: Person) -> Mail | None:
    """The mail a person got, else one to somebody else; None when only letters went out."""
    with postgres.connect(config, "notifier") as connection:
        notices = [row[0] for row in connection.execute(MAILED, (person.number,))]
    mails = {}
    for path in config.inbox.iterdir():
        message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
        mails[str(message["X-Kruispunt-Notice"])] = (message, path)
    for notice in notices:
        if notice in mails:
            message, path = mails[notice]
            body = message.get_body(("plain",))
            return Mail(str(message["Subject"]), body.get_content() if body else "", path)
    return None


def letters(config: Settings) -> dict[str, Path]:
    """One letter to a citizen and one to an employer, where there are."""
    with postgres.connect(config, "notifier") as connection:
        rows = connection.execute(
            "select side, notice, batch from notifier.notice where state = 'handed over' and channel = 'letter'"
        ).fetchall()
    found = {side: config.outgoing / batch / f"{notice}.pdf" for side, notice, batch in rows}
    return {side: path for side, path in found.items() if path.is_file()}
