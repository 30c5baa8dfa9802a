"""Says in words what a notice tells: by letter with every figure of the trace, by e-mail without any."""

from collections.abc import Sequence
from itertools import groupby

from notifier.content import Notice, Told
from notifier.render import calculation, figures, words
from notifier.render.document import Block, Document, bullets, heading, note, paragraph, subheading
from notifier.render.texts import Texts

CITIZEN = "citizen"


def for_mail(notice: Notice, texts: Texts) -> Document:
    """The notice for an open channel: no amounts, no numbers of persons or employers."""
    blocks = [*_opening(notice, texts), *_parts(notice, texts, amounts=False), *_ending(notice, texts)]
    blocks += [
        heading(texts.say("headings.privacy")),
        paragraph(texts.say("mail.privacy")),
        note(texts.say("mail.automatic")),
    ]
    return _document(notice, texts, blocks)


def for_letter(notice: Notice, texts: Texts) -> Document:
    """The notice for a closed channel, with what the rule saw."""
    blocks = [*_opening(notice, texts), *_parts(notice, texts, amounts=True), *_ending(notice, texts)]
    blocks += [heading(texts.say("headings.privacy")), paragraph(texts.say("letter.privacy"))]
    return _document(notice, texts, blocks)


def annex(notice: Notice, texts: Texts) -> list[Block]:
    """What comes after the signature of a letter: the calculations."""
    if notice.side == CITIZEN:
        return calculation.for_citizen(notice, texts)
    return calculation.for_employer(notice, texts)


def _document(notice: Notice, texts: Texts, blocks: list[Block]) -> Document:
    side, followup = notice.side, notice.sequence > 1
    name = notice.profile.full_name
    return Document(
        language=notice.language,
        subject=texts.say(f"{side}.{'subject_followup' if followup else 'subject'}"),
        title=texts.say(f"{side}.title", quarter=words.quarter(notice.quarter, texts)),
        greeting=texts.say("greeting", name=name) if side == CITIZEN else texts.say("greeting_employer"),
        blocks=blocks,
    )


def _opening(notice: Notice, texts: Texts) -> list[Block]:
    quarter = words.quarter(notice.quarter, texts)
    if all(told.tells == "withdrawn" for told in notice.told):
        return [paragraph(texts.say(f"{notice.side}.only_withdrawn", quarter=quarter))]
    blocks = [paragraph(texts.say(f"{notice.side}.why", quarter=quarter))]
    if notice.sequence > 1:
        blocks.append(paragraph(texts.say(f"{notice.side}.followup")))
    return blocks


def _parts(notice: Notice, texts: Texts, *, amounts: bool) -> list[Block]:
    blocks: list[Block] = []
    ordered = sorted(notice.told, key=lambda told: (told.tells == "withdrawn", told.rule))
    for (withdrawn, rule), group in groupby(ordered, key=lambda told: (told.tells == "withdrawn", told.rule)):
        told = list(group)
        name = texts.rule(rule, notice.side)
        blocks.append(heading(texts.say(f"{name}.title")))
        if withdrawn:
            blocks.append(
                paragraph(texts.say("says.withdrawn" if notice.side == CITIZEN else "says.withdrawn_employer"))
            )
            if amounts:
                blocks += figures.which(notice, told, texts)
            continue
        blocks += _found(notice, told, texts, f"{name}.{notice.side}", amounts=amounts)
    return blocks


def _found(notice: Notice, told: Sequence[Told], texts: Texts, name: str, *, amounts: bool) -> list[Block]:
    blocks = []
    if any(entry.tells == "changed" for entry in told):
        blocks.append(paragraph(texts.say("says.changed")))
    blocks.append(paragraph(f"{texts.say(f'{name}.found')} {_certainty(told, texts)}"))
    if amounts:
        if not all(entry.states_amounts for entry in told):
            blocks.append(paragraph(texts.say("says.no_amount")))
        blocks += figures.amounts(notice, told, texts)
    return [*blocks, subheading(texts.say("headings.do")), bullets(texts.get(f"{name}.do"))]


def _certainty(told: Sequence[Told], texts: Texts) -> str:
    kinds = {entry.certainty for entry in told}
    return texts.say(f"says.{kinds.pop()}" if len(kinds) == 1 else "says.mixed")


def _ending(notice: Notice, texts: Texts) -> list[Block]:
    contact = texts.say("contact", email=texts.sender.email, address=texts.sender.one_line, reference=notice.notice)
    blocks = [heading(texts.say("headings.decision")), paragraph(texts.say("decision"))]
    blocks += [heading(texts.say("headings.contact")), paragraph(contact)]
    if notice.side == CITIZEN:
        blocks.append(paragraph(texts.say("wrong_data")))
    return blocks
