"""What is said to a mail server that answers oddly, byte for byte, and what is then known of the mail."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from backbone.errors import Stop
from backbone.settings import Settings
from backbone.stack.certificates import ensure
from backbone.stack.places import Places
from notifier.mail import replies
from notifier.mail import smtp as mail
from notifier.mail.replies import MailOutcome
from notifier.mail.smtp import MailPool, MailResult, OutgoingMail
from tests.builders.scripted_mail import ScriptedServer, answering, normally

CONTENT = b"Subject: x\r\n\r\nhello\r\n"


def settings_for(server: ScriptedServer, home: Path, tls: str = "none", ca: Path | None = None) -> Settings:
    return Settings(home=home, smtp_host="127.0.0.1", smtp_port=server.port, smtp_tls=tls, smtp_ca=ca)  # type: ignore[arg-type]


@pytest.fixture
def offer(tmp_path: Path) -> Callable[..., list[MailResult]]:
    """Hand over a mail to each of these recipients through one connection."""

    def run(server: ScriptedServer, *recipients: str, content: bytes = CONTENT) -> list[MailResult]:
        with server.listening(), MailPool(settings_for(server, tmp_path), connections=1) as pool:
            return pool.hand_over([OutgoingMail(name, name, content) for name in recipients or ("anna@mail.example",)])

    return run


Offer = Callable[..., list[MailResult]]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"250 2.0.0 queued\r\n", MailOutcome.TAKEN),
        (b"250-queued\r\n250 as 1\r\n", MailOutcome.TAKEN),
        (b"251 2.1.5 will forward\r\n", MailOutcome.TAKEN),
        (b"200\r\n", MailOutcome.TAKEN),
        (b"\r\n250 queued\r\n", MailOutcome.IN_DOUBT),
        (b"hello\r\n", MailOutcome.IN_DOUBT),
        (b"150 wait\r\n", MailOutcome.IN_DOUBT),
        (b"354 go on\r\n", MailOutcome.IN_DOUBT),
        (b"650 what\r\n", MailOutcome.IN_DOUBT),
        (b"25\r\n", MailOutcome.IN_DOUBT),
        (None, MailOutcome.IN_DOUBT),
        (b"451 4.3.0 not now\r\n", MailOutcome.PASSING),
        (b"421 4.3.2 closing\r\n", MailOutcome.PASSING),
        (b"552 5.2.2 full\r\n", MailOutcome.PASSING),
        (b"554 5.7.1 looks like spam\r\n", MailOutcome.PASSING),
        (b"550 5.1.1 unknown after all\r\n", MailOutcome.REFUSED),
    ],
)
def test_after_the_text_only_a_clear_no_means_that_the_mail_was_not_taken(
    offer: Offer, answer: bytes | None, outcome: MailOutcome
) -> None:
    server = ScriptedServer(answering({"TEXT": answer}))
    assert [result.outcome for result in offer(server)] == [outcome]
    assert server.texts == [CONTENT + b".\r\n"]


def test_what_an_odd_answer_leaves_behind_is_not_taken_for_the_answer_to_the_next_mail(offer: Offer) -> None:
    answers = iter([b"\r\n250 queued\r\n", b"451 not now\r\n", b"250 queued\r\n"])
    server = ScriptedServer(lambda verb, line: next(answers) if verb == "TEXT" else normally(verb, line))
    outcomes = [result.outcome for result in offer(server, "a@x.example", "b@x.example", "c@x.example")]
    assert outcomes == [MailOutcome.IN_DOUBT, MailOutcome.PASSING, MailOutcome.TAKEN]
    assert server.verbs().count("EHLO") == 2, "a new connection after the odd answer, the same one after the clear one"


@pytest.mark.parametrize(
    ("verb", "answer"), [("TEXT", b"150 wait\r\n"), ("DATA", b"250 OK\r\n"), ("RCPT", b"334 what\r\n")]
)
def test_nothing_more_is_said_to_a_server_that_answered_what_it_was_not_asked(
    offer: Offer, verb: str, answer: bytes
) -> None:
    server = ScriptedServer(answering({verb: answer}))
    offer(server, "a@x.example", "b@x.example")
    assert server.verbs().count("EHLO") == 2
    assert "RSET" not in server.verbs()


@pytest.mark.parametrize(
    "answer",
    [b"250 OK\r\n", b"hello\r\n", b"\r\n354 go on\r\n", b"451 later\r\n", b"554 no valid recipients\r\n", None],
)
def test_a_text_that_was_never_asked_for_is_never_in_doubt(offer: Offer, answer: bytes | None) -> None:
    server = ScriptedServer(answering({"DATA": answer}))
    assert [result.outcome for result in offer(server)] == [MailOutcome.PASSING]
    assert server.texts == []


@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
@pytest.mark.parametrize(
    "answer",
    [
        b"550 5.7.1 Relaying denied\r\n", b"530 5.7.0 Authentication required\r\n", b"503 5.5.1 bad sequence\r\n",
        b"552 too many recipients\r\n", b"550 relay not permitted\r\n", b"354 what\r\n", b"hello\r\n", None,
    ],
)  # fmt: skip
def test_a_server_that_lets_nobody_through_sends_nobody_a_letter(offer: Offer, verb: str, answer: bytes | None) -> None:
    server = ScriptedServer(answering({verb: answer}))
    assert {result.outcome for result in offer(server, "a@x.example", "b@x.example")} == {MailOutcome.PASSING}
    assert server.texts == []


def test_any_success_at_rcpt_is_one(offer: Offer) -> None:
    server = ScriptedServer(answering({"RCPT": b"252 cannot verify, will try\r\n"}))
    assert [result.outcome for result in offer(server)] == [MailOutcome.TAKEN]


def test_the_first_mail_on_a_connection_may_need_an_extension(offer: Offer) -> None:
    server = ScriptedServer()
    results = offer(server, "jörg@mail.example", "anna@mail.example", "jörg@bücher.example")
    assert [result.outcome for result in results] == [MailOutcome.TAKEN] * 3
    mails = [line for line in server.said if line.startswith(("MAIL", "RCPT"))]
    assert mails == [
        "MAIL FROM:<no-reply@kruispunt.example> SMTPUTF8 BODY=8BITMIME", "RCPT TO:<jörg@mail.example>",
        "MAIL FROM:<no-reply@kruispunt.example>", "RCPT TO:<anna@mail.example>",
        "MAIL FROM:<no-reply@kruispunt.example> SMTPUTF8 BODY=8BITMIME", "RCPT TO:<jörg@xn--bcher-kva.example>",
    ]  # fmt: skip


def test_a_domain_in_another_script_needs_no_extension(offer: Offer) -> None:
    server = ScriptedServer(extensions=())
    assert [result.outcome for result in offer(server, "jan@bücher.example")] == [MailOutcome.TAKEN]
    assert server.said[1:3] == ["MAIL FROM:<no-reply@kruispunt.example>", "RCPT TO:<jan@xn--bcher-kva.example>"]


def test_an_extension_in_the_line_where_the_name_belongs_is_one(offer: Offer) -> None:
    server = ScriptedServer(answering({"EHLO": b"250-SMTPUTF8\r\n250 SIZE\r\n"}))
    assert [result.outcome for result in offer(server, "jörg@mail.example")] == [MailOutcome.TAKEN]


def test_a_server_that_knows_only_helo_takes_what_is_ascii(offer: Offer) -> None:
    server = ScriptedServer(answering({"EHLO": b"502 what?\r\n"}))
    results = offer(server, "anna@mail.example", "jörg@mail.example", "jan@bücher.example")
    assert [result.outcome for result in results] == [MailOutcome.TAKEN, MailOutcome.REFUSED, MailOutcome.TAKEN]
    assert results[1].reason == "The mail server cannot write to an address that is not ASCII."
    assert server.verbs()[:3] == ["EHLO", "HELO", "MAIL"]


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [([], ["SMTPUTF8"], MailOutcome.TAKEN), (["SMTPUTF8"], [], MailOutcome.REFUSED)],
)
def test_only_what_the_server_offers_after_starttls_counts(
    tmp_path: Path, before: list[str], after: list[str], outcome: MailOutcome
) -> None:
    places = Places(tmp_path)
    places.certificates.mkdir(parents=True)
    ensure(places)
    server = ScriptedServer(extensions=["STARTTLS", *before])
    server.extensions_after_tls = after
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.tls.load_cert_chain(places.certificates / "server.pem")
    with server.listening(), MailPool(settings_for(server, tmp_path, "starttls", places.ca), connections=1) as pool:
        (result,) = pool.hand_over([OutgoingMail("n", "jörg@mail.example", CONTENT)])
    assert result.outcome == outcome
    assert server.verbs()[:3] == ["EHLO", "STARTTLS", "EHLO"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b".\r\n..\r\na.b\r\n", b"..\r\n...\r\na.b\r\n.\r\n"),
        (b"a\n.b", b"a\r\n..b\r\n.\r\n"),
        (b"a\r.b\r\r\n", b"a\r\n..b\r\n\r\n.\r\n"),
    ],
)
def test_a_line_that_looks_like_the_end_of_the_text_is_not(offer: Offer, content: bytes, said: bytes) -> None:
    server = ScriptedServer()
    assert [result.outcome for result in offer(server, content=content)] == [MailOutcome.TAKEN]
    assert server.texts == [said]


@pytest.mark.parametrize("error", [KeyError("anna@mail.example"), MemoryError(), RecursionError(), ValueError("anna")])
@pytest.mark.parametrize(("moment", "outcome"), [("_offer", MailOutcome.PASSING), ("of_text", MailOutcome.IN_DOUBT)])
def test_whatever_goes_wrong_with_one_mail_the_results_of_the_others_are_kept(
    offer: Offer, monkeypatch: pytest.MonkeyPatch, error: Exception, moment: str, outcome: MailOutcome
) -> None:
    fails = iter([False, True, False, False])
    owner = mail.MailConnection if moment == "_offer" else replies
    real = getattr(owner, moment)

    def maybe(*arguments: object) -> object:
        if next(fails):
            raise error
        return real(*arguments)

    monkeypatch.setattr(owner, moment, maybe)
    server = ScriptedServer()
    results = offer(server, "a@x.example", "b@x.example", "c@x.example", "d@x.example")
    assert [result.outcome for result in results] == [MailOutcome.TAKEN, outcome, MailOutcome.TAKEN, MailOutcome.TAKEN]
    assert results[1].reason == f"It could not be handed over ({type(error).__name__})."


def test_a_server_that_no_longer_reads_leaves_no_connection_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "TIMEOUT_S", 0.5)
    parted, ended = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            session, _ = listener.accept()
            with session:
                session.sendall(b"220 mail.example ESMTP\r\n")
                for answer in (b"250 hello\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n"):
                    session.recv(1000)
                    session.sendall(answer)
                parted.wait(10)
                session.settimeout(2)
                with suppress(TimeoutError):
                    while session.recv(1_000_000):
                        pass
                    ended.set()

        thread = threading.Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        with MailPool(Settings(home=tmp_path, smtp_host="127.0.0.1", smtp_port=port, smtp_tls="none"), 1) as pool:
            (result,) = pool.hand_over([OutgoingMail("n", "anna@mail.example", b"x" * 20_000_000)])
        parted.set()
        thread.join(10)
    assert result.outcome is MailOutcome.IN_DOUBT
    assert ended.is_set()


@pytest.mark.parametrize("address", ["", "anna", "no-reply@[k.example", "nö@k.example"])
def test_a_sender_that_cannot_be_written_is_refused_at_the_start_and_sends_nobody_a_letter(
    tmp_path: Path, address: str
) -> None:
    with pytest.raises(Stop, match="smtp_from"):
        MailPool(Settings(home=tmp_path, smtp_tls="none", smtp_from=address))


def test_a_pool_tells_when_the_server_takes_nothing(tmp_path: Path) -> None:
    server = ScriptedServer(answering({"RCPT": b"550 5.7.1 no\r\n"}))
    with server.listening(), MailPool(settings_for(server, tmp_path), connections=1) as pool:
        for answer, refusing in [
            (b"550 5.7.1 Relaying denied\r\n", True), (b"550 5.1.1 unknown\r\n", False),
            (b"452 4.3.1 no room\r\n", True), (b"250 OK\r\n", False),
        ]:  # fmt: skip
            server.answer = answering({"RCPT": answer})
            pool.hand_over([OutgoingMail("n", "anna@mail.example", CONTENT)])
            assert pool.refusing is refusing
