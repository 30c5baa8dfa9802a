"""Lays out the amounts of a letter: each is a value of a finding, with nothing added."""

from collections.abc import Sequence

from notifier.notice_content import Notice, NoticeFinding
from notifier.render import words
from notifier.render.document import DocumentBlock, figures, paragraph, table
from notifier.render.texts import Texts

CITIZEN = "citizen"


def amounts(notice: Notice, findings: Sequence[NoticeFinding], texts: Texts) -> list[DocumentBlock]:
    """The amounts of findings of one rule: large for a citizen, a row per worker for an employer."""
    if notice.side != CITIZEN:
        codes = sorted({entry.deduction_code for entry in findings if entry.deduction_code})
        named = [paragraph(f"{texts.say('letter.code')}: {', '.join(codes)}")] if codes else []
        return [*named, _workers(findings, texts)]
    blocks: list[DocumentBlock] = []
    for entry in findings:
        blocks += where(notice, entry, texts)
        if entry.states_amounts and entry.amount is not None:
            header = [texts.say(f"letter.{name}") for name in ("due", "claimed", "missing")]
            blocks.append(figures(header, _cells(entry, texts)))
    return blocks


def which(notice: Notice, findings: Sequence[NoticeFinding], texts: Texts) -> list[DocumentBlock]:
    """Which findings are withdrawn, without their amounts."""
    if notice.side == CITIZEN:
        return [block for entry in findings for block in where(notice, entry, texts)]
    header = texts.get("letter.workers_columns")[:2]
    rows = [[words.person_number(entry.person), entry.occupation or ""] for entry in findings]
    return [table(header, ["left", "left"], ["1fr", "2fr"], rows)]


def _workers(findings: Sequence[NoticeFinding], texts: Texts) -> DocumentBlock:
    rows = [
        [words.person_number(entry.person), entry.occupation or "", *_cells(entry, texts), _certainty(entry, texts)]
        for entry in findings
    ]
    return table(
        texts.get("letter.workers_columns"), ["left", "left", "right", "right", "right", "left"],
        ["auto", "auto", "1fr", "1fr", "1fr", "auto"], rows,
    )  # fmt: skip


def _cells(entry: NoticeFinding, texts: Texts) -> list[str]:
    if not entry.states_amounts:
        return [texts.say("letter.no_amount"), "", ""]
    stated = (entry.amount, entry.claimed, entry.missing)
    return ["" if amount is None else words.money(amount, texts) for amount in stated]


def _certainty(entry: NoticeFinding, texts: Texts) -> str:
    return str(texts.get("certainty")[entry.certainty])


def where(notice: Notice, entry: NoticeFinding, texts: Texts) -> list[DocumentBlock]:
    """A paragraph with the place of a finding; none for a right that belongs to no employer."""
    text = place(notice, entry, texts)
    return [paragraph(text)] if text else []


def place(notice: Notice, entry: NoticeFinding, texts: Texts) -> str:
    """Where a finding was made: employer, occupation, reduction code; empty where it belongs to none of them."""
    parts = []
    if entry.employer:
        number = words.employer_number(entry.employer)
        name = notice.names.get(entry.employer)
        parts.append(texts.say("letter.at", name=f"{name} ({number})" if name else number))
    if entry.occupation:
        parts.append(f"{texts.say('letter.occupation')} {entry.occupation}")
    if entry.deduction_code:
        parts.append(f"{texts.say('letter.code')} {entry.deduction_code}")
    return " · ".join(parts)
