"""Looks up, for the demo, what became of one person: in the log, the institutions' databases and the inbox."""

import email
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from email import policy
from pathlib import Path
from typing import Any

import yaml

from backbone import postgres
from backbone.errors import Stop
from backbone.settings import Settings
from consumers import acts
from consumers.audit.log_lookup import look_up
from notifier.letter.typesetter import printer
from notifier.notice_content import contents
from schemas.contracts import contract
from schemas.fields import DELIBERATION, ENVELOPE, REPLAY, TRAIL
from schemas.identifiers import pseudonym
from schemas.institutions import HOSTED, INSTITUTIONS
from schemas.languages import Language
from schemas.roles import Role

RULES = "rules"
ALWAYS = {*ENVELOPE, *TRAIL, DELIBERATION["name"], REPLAY["name"]}
"""What comes with every copy."""
TOLD = """
select f.finding, n.notice, f.side, f.recipient, concat_ws(' ', nullif(p.first_name, ''), p.name), p.language,
       n.channel, f.rule, f.certainty, f.missing, f.trace
  from notifier.finding f
  join notifier.profile p on p.recipient = f.recipient
  join notifier.telling t on t.finding = f.finding and t.version = f.version
  join notifier.notice n on n.notice = t.notice
 where f.side = %s and n.state = 'handed over'
 order by f.certainty <> 'certain', f.certainty <> 'likely', n.channel <> 'e-mail', f.missing desc nulls last, f.finding
 limit 1
"""
TOTALS = "select side, channel, count(*) from notifier.notice where state = 'handed over' group by side, channel"
STORED = "select content from store.record where person = %s and kind = %s order by version desc limit 1"
DELIVERED = "select recipient, sum(number)::bigint from audit.tally where what = 'delivered' group by recipient"


@dataclass(frozen=True, slots=True)
class Story:
    """Somebody who was told something, and the finding it was about. `missing` is in eurocents."""

    finding: str
    notice: str
    side: str
    recipient: str
    name: str
    language: Language
    channel: str
    rule: str
    certainty: str
    missing: int | None
    trace: list[dict[str, Any]]


@dataclass(slots=True)
class InstitutionShare:
    """What one recipient got of a declaration: fields by kind of event and their bases, or the reasons why not."""

    recipient: str
    fields: dict[str, int] = field(default_factory=dict)
    bases: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail: its subject, and the paragraphs below the title."""

    subject: str
    paragraphs: list[str]
    path: Path


def told(config: Settings, side: str) -> Story:
    """A recipient who was told the surest finding there is.

    Raises Stop when nobody on this side was told anything.
    """
    with postgres.connect(config, Role.NOTIFIER) as connection:
        row = connection.execute(TOLD, (side,)).fetchone()
    if row is None:
        raise Stop(f"No {side} was told anything.", "Look at `kruispunt notices`.")
    return Story(*row)


def totals(config: Settings) -> Counter[str]:
    """How many notices were handed over, by side and by channel."""
    counted: Counter[str] = Counter()
    with postgres.connect(config, Role.NOTIFIER) as connection:
        for side, channel, number in connection.execute(TOTALS):
            counted.update({side: number, channel: number})
    return counted


def delivered(config: Settings) -> Counter[str]:
    """How many copies every recipient got in all, as the log has it."""
    with postgres.connect(config, Role.INSPECTOR) as connection:
        return Counter(dict(connection.execute(DELIVERED).fetchall()))


def _leaves(schema: Any) -> int:
    match schema:
        case list():
            return max(_leaves(branch) for branch in schema)
        case {"type": "array", "items": items}:
            return _leaves(items)
        case {"type": "record", "fields": fields}:
            return sum(_leaves(inner["type"]) for inner in fields)
    return 1


def permitted(schema: Any) -> int:
    """How many fields a copy has besides those that come with every copy."""
    return _leaves({**schema, "fields": [inner for inner in schema["fields"] if inner["name"] not in ALWAYS]})


def shares(config: Settings, person: str) -> list[InstitutionShare]:
    """What every recipient got about a person, as the log of disclosures has it; in the order of the institutions."""
    key = pseudonym(config.pepper(), person)
    with postgres.connect(config, Role.AUDITOR) as connection, connection.transaction():
        acts.note(connection, "looked up a person", key.hex(), reason="demo")
        entries = list(look_up(connection, key))
    found = {name: InstitutionShare(name) for name in (*INSTITUTIONS, RULES)}
    for entry in entries:
        share = found[entry.recipient]
        if entry.contract:
            kind = entry.contract.name
            share.fields[kind] = share.fields.get(kind, 0) + permitted(entry.contract.schema)
            share.bases += [entry.deliberation or ""] if entry.deliberation not in share.bases else []
        else:
            share.reasons += [entry.reason or ""] if entry.reason not in share.reasons else []
    return list(found.values())


def contrast(found: Sequence[InstitutionShare]) -> tuple[str, InstitutionShare, InstitutionShare] | None:
    """A kind of event, and the two institutions here that got the most and the fewest fields of it."""
    best = None
    for kind in sorted({kind for share in found for kind in share.fields}):
        holders = sorted(
            (share for share in found if share.recipient in HOSTED and kind in share.fields),
            key=lambda share: share.fields[kind],
        )
        if len(holders) > 1:
            spread = holders[-1].fields[kind] - holders[0].fields[kind]
            if best is None or spread > best[0]:
                best = spread, (kind, holders[-1], holders[0])
    return best[1] if best else None


def whole(kind: str) -> int:
    """How many fields a kind of event has before it is narrowed."""
    return permitted(contract(kind).schema)


def copy_held(config: Settings, institution: str, person: str, kind: str) -> str:
    """What an institution's own database holds of one event about a person: its permitted fields."""
    with postgres.connect(config, institution, institution) as connection:
        row = connection.execute(STORED, (person, kind)).fetchone()
    content = _given(row[0] if row else {})
    text: str = yaml.safe_dump(content.get("lines", content), sort_keys=False, allow_unicode=True)
    return text


def _given(value: Any) -> Any:
    """A value without what was left empty, single values before lists."""
    match value:
        case list():
            return [_given(inner) for inner in value]
        case dict():
            given = {name: _given(inner) for name, inner in value.items() if inner is not None}
            return dict(sorted(given.items(), key=lambda item: isinstance(item[1], list | dict)))
    return value


def mail(config: Settings, notice: str) -> Mail | None:
    """The e-mail of a notice; None when it went by post."""
    for path in sorted(config.inbox.iterdir()):
        message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
        if message["X-Kruispunt-Notice"] == notice:
            body = message.get_body(("plain",))
            text = body.get_content().replace("\r\n", "\n") if body else ""
            return Mail(str(message["Subject"]), text.partition("==\n")[2].strip().split("\n\n"), path)
    return None


def keep_letter(config: Settings, notice: str, pdf: Path, picture: Path) -> None:
    """Write the letter of a notice, and its first page as a picture; that it was printed is an act."""
    with postgres.connect(config, Role.NOTIFIER) as connection, connection.cursor() as cursor:
        found = contents(cursor, [notice])
        if not found:
            raise Stop(f"There is no notice {notice}.")
        acts.note(connection, "printed the letter of a notice", notice)
    pdf.write_bytes(printer().print_letter(found[0]).pdf)
    picture.write_bytes(printer().picture(found[0]))
