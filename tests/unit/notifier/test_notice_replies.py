"""What a mail server answers, and what is then known of the mail."""

import pytest

from notifier.mail.replies import MailOutcome, Reply, of_recipient, of_text

ABOUT_THE_RECIPIENT = [
    "550 no such user",
    "550 5.1.1 User unknown",
    "550-5.1.1 The account does not exist\n550 5.1.1 Check it",
    "550 5.1.2 Bad destination system",
    "501 5.1.3 Bad recipient address syntax",
    "553 5.1.3 Not an address",
    "551 User not local",
    "553 mailbox name not allowed",
    "556 this domain takes no mail",
    "556 5.1.10 Recipient address has null MX",
    "550 5.1.6 Moved, no forwarding address",
    "550 5.2.1 Mailbox disabled",
    "553 5.6.7 An address that is not ASCII is not permitted here",
    "550 #5.1.0 Address rejected",
    "554 5.1.1 Unknown user",
    "550 5.0.0 rejected",
    "550 <relay@mail.example>: nobody here has that name",
    "550 no user authentication@mail.example here",
]
ABOUT_US_OR_THE_MOMENT = [
    "550 5.7.1 Relaying denied",
    "554 5.7.1 <anna@mail.example>: Relay access denied",
    "550 relay not permitted",
    "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
    "553 sorry, that domain isn't in my list of allowed rcpthosts",
    "550 authentication required",
    "530 5.7.0 Authentication required",
    "530 Authentication required",
    "535 5.7.8 Credentials invalid",
    "550 5.7.13 Account disabled",
    "550 5.7.26 Not authenticated by SPF or DKIM",
    "571 Blocked",
    "503 5.5.1 Bad sequence",
    "503 RCPT before MAIL",
    "500 What?",
    "501 Syntax",
    "502 Not implemented",
    "504 Parameter not implemented",
    "521 This host takes no mail",
    "555 Parameter not recognised",
    "552 too many recipients",
    "552 5.2.2 Mailbox full",
    "550 5.2.2 Mailbox full",
    "552 5.3.4 Message too big",
    "550 5.3.2 System not accepting messages",
    "550 5.4.4 Unable to route",
    "550 5.1.8 Sender's domain unknown",
    "550 5.1.7 Sender's address is wrong",
    "450 Mailbox busy",
    "450 4.2.0 Greylisted",
    "451 Local error",
    "452 4.5.3 Too many recipients",
    "421 4.3.2 Shutting down",
    "450 5.1.1 a permanent word under a passing code",
    "550 4.7.1 a passing word under a permanent code",
]


def reply(line: str) -> Reply:
    """As aiosmtplib gives it: the code once, the texts of all lines."""
    return Reply(int(line[:3]), "\n".join(part[4:] for part in line.split("\n")))


@pytest.mark.parametrize("line", ABOUT_THE_RECIPIENT)
def test_only_a_reply_about_the_recipient_refuses_the_recipient(line: str) -> None:
    assert of_recipient(reply(line)) is MailOutcome.REFUSED
    assert of_text(reply(line)) is MailOutcome.REFUSED


@pytest.mark.parametrize("line", ABOUT_US_OR_THE_MOMENT)
def test_a_reply_about_us_the_server_or_the_moment_passes(line: str) -> None:
    assert of_recipient(reply(line)) is MailOutcome.PASSING
    assert of_text(reply(line)) is MailOutcome.PASSING


def test_a_bare_554_is_a_no_to_this_mail_only_once_recipient_and_text_are_known() -> None:
    assert of_recipient(reply("554 no valid recipients")) is MailOutcome.PASSING
    assert of_text(reply("554 not this")) is MailOutcome.REFUSED
    assert of_text(reply("554 5.7.1 looks like spam")) is MailOutcome.PASSING
    assert of_text(reply("554 5.6.0 cannot be read")) is MailOutcome.PASSING


@pytest.mark.parametrize("code", range(-1, 1000))
def test_after_the_text_only_a_clear_no_means_not_taken(code: int) -> None:
    outcome = of_text(Reply(code, "words"))
    if 200 <= code < 300:
        assert outcome is MailOutcome.TAKEN
    elif 400 <= code < 600:
        assert outcome in (MailOutcome.PASSING, MailOutcome.REFUSED)
    else:
        assert outcome is MailOutcome.IN_DOUBT


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("550 5.1.1 anna@mail.example is unknown", "550 5.1.1"),
        ("550 anna@mail.example is unknown", "550"),
        ("550 host 5.1.2.3 is blocked", "550"),
        ("550 5.1.2.3 is blocked", "550"),
        ("550 Exim 4.94.2 says no", "550"),
    ],
)
def test_the_ledger_gets_the_codes_and_no_word_of_the_server(line: str, codes: str) -> None:
    assert reply(line).codes == codes
