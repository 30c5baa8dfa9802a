"""No e-mail betrays what its notice tells: every rule, language, side, and whether it is found, changed or withdrawn.

What must not be said is taken from the texts of the rules themselves: every word of what they say to anybody, and the
names of the steps and values they rest on.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache
from html import unescape
from typing import Any, Literal

import pytest

from notifier.mail.message import render_mail
from notifier.notice_content import Notice, NoticeFinding
from notifier.render import words
from notifier.render.texts import texts
from rules.catalogue import HISTORY_RULES, RULES
from schemas.languages import LANGUAGES, Language
from tests.builders import notices as example

SENDER = "no-reply@kruispunt.example"
EVERY = sorted({*RULES, *HISTORY_RULES})
SIDES: tuple[Literal["citizen", "employer"], ...] = ("citizen", "employer")
TELLS: tuple[Literal["found", "changed", "withdrawn"], ...] = ("found", "changed", "withdrawn")
NAMED = "Maatschappij Zonnebloem"
"""The firm that a finding is about, as the profiles know it."""
HEADERS = {
    "From", "Reply-To", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Kruispunt-Notice", "MIME-Version",
    "Content-Type", "Content-Language",
}  # fmt: skip
GENERAL = {
    "nl": """
        adres bericht bijdragen brussel code deze gaat geen genoeg hebt komt krijgt naar niet niets over schrijf
        sinds sociale soms staat voor vraag vraagt zelf""",
    "fr": """
        adresse autres avec avez bruxelles code contient cotisations dans demande demandez depuis message même notre
        nous numéro paiement parfois part personne personnel personnes pour question rien référence sans trop votre
        vous""",
    "de": """
        adresse andere bekommen bitten brüssel code dann diese dieser eine einem einer fragen geht gibt haben ihnen ihre
        ihren ihres jemand kommt manchmal mitteilung nach nicht nichts oder sehr seit selbst steht wenn""",
    "en": """
        about address anything because brussels code contributions enough from give have limit look message number other
        payment people personal reference same send since social sometimes that then there this time whether your
        yourself""",
}
"""The words that rules use and an e-mail may use as well: they fit any letter of any office. No word of a benefit, a
condition, an employer or an institution is among them."""
WORD = re.compile(r"[^\W_]+")
LONG = 4
AMOUNT = re.compile(r"€|\bEUR\b|\d+[.,]\d{2}\b")
ADDRESS = re.compile(r"\S@\S|://\S|(?<=[^\W_])\.(?=[^\W\d_]{2})")
"""What mail programs turn into a link: an e-mail address, a URL, a bare domain."""


def words_of(text: str) -> set[str]:
    """Words of four letters or more, and abbreviations and codes, such as RVA or C4."""
    return {
        word.casefold()
        for word in WORD.findall(text)
        if len(word) >= LONG or (len(word) > 1 and word.isupper() and not word.isdigit())
    }


def leaves(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    else:
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from leaves(part)


@cache
def said_by_rules(language: Language) -> tuple[str, ...]:
    """Every title, finding and advice of every rule."""
    return tuple(leaves(texts(language).get("rules")))


@cache
def of_rules(language: Language) -> frozenset[str]:
    """Every word that rules say, and what they call their steps and values."""
    named = [text for part in ("steps", "month_steps", "values") for text in leaves(texts(language).get(part))]
    return frozenset(word for text in (*said_by_rules(language), *named) for word in words_of(text))


def general(language: Language) -> set[str]:
    return set(GENERAL[language].split())


def betrayed(text: str, language: Language) -> set[str]:
    """What a text says that belongs to a rule: words, and titles, findings and advice as a whole."""
    plain = " ".join(text.split())
    sentences = {sentence for sentence in said_by_rules(language) if " ".join(sentence.split()) in plain}
    return (words_of(text) & of_rules(language)) - general(language) | sentences


def notice_of(
    told: Sequence[NoticeFinding], side: Literal["citizen", "employer"], language: Language, tells: Any
) -> Notice:
    made = example.for_citizen(language) if side == "citizen" else example.for_employer(language)
    entries = tuple(replace(entry, tells=tells) for entry in told)
    return replace(
        made,
        sequence=1 if tells == "found" else 2,
        findings=entries,
        names={entry.employer: NAMED for entry in entries},
    )


def decoded(mail: bytes) -> tuple[EmailMessage, list[str]]:
    """The message, and all that can be read in it, decoded: its subject, its text, its HTML with and without marks."""
    message = message_from_bytes(mail, policy=default)
    assert isinstance(message, EmailMessage)
    read = [str(message["Subject"])]
    read.extend(part.get_content() for part in message.walk() if part.get_content_maintype() == "text")
    html = re.sub(r"<style>.*?</style>", "", read[-1], flags=re.DOTALL)
    read[-1:] = [html, unescape(re.sub(r"<[^>]*>", " ", html))]
    return message, read


@pytest.mark.parametrize("tells", TELLS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", EVERY)
def test_an_e_mail_says_nothing_of_what_a_rule_found(
    rule: str, language: Language, tells: str, found_by_rule: Mapping[str, Sequence[NoticeFinding]]
) -> None:
    for side in SIDES:
        notice = notice_of(found_by_rule[rule], side, language, tells)
        message, read = decoded(render_mail(notice, SENDER))
        assert set(message.keys()) == HEADERS
        subject, plain, html, visible = read
        for text in (subject, plain, visible):
            bare = text.replace(notice.notice, "").replace(notice.profile.full_name, "")
            assert not betrayed(bare, language)
            assert not AMOUNT.search(bare)
            assert NAMED not in text
        # Marks, names of classes and hidden texts as well.
        assert not [sentence for sentence in said_by_rules(language) if sentence in html]
        assert rule not in str(message)
        assert rule.replace("_", "-") not in str(message)
        for text in read:
            digits = re.sub(r"[^\d]", "", text.replace(notice.notice, " "))
            assert not [told for told in notice.findings if told.person in digits or (told.employer or "?") in digits]


@pytest.mark.parametrize("tells", TELLS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("side", SIDES)
def test_whatever_is_told_the_e_mail_is_the_same_byte_for_byte(
    side: Literal["citizen", "employer"],
    language: Language,
    tells: str,
    found_by_rule: Mapping[str, Sequence[NoticeFinding]],
) -> None:
    made = [notice_of(found_by_rule[rule], side, language, tells) for rule in EVERY]
    first = replace(made[0], findings=(), names={}, quarter="2021Q1", sequence=7)
    assert {render_mail(notice, SENDER) for notice in made} == {render_mail(first, SENDER)}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("side", SIDES)
def test_nothing_in_an_e_mail_becomes_a_link(side: Literal["citizen", "employer"], language: Language) -> None:
    notice = notice_of((), side, language, "found")
    named = replace(
        notice, profile=replace(notice.profile, first_name="J.De", name="Vos www.vos.example a@b http://vos")
    )
    for one in (notice, named):
        subject, plain, html, visible = decoded(render_mail(one, SENDER))[1]
        assert not [text for text in (subject, plain, visible) if ADDRESS.search(text)]
        assert not re.search(r"<(a|img|script|link|form|iframe|input|object|base)\b|\b(href|src)=|url\(", html)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("side", SIDES)
def test_an_e_mail_says_for_whom_since_when_and_under_which_reference(
    side: Literal["citizen", "employer"], language: Language
) -> None:
    notice = notice_of((), side, language, "found")
    said = texts(language)
    message, (subject, plain, _, visible) = decoded(render_mail(notice, SENDER))
    assert subject == said.say(f"mail.{side}.subject")
    for text in (plain, visible):
        flat = " ".join(text.split())
        assert notice.notice in flat
        assert words.quantity("2026-11-23", None, said) in flat
        assert said.sender.one_line in flat
        assert (notice.profile.full_name in flat) == (side == "citizen"), "a firm is named by the address alone"
    assert message["Reply-To"].addresses[0].addr_spec == said.sender.email


def test_the_day_is_the_day_in_belgium() -> None:
    notice = replace(example.for_citizen("en"), created_at=example.MADE_AT.replace(month=6, day=30, hour=22, minute=5))
    assert "1 July 2026" in decoded(render_mail(notice, SENDER))[1][1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_that_are_allowed_are_those_an_e_mail_needs(language: Language) -> None:
    needed = set()
    for side in SIDES:
        notice = notice_of((), side, language, "found")
        _, (subject, plain, _, visible) = decoded(render_mail(notice, SENDER))
        needed |= words_of(f"{subject} {plain} {visible}") & of_rules(language)
    assert needed == general(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_title_finding_and_advice_of_a_rule_would_be_noticed(language: Language) -> None:
    """Not only as a whole: a word of it gives it away, but for the few lines that say that nothing has to be done."""
    assert len(of_rules(language) - general(language)) > 10 * len(general(language))
    assert not [text for text in said_by_rules(language) if not betrayed(text, language)]
    rest = [text for text in said_by_rules(language) if not (words_of(text) & of_rules(language)) - general(language)]
    assert len(rest) <= 1, rest


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_of_a_rule_holds_an_address(language: Language) -> None:
    texts_of_all = list(leaves(texts(language)._tree))
    assert texts_of_all
    assert not [text for text in texts_of_all if ADDRESS.search(text)]


@pytest.mark.parametrize("text", ["mypension.be", "a@b.example", "https://x", "www.vos", "Zie onze site:kruispunt.be."])
def test_an_address_would_be_noticed(text: str) -> None:
    assert ADDRESS.search(text)
