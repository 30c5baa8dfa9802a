"""Composes the text of a notice: a letter says everything, an e-mail only that there is a notice."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from notifier.notice_content import Notice, NoticeFinding
from notifier.render import calculation, figures, words
from notifier.render.document import Document, DocumentBlock, bullets, facts, heading, paragraph, subheading
from notifier.render.texts import Texts

CITIZEN = "citizen"


def for_mail(texts: Texts, side: str, *, name: str, day: str, reference: str) -> Document:
    """For an open channel: that there is a notice and what to do with it, but not what it says."""
    return Document(
        language=texts.language,
        title=texts.say(f"mail.{side}.subject"),
        greeting=_greeting(side, name, texts),
        blocks=[
            paragraph(texts.say("mail.intro")),
            facts([[texts.say("mail.since"), day], [texts.say("mail.reference"), reference]]),
            heading(texts.say("mail.read")),
            bullets(texts.say_each("mail.read_how", address=texts.sender.one_line)),
            heading(texts.say("mail.genuine")),
            bullets(texts.say_each("mail.genuine_how")),
            heading(texts.say("mail.ask")),
            paragraph(texts.say("mail.ask_how")),
        ],
    )


def for_letter(notice: Notice, texts: Texts) -> Document:
    """The notice for a closed channel, with what the rule saw."""
    return Document(
        language=notice.language,
        title=texts.say(f"{notice.side}.title", quarter=words.quarter(notice.quarter, texts)),
        greeting=_greeting(notice.side, notice.profile.full_name, texts),
        blocks=[
            *_opening(notice, texts),
            *_parts(notice, texts),
            *_ending(notice, texts),
            heading(texts.say("headings.privacy")),
            paragraph(texts.say("letter.privacy")),
        ],
    )


def annex(notice: Notice, texts: Texts) -> list[DocumentBlock]:
    """What comes after the signature of a letter: the calculations."""
    if notice.side == CITIZEN:
        return calculation.for_citizen(notice, texts)
    return calculation.for_employer(notice, texts)


def _greeting(side: str, name: str, texts: Texts) -> str:
    return texts.say("greeting", name=name) if side == CITIZEN else texts.say("greeting_employer")


def _opening(notice: Notice, texts: Texts) -> list[DocumentBlock]:
    quarter = words.quarter(notice.quarter, texts)
    if all(finding.tells == "withdrawn" for finding in notice.findings):
        by_law = all(finding.law_known for finding in notice.findings)
        return [paragraph(texts.say(f"{'law' if by_law else notice.side}.only_withdrawn", quarter=quarter))]
    blocks = [paragraph(texts.say(f"{notice.side}.why", quarter=quarter))]
    if notice.sequence > 1:
        blocks.append(paragraph(texts.say(f"{notice.side}.followup")))
    return blocks


def _parts(notice: Notice, texts: Texts) -> list[DocumentBlock]:
    blocks: list[DocumentBlock] = []
    ordered = sorted(notice.findings, key=lambda finding: (finding.tells == "withdrawn", finding.rule))
    for (withdrawn, rule), group in groupby(ordered, key=lambda finding: (finding.tells == "withdrawn", finding.rule)):
        findings = list(group)
        name = texts.rule(rule, notice.side)
        blocks.append(heading(texts.say(f"{name}.title")))
        if withdrawn:
            blocks.append(_withdrawn(findings, notice.side, texts))
            blocks += figures.which(notice, findings, texts)
            continue
        blocks += _found(notice, findings, texts, f"{name}.{notice.side}")
    return blocks


def _found(notice: Notice, findings: Sequence[NoticeFinding], texts: Texts, name: str) -> list[DocumentBlock]:
    blocks = []
    if by_law := _by_law(findings):
        blocks.append(paragraph(texts.say(f"law.{findings[0].tells}", day=words.day(by_law, texts))))
    elif any(entry.tells == "changed" for entry in findings):
        blocks.append(paragraph(texts.say("says.changed")))
    blocks.append(paragraph(f"{texts.say(f'{name}.found')} {_certainty(findings, texts)}"))
    if not all(entry.states_amounts for entry in findings):
        blocks.append(paragraph(texts.say("says.no_amount")))
    blocks += figures.amounts(notice, findings, texts)
    return [*blocks, subheading(texts.say("headings.do")), bullets(texts.get(f"{name}.do"))]


def _withdrawn(findings: Sequence[NoticeFinding], side: str, texts: Texts) -> DocumentBlock:
    text = "withdrawn" if side == CITIZEN else "withdrawn_employer"
    by_law = _by_law(findings)
    said = texts.say(f"law.{text}", day=words.day(by_law, texts)) if by_law else texts.say(f"says.{text}")
    return paragraph(said)


def _by_law(findings: Sequence[NoticeFinding]) -> date | None:
    """Since when the law is known that led to all of these, told alike; None where facts led to one of them."""
    days = [finding.law_known for finding in findings if finding.law_known]
    return max(days) if len(days) == len(findings) and len({finding.tells for finding in findings}) == 1 else None


def _certainty(findings: Sequence[NoticeFinding], texts: Texts) -> str:
    kinds = {entry.certainty for entry in findings}
    return texts.say(f"says.{kinds.pop()}" if len(kinds) == 1 else "says.mixed")


def _ending(notice: Notice, texts: Texts) -> list[DocumentBlock]:
    contact = texts.say("contact", email=texts.sender.email, address=texts.sender.one_line, reference=notice.notice)
    blocks = [heading(texts.say("headings.decision")), paragraph(texts.say("decision"))]
    blocks += [heading(texts.say("headings.contact")), paragraph(contact)]
    if notice.side == CITIZEN:
        blocks.append(paragraph(texts.say("wrong_data")))
    return blocks
