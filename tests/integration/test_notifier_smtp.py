"""What a mail server answers, and what is then known of the mail."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backbone.errors import Retry, Stop
from backbone.settings import Settings
from notifier.mail import smtp as mail
from notifier.mail.replies import MailOutcome
from notifier.mail.smtp import MailPool, OutgoingMail
from tests.builders.mail_server import Mailbox, free_port, listening


@pytest.fixture
def server() -> Mailbox:
    return Mailbox()


@pytest.fixture
def port(server: Mailbox) -> Iterator[int]:
    found = free_port()
    with listening(server, found):
        yield found


@pytest.fixture
def settings(port: int, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, smtp_host="127.0.0.1", smtp_port=port, smtp_tls="none")


Outcomes = Callable[..., dict[str, MailOutcome]]


@pytest.fixture
def hand_over(settings: Settings) -> Iterator[Outcomes]:
    with MailPool(settings, connections=3) as pool:

        def run(*recipients: str) -> dict[str, MailOutcome]:
            mails = [OutgoingMail(name, name, b"Subject: x\r\n\r\nx\r\n") for name in recipients]
            return {result.notice: result.outcome for result in pool.hand_over(mails)}

        yield run


def test_every_mail_of_a_group_is_taken_over_few_connections(server: Mailbox, hand_over: Outcomes) -> None:
    names = [f"p{number}@mail.example" for number in range(60)]
    assert hand_over(*names) == dict.fromkeys(names, MailOutcome.TAKEN)
    assert hand_over(*names) == dict.fromkeys(names, MailOutcome.TAKEN)
    assert sorted(server.taken) == sorted(names * 2)
    assert len(server.sessions) <= 3


def test_a_connection_is_renewed_after_so_many_mails(
    server: Mailbox, hand_over: Outcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "MAILS_PER_CONNECTION", 5)
    names = [f"p{number}@mail.example" for number in range(60)]
    assert set(hand_over(*names).values()) == {MailOutcome.TAKEN}
    assert sorted(server.taken) == sorted(names)
    assert len(server.sessions) >= 12


def test_one_refused_address_does_not_hold_up_the_others(server: Mailbox, hand_over: Outcomes) -> None:
    server.rcpt["gone@mail.example"] = "550 no such user"
    names = ["a@mail.example", "gone@mail.example", "b@mail.example", "c@mail.example"]
    outcomes = hand_over(*names)
    assert outcomes.pop("gone@mail.example") == MailOutcome.REFUSED
    assert set(outcomes.values()) == {MailOutcome.TAKEN}


@pytest.mark.parametrize("answer", ["450 mailbox busy", "421 come back later"])
def test_what_is_refused_for_now_may_be_tried_again(server: Mailbox, hand_over: Outcomes, answer: str) -> None:
    server.rcpt["a@mail.example"] = answer
    assert hand_over("a@mail.example", "b@mail.example") == {
        "a@mail.example": MailOutcome.PASSING,
        "b@mail.example": MailOutcome.TAKEN,
    }
    del server.rcpt["a@mail.example"]
    assert hand_over("a@mail.example") == {"a@mail.example": MailOutcome.TAKEN}


@pytest.mark.parametrize(
    ("answer", "outcome"), [("554 not this", MailOutcome.REFUSED), ("451 not now", MailOutcome.PASSING)]
)
def test_a_refusal_after_the_text_is_known_for_certain(
    server: Mailbox, hand_over: Outcomes, answer: str, outcome: MailOutcome
) -> None:
    server.data["a@mail.example"] = answer
    assert hand_over("a@mail.example") == {"a@mail.example": outcome}
    assert server.taken == []


def test_a_connection_that_dies_after_the_text_leaves_the_mail_in_doubt(server: Mailbox, hand_over: Outcomes) -> None:
    server.data["a@mail.example"] = None
    outcomes = hand_over("a@mail.example", "b@mail.example")
    assert outcomes == {"a@mail.example": MailOutcome.IN_DOUBT, "b@mail.example": MailOutcome.TAKEN}
    assert "a@mail.example" in server.taken


def test_a_server_that_refuses_our_sender_makes_no_letters(server: Mailbox, hand_over: Outcomes) -> None:
    server.sender = "550 not you"
    assert hand_over("a@mail.example") == {"a@mail.example": MailOutcome.PASSING}


def test_an_address_in_other_letters_is_offered_where_the_server_can_write_it(
    server: Mailbox, hand_over: Outcomes, tmp_path: Path
) -> None:
    name = "żółć@mail.example"
    assert hand_over(name) == {name: MailOutcome.TAKEN}
    port = free_port()
    with listening(server, port, enable_SMTPUTF8=False):
        settings = Settings(home=tmp_path, smtp_host="127.0.0.1", smtp_port=port, smtp_tls="none")
        with MailPool(settings) as pool:
            (result,) = pool.hand_over([OutgoingMail(name, name, b"x\r\n")])
    assert result.outcome == MailOutcome.REFUSED
    assert result.reason == "The mail server cannot write to an address that is not ASCII."
    assert server.taken == [name]


def test_a_server_that_is_not_there_is_found_out_before_anything_is_said(tmp_path: Path) -> None:
    nobody = Settings(home=tmp_path, smtp_host="127.0.0.1", smtp_port=free_port(), smtp_tls="none")
    with MailPool(nobody) as pool, pytest.raises(Retry):
        pool.check()


def test_a_server_that_closed_an_idle_connection_is_asked_first(
    server: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "IDLE_S", 0.0)
    port = free_port()
    settings = Settings(home=tmp_path, smtp_host="127.0.0.1", smtp_port=port, smtp_tls="none")
    with MailPool(settings, connections=1) as pool:
        for name in ("a@mail.example", "b@mail.example"):
            with listening(server, port):
                assert [result.outcome for result in pool.hand_over([OutgoingMail(name, name, b"x\r\n")])] == [
                    MailOutcome.TAKEN
                ]
    assert server.taken == ["a@mail.example", "b@mail.example"]


def test_a_server_without_the_encryption_we_insist_on_gets_nothing(server: Mailbox, settings: Settings) -> None:
    strict = settings.model_copy(update={"smtp_tls": "starttls"})
    with MailPool(strict) as pool:
        with pytest.raises((Retry, Stop)):
            pool.check()
        assert [result.outcome for result in pool.hand_over([OutgoingMail("n", "a@mail.example", b"x")])] == [
            MailOutcome.PASSING
        ]
    assert server.taken == []
