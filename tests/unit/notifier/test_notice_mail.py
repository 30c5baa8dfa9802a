"""An e-mail is an open card: it says that there is something, and nothing that identifies or counts."""

import re
from dataclasses import replace
from email import message_from_bytes, message_from_string
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser

import pytest
from hypothesis import example as hypothesis_example
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.errors import Reject
from notifier.mail.message import render_mail
from notifier.notice_content import Notice
from schemas.languages import LANGUAGES
from tests.builders import notices as example

SENDER = "no-reply@kruispunt.example"
AMOUNT = re.compile(r"€|\bEUR\b|\d+[.,]\d{2}\b")


def parts(notice: Notice) -> tuple[EmailMessage, str, str]:
    message = message_from_bytes(render_mail(notice, SENDER), policy=default)
    assert isinstance(message, EmailMessage)
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    return message, plain.get_content(), html.get_content()


class Words(HTMLParser):
    """What somebody sees of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found = ""
        self._hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's
        self._hidden = tag in ("style", "title")

    def handle_data(self, data: str) -> None:
        self.found += "" if self._hidden else f" {data}"


def visible(html: str) -> str:
    words = Words()
    words.feed(html)
    return words.found


def every_notice() -> list[Notice]:
    withdrawn = replace(example.work_bonus(), tells="withdrawn")
    changed = replace(example.work_bonus("certain"), tells="changed")
    return [
        notice
        for language in LANGUAGES
        for notice in (
            example.for_citizen(language),
            example.for_citizen(language, withdrawn, sequence=2),
            example.for_citizen(language, changed, sequence=2),
            example.for_employer(language, 5),
        )
    ]


@pytest.mark.parametrize("notice", every_notice(), ids=lambda n: f"{n.side} {n.language} {n.findings[0].tells}")
def test_an_e_mail_carries_no_number_of_anybody_and_no_amount(notice: Notice) -> None:
    message, plain, html = parts(notice)
    for text in (plain, visible(html), str(message["Subject"])):
        bare = text.replace(notice.notice, "")
        digits = re.sub(r"[.\- \u00a0\u202f]", "", bare)
        for told in notice.findings:
            assert told.person not in digits
            assert told.employer not in digits
        assert not AMOUNT.search(bare)


@pytest.mark.parametrize("notice", every_notice(), ids=lambda n: f"{n.side} {n.language} {n.findings[0].tells}")
def test_an_e_mail_has_no_link_and_loads_nothing(notice: Notice) -> None:
    _, plain, html = parts(notice)
    assert "http" not in plain + html
    assert not re.search(r"<(a|img|script|link|form|iframe|input)\b", html)


@pytest.mark.parametrize("notice", every_notice(), ids=lambda n: f"{n.side} {n.language} {n.findings[0].tells}")
def test_an_e_mail_says_the_same_with_and_without_html(notice: Notice) -> None:
    _, plain, html = parts(notice)

    shown = set(re.findall(r"\w{4,}", visible(html).lower()))
    said = set(re.findall(r"\w{4,}", plain.lower()))
    assert shown == said


def test_the_headers_are_those_of_an_automatic_official_message() -> None:
    notice = example.for_citizen("fr")
    message, _, html = parts(notice)
    assert message["X-Kruispunt-Notice"] == notice.notice
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == f"<{notice.notice}@kruispunt.example>"
    assert message["Date"].datetime == notice.created_at
    assert message["Content-Language"] == "fr"
    assert '<html lang="fr">' in html


def test_the_same_notice_gives_the_same_bytes() -> None:
    notice = example.for_citizen("de")
    assert render_mail(notice, SENDER) == render_mail(notice, SENDER)


def test_a_name_is_text_and_never_markup() -> None:
    notice = example.for_citizen("nl")
    named = replace(notice, profile=replace(notice.profile, name="<b>{{ 7*7 }}</b>"))
    _, plain, html = parts(named)
    assert "<b>" not in html
    assert "{{ 7*7 }}" in plain
    assert "49" not in plain


@pytest.mark.parametrize(
    "address", ["a@b.example\nBcc: x@y.example", "no address", "", "a@", "@b", "anna@[mail.example", "a@b, c@d"]
)
def test_an_impossible_address_is_refused_and_adds_no_header(address: str) -> None:
    notice = example.for_citizen("nl")
    with pytest.raises(Reject):
        render_mail(replace(notice, profile=replace(notice.profile, email=address)), SENDER)


ATOM = st.text("abcXYZ019!#$%&'*+/=?^_`{|}~-éł日", min_size=1, max_size=15)
LOCAL_PARTS = st.lists(ATOM, min_size=1, max_size=3).map(".".join).filter(lambda local: len(local.encode()) <= 64)
DOMAINS = st.sampled_from(["mail.example", "b", "bücher.example", f"{'a-' * 20}b.{'c' * 60}.example"])


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from('ab ,;:@()<>[]".\\=?_\r\n\x00é日\u2028'), max_size=200), LOCAL_PARTS, DOMAINS)
@hypothesis_example("Quatre Vents, Menuiserie, boss@other.example, Travaux et Renovations, Ltd", "firm", "mail.example")
@hypothesis_example("a\r\nBcc: boss@other.example", "jörg", "bücher.example")
def test_an_e_mail_has_one_recipient_and_one_sender_whatever_the_name(name: str, local: str, domain: str) -> None:
    notice = example.for_employer("fr")
    named = replace(notice, profile=replace(notice.profile, name=name, email=f"{local}@{domain}"))
    rendered = render_mail(named, SENDER)
    message = message_from_string(rendered.decode(), policy=default)
    assert isinstance(message, EmailMessage)
    (to,), (sender,) = message["To"].addresses, message["From"].addresses
    assert (to.username, to.domain) == (local, domain.replace("bücher", "xn--bcher-kva"))
    assert sender.addr_spec == SENDER
    assert rendered.isascii() is local.isascii()
    assert sorted(message.keys()) == sorted(
        [
            "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Kruispunt-Notice",
            "Content-Language", "Content-Type", "MIME-Version",
        ]
    )  # fmt: skip
    for part in message.walk():
        assert not part.defects


def test_no_line_is_longer_than_smtp_allows() -> None:
    notice = example.for_citizen("nl")
    long = replace(notice, profile=replace(notice.profile, name="Wolfeschlegelstein" * 12))
    assert max(len(line) for line in render_mail(long, SENDER).split(b"\r\n")) <= 998
