"""A mail server that tests script answers, where it has no script, what the inbox of a stack answers."""

import smtplib
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backbone.settings import Settings
from backbone.stack.places import Places
from notifier.mail.replies import MailOutcome
from notifier.mail.smtp import MailPool, OutgoingMail
from schemas.identifiers import derive
from tests.builders.scripted_mail import ScriptedServer

SENDER, ANNA, JORG = "no-reply@kruispunt.example", "anna@mail.example", "jörg@mail.example"
EXTENSIONS = {"8bitmime", "smtputf8", "size"}
Kept = Callable[[bytes], bytes]
"""The text with this mark, as the server has it."""


def unstuffed(said: bytes) -> bytes:
    """A text without the dots that its lines began with on the way, and without its end."""
    lines = said.removesuffix(b".\r\n").split(b"\r\n")
    return b"\r\n".join(line.removeprefix(b".") for line in lines)


@pytest.fixture(params=["fake", "real"])
def mail(request: pytest.FixtureRequest, servers: Settings) -> Iterator[tuple[Settings, Kept]]:
    """How a server is reached, and what it keeps; both encrypt with the certificate of the stack."""
    if request.param == "real":
        box = Path(servers.inbox)

        def delivered(mark: bytes) -> bytes:
            (content,) = (content for path in box.iterdir() if mark in (content := path.read_bytes()))
            return content[content.index(b"Subject:") :]

        yield servers, delivered
        return
    server = ScriptedServer(extensions=["STARTTLS"])
    server.extensions_after_tls = ["8BITMIME", "SMTPUTF8"]
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.tls.load_cert_chain(Places(servers.home).certificates / "server.pem")

    def heard(mark: bytes) -> bytes:
        (content,) = (unstuffed(text) for text in server.texts if mark in text)
        return content

    with server.listening():
        yield servers.model_copy(update={"smtp_port": server.port}), heard


@pytest.fixture
def client(mail: tuple[Settings, Kept]) -> Iterator[smtplib.SMTP]:
    """A conversation that has not begun."""
    settings, _ = mail
    with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=30) as client:
        yield client


@pytest.fixture
def encrypted(mail: tuple[Settings, Kept], client: smtplib.SMTP) -> smtplib.SMTP:
    """A conversation after STARTTLS, and what was offered before."""
    assert client.ehlo("here.example")[0] == 250
    assert client.has_extn("starttls")
    assert client.starttls(context=ssl.create_default_context(cafile=str(mail[0].smtp_ca)))[0] == 220
    assert client.ehlo("here.example")[0] == 250
    return client


def code(client: smtplib.SMTP, line: str) -> int:
    client.putcmd(line)
    return client.getreply()[0]


def test_what_is_offered_counts_after_the_encryption(encrypted: smtplib.SMTP) -> None:
    assert not encrypted.has_extn("starttls")
    assert encrypted.esmtp_features.keys() >= EXTENSIONS


def test_every_verb_is_answered_with_the_same_code(encrypted: smtplib.SMTP) -> None:
    codes = [(line, code(encrypted, line)) for line in (
        "NOOP", "FLY", "RCPT TO:<anna@mail.example>", "DATA", f"MAIL FROM:<{SENDER}>", f"MAIL FROM:<{SENDER}>", "DATA",
        f"RCPT TO:<{ANNA}>", f"RCPT TO:<b{ANNA}>", "RSET", "DATA", f"MAIL FROM:<{SENDER}>", "RSET", "HELO here.example",
        "QUIT",
    )]  # fmt: skip
    assert [answer for _, answer in codes] == [
        250, 500, 503, 503, 250, 503, 503, 250, 250, 250, 503, 250, 250, 250, 221,
    ], codes  # fmt: skip
    with pytest.raises(smtplib.SMTPServerDisconnected):
        encrypted.noop()


def test_a_text_is_taken_whole_and_the_conversation_goes_on(
    encrypted: smtplib.SMTP, mail: tuple[Settings, Kept]
) -> None:
    encrypted.command_encoding = "utf-8"
    for recipient in (ANNA, JORG):
        mark = derive("fake", str(mail[0].smtp_port), recipient)
        options = " SMTPUTF8 BODY=8BITMIME" if recipient == JORG else ""
        assert code(encrypted, f"MAIL FROM:<{SENDER}>{options}") == 250
        assert code(encrypted, f"RCPT TO:<{recipient}>") == 250
        text = f"Subject: {mark}\r\n\r\n.\r\n..dots\r\n.end\r\n".encode()
        assert encrypted.data(text)[0] == 250
        assert mail[1](mark.encode()) == text


def test_mails_are_handed_over_with_the_same_result(mail: tuple[Settings, Kept]) -> None:
    settings, kept = mail
    marks = [derive("fake pool", str(settings.smtp_port), name) for name in ("one", "two")]
    texts = [f"Subject: {mark}\r\n\r\n.hello\r\n".encode() for mark in marks]
    with MailPool(settings, connections=1) as pool:
        pool.check()
        found: list[Any] = pool.hand_over(
            [OutgoingMail(mark, to, text) for mark, to, text in zip(marks, (ANNA, JORG), texts, strict=True)]
        )
    assert [(result.notice, result.outcome) for result in found] == [(mark, MailOutcome.TAKEN) for mark in marks]
    assert [kept(mark.encode()) for mark in marks] == texts
